"""Image sets as arrays in one common form, so that two domains meet."""

from typing import Literal

import numpy as np

from _keras_sparse_common.arguments import check_choice
from keras_latent._types import PathLike
from keras_latent.image_arrays import (
    DTYPES,
    check_image_size,
    check_images,
    convert_channels,
    like,
    resize_images,
    to_float,
)
from keras_latent.image_files import SPLITS, npz_path, read_npz, read_tfds
from keras_latent.mnist_m import make_mnist_m

__all__ = [
    "convert_channels",
    "load",
    "make_mnist_m",
    "origin",
    "resize_images",
]

SPLIT_SEED = 0
_ON_BACKGROUNDS = "_m"
# The backgrounds of a test split are not those of the training split.
_BACKGROUND_SEEDS = {"train": 0, "test": 1}


def load(
    name: str,
    data_dir: PathLike | None = None,
    split: str = "train",
    image_size: int | tuple[int, int] | None = None,
    channels: Literal[1, 3] | None = None,
    dtype: Literal["float32", "uint8"] = "float32",
) -> tuple[np.ndarray, np.ndarray]:
    """Loads one split of an image classification set into memory.

    Args:
        name: str, the first of these that there is:
            "digits", the 1,797 handwritten digits of 8 x 8 pixels inside
            scikit-learn (1,437 to train on, 360 to test on);
            the path of a .npz file, or the name of one in `data_dir` ("usps"
            for usps.npz), with x_train, y_train, x_test, y_test;
            the name of a set in TensorFlow Datasets, as "mnist";
            such a name with "_m" behind: its digits on coloured noise, as
            "mnist_m" and "digits_m" (`make_mnist_m` with its defaults).
        data_dir: folder with .npz files or with prepared TensorFlow Datasets.
            None: for the latter, what the environment variable TFDS_DATA_DIR
            says, else ~/tensorflow_datasets.
        split: "train", "test", or another split that TFDS knows, as
            "train[:1000]".
        image_size: int or (height, width), pixels to resize to. None: do not.
        channels: 1 or 3, to make images gray or coloured. None: do not.
        dtype: "float32" for values in [0, 1], or "uint8".

    Returns:
        tuple (images, labels): array (n, height, width, channels), and int32
        array (n,).

    Raises:
        ValueError: unknown name or split, or no images with one label each.
        FileNotFoundError: the set is not in `data_dir`.

    Example:
        >>> import keras_latent as kl
        >>> images, labels = kl.datasets.load("digits", split="test")
        >>> images.shape, images.dtype, float(images.max())
        ((360, 8, 8, 1), dtype('float32'), 1.0)
    """
    check_choice("dtype", dtype, DTYPES)
    if channels is not None:
        check_choice("channels", channels, (1, 3))
    if image_size is not None:
        image_size = check_image_size(image_size)
    images, labels = _read(name, data_dir, split, image_size)
    images = check_images("images", images)
    if image_size is not None:
        images = resize_images(images, image_size)
    if channels is not None:
        images = convert_channels(images, channels)
    if images.dtype != dtype:
        images = like(to_float(images), dtype)
    return images, labels


def origin(name: str, data_dir: PathLike | None = None) -> str:
    """Says where `load` takes a set from, in a few words.

    Args:
        name, data_dir: as in `load`.

    Returns:
        str.

    Raises:
        ValueError: `name` is no text, or empty.

    Example:
        >>> import keras_latent as kl
        >>> kl.datasets.origin("digits_m")
        'digits of scikit-learn, on coloured noise'
    """
    _check_name(name)
    if name == "digits":
        return "digits of scikit-learn"
    path = npz_path(name, data_dir)
    if path is not None:
        return f"file {path.name}"
    if name.endswith(_ON_BACKGROUNDS):
        base = name[: -len(_ON_BACKGROUNDS)]
        return f"{origin(base, data_dir)}, on coloured noise"
    return f"{name} of TensorFlow Datasets"


def _read(name, data_dir, split, image_size):
    _check_name(name)
    if name == "digits":
        return _digits(split)
    path = npz_path(name, data_dir)
    if path is not None:
        return read_npz(path, split)
    if name.endswith(_ON_BACKGROUNDS):
        base = name[: -len(_ON_BACKGROUNDS)]
        digits, labels = _read(base, data_dir, split, image_size)
        # Resized before: at the size of the result the noise is smooth.
        if image_size is not None:
            digits = resize_images(digits, image_size)
        seed = _BACKGROUND_SEEDS.get(split.split("[")[0], 2)
        return make_mnist_m(digits, seed=seed), labels

    def convert(images):
        return (
            images if image_size is None else resize_images(images, image_size)
        )

    return read_tfds(name, data_dir, split, convert)


def _digits(split):
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    check_choice("split", split, SPLITS)
    images, labels = load_digits(return_X_y=True)
    # 17 gray values, 0 to 16; 255 / 16 apart as in an 8-bit picture.
    images = np.rint(images.reshape(-1, 8, 8, 1) * (255 / 16)).astype("uint8")
    parts = train_test_split(
        images,
        labels.astype("int32"),
        test_size=360,
        stratify=labels,
        random_state=SPLIT_SEED,
    )
    index = SPLITS.index(split)
    return parts[index], parts[2 + index]


def _check_name(name):
    if not isinstance(name, str) or not name:
        raise ValueError(
            '`name` must be the name of a set, as "digits" or "mnist". '
            f"Received: name={name!r}."
        )
