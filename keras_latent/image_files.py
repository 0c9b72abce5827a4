"""Reads image classification sets from disk: .npz files, prepared TFDS."""

import difflib
import pathlib

import numpy as np

from _keras_sparse_common import prepared_sets
from _keras_sparse_common.arguments import check_choice
from _keras_sparse_common.array_files import read_arrays

SPLITS = ("train", "test")


def npz_path(name, data_dir):
    """Path of the .npz file of a set, or None where there is none.

    Args:
        name: str, name of the set or path of a .npz file.
        data_dir: folder that may hold `<name>.npz`, or None.
    """
    if name.endswith(".npz"):
        return pathlib.Path(name)
    if data_dir is None:
        return None
    path = pathlib.Path(data_dir) / f"{name}.npz"
    return path if path.is_file() else None


def read_npz(path, split):
    """Reads a split of a .npz file.

    Args:
        path: path of a file with the arrays x_train, y_train, x_test, y_test:
            images, and integer labels of shape (n,).
        split: "train" or "test".

    Returns:
        tuple (images, labels), as they are stored.

    Raises:
        FileNotFoundError: there is no such file.
        ValueError: another split; arrays that are not there or do not match.
    """
    check_choice("split", split, SPLITS)
    if not pathlib.Path(path).is_file():
        raise FileNotFoundError(
            "`name` must be the path of a .npz file that is there. Received: "
            f"{str(path)!r}. Check the path."
        )
    keys = f"x_{split}", f"y_{split}"
    try:
        stored = read_arrays(path, keys)
        images, labels = (stored[key] for key in keys)
    except (KeyError, ValueError, OSError) as error:
        raise ValueError(
            f"`name` must be that of a .npz file with the arrays {keys[0]} and "
            f"{keys[1]}. Received: {str(path)!r} ({error}). Write it again "
            "with `numpy.savez`."
        ) from error
    matching = labels.shape == images.shape[:1]
    if not matching or labels.dtype.kind not in "iu":
        raise ValueError(
            f"`{keys[1]}` in {str(path)!r} must be one integer per image, "
            f"shape {images.shape[:1]}. Received: shape {labels.shape}, "
            f"dtype {labels.dtype}."
        )
    return images, labels.astype("int32")


def read_tfds(name, data_dir, split, convert):
    """Reads a split of an image set that TensorFlow Datasets prepared.

    Args:
        name: str, name of the set there.
        data_dir: folder of prepared sets. None: what the environment variable
            TFDS_DATA_DIR says, else ~/tensorflow_datasets.
        split: str, a split of the set, also of the form "train[:1000]".
        convert: function of (k, height, width, channels) uint8 images; sets
            whose images vary in size are read one image at a time.

    Returns:
        tuple (images, labels) of uint8 and int32 arrays, converted.

    Raises:
        ValueError: no such set or split, or not one image and one class label
            per example.
        FileNotFoundError: the set is not in `data_dir`.
    """
    import tensorflow_datasets as tfds

    with prepared_sets.quiet():
        builder = prepared_builder(tfds, name, data_dir)
        image, _ = prepared_sets.check_image_classes(name, builder.info)
        try:
            data = builder.as_dataset(split=split, as_supervised=True)
        except (ValueError, KeyError, AssertionError) as error:
            raise ValueError(
                f"`split` must be a split of {name!r}. Received: "
                f"split={split!r}. There are: {sorted(builder.info.splits)}."
            ) from error
        parts = [
            (convert(images), labels)
            for images, labels in data.batch(
                1 if None in image.shape else 1024
            ).as_numpy_iterator()
        ]
    if not parts:
        raise ValueError(
            f"`split` must hold an image. Received: split={split!r} of "
            f"{name!r}, which is empty."
        )
    if len({images.shape[1:] for images, _ in parts}) > 1:
        raise ValueError(
            "`image_size` must be given for a set whose images vary in size. "
            f"Received: name={name!r}. Pass image_size=(height, width)."
        )
    images, labels = zip(*parts, strict=True)
    return np.concatenate(images), np.concatenate(labels).astype("int32")


def prepared_builder(tfds, name, data_dir):
    """The builder of a set that is prepared; raises as `read_tfds`."""
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except (tfds.core.DatasetNotFoundError, ValueError):
        known = ["digits", *tfds.list_builders()]
        close = difflib.get_close_matches(name, known) or ["digits", "mnist"]
        raise ValueError(
            '`name` must be "digits", a set of TensorFlow Datasets, such a '
            'name with "_m" for digits on coloured backgrounds, or the name '
            "of a .npz file in `data_dir`. Received: "
            f"name={name!r}, data_dir={data_dir!r}. Close to it: "
            f"{', '.join(close)}."
        ) from None
    if not builder.is_prepared():
        raise FileNotFoundError(
            f"`data_dir` must hold the prepared set {name!r}. Received: "
            f"data_dir={data_dir!r}; looked for {builder.data_path}. Pass the "
            "folder that has it."
        )
    return builder
