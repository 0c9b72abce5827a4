"""Loading image classification sets: the embedded digits, or any of TFDS."""

import difflib

import numpy as np

from _keras_sparse_common import prepared_sets
from keras_sparse._types import PathLike
from keras_sparse.image_dataset import ImageDataset

MEMORY_LIMIT = 2**31
SPLIT_SEED = 0


def load(
    name: str,
    data_dir: PathLike | None = None,
    download: bool = False,
    image_size: int | tuple[int, int] | None = None,
    test_split: str | None = None,
    memory_limit: int = MEMORY_LIMIT,
) -> ImageDataset:
    """Loads an image classification set.

    Args:
        name: "digits", the 1,797 handwritten digits of 8 x 8 pixels inside
            scikit-learn (1,437 to train on, 360 to test on, always the same);
            or the name of a set in TensorFlow Datasets, as "mnist".
        data_dir: folder with prepared TensorFlow Datasets. None: what the
            environment variable TFDS_DATA_DIR says, else ~/tensorflow_datasets.
        download: bool, allow to download and prepare what is not there.
        image_size: int or (height, width), pixels to resize to. None: do not.
        test_split: str, the split to test on. None: "test", else "validation".
        memory_limit: int, bytes; `ImageDataset.batches` keeps a set in memory
            if its larger split takes no more, else it reads it from disk.

    Returns:
        `ImageDataset`.

    Raises:
        ValueError: for an unknown name or split, or a set that does not have
            images of one size with one class label each.
        FileNotFoundError: if the set is not in `data_dir`.

    Example:
        >>> digits = load("digits")
        >>> digits.image_shape, digits.num_classes, digits.num_train
        ((8, 8, 1), 10, 1437)
    """
    size = _check_image_size(image_size)
    if name == "digits":
        return _digits(size)
    import tensorflow_datasets as tfds

    with prepared_sets.quiet():
        builder = _prepared_builder(tfds, name, data_dir, download)
        image, label = prepared_sets.check_image_classes(name, builder.info)
        shape = _check_shape(name, tuple(image.shape), size)
        splits = _check_splits(name, builder.info.splits, test_split)
        data = builder.as_dataset(split=splits, as_supervised=True)
    stored = dict(zip(("train", "test"), data, strict=True))
    if size is not None:
        stored = {split: _resized(d, size) for split, d in stored.items()}
    names = label.names or map(str, range(label.num_classes))
    counts = [builder.info.splits[split].num_examples for split in splits]
    dtype = np.dtype(image.np_dtype)
    stored_bytes = max(counts) * int(np.prod(shape)) * dtype.itemsize
    return ImageDataset(
        name=name,
        image_shape=shape,
        num_classes=label.num_classes,
        num_train=counts[0],
        num_test=counts[1],
        class_names=tuple(names),
        stored=stored,
        scale=1.0 if dtype.kind == "f" else float(np.iinfo(dtype).max),
        in_memory=stored_bytes <= memory_limit,
    )


def _digits(size):
    import tensorflow as tf
    from sklearn.datasets import load_digits
    from sklearn.model_selection import train_test_split

    images, labels = load_digits(return_X_y=True)
    images = images.reshape(-1, 8, 8, 1).astype("uint8")
    x_train, x_test, y_train, y_test = train_test_split(
        images,
        labels.astype("int32"),
        test_size=360,
        stratify=labels,
        random_state=SPLIT_SEED,
    )
    stored = {
        "train": tf.data.Dataset.from_tensor_slices((x_train, y_train)),
        "test": tf.data.Dataset.from_tensor_slices((x_test, y_test)),
    }
    if size is not None:
        stored = {split: _resized(d, size) for split, d in stored.items()}
    return ImageDataset(
        name="digits",
        image_shape=(*(size or (8, 8)), 1),
        num_classes=10,
        num_train=len(x_train),
        num_test=len(x_test),
        class_names=tuple("0123456789"),
        stored=stored,
        scale=16.0,
    )


def _resized(data, size):
    import tensorflow as tf

    def resize(image, label):
        resized = tf.image.resize(image, size, antialias=True)
        if image.dtype.is_integer:
            resized = tf.round(resized)
        return tf.saturate_cast(resized, image.dtype), label

    return data.map(resize, tf.data.AUTOTUNE)


def _prepared_builder(tfds, name, data_dir, download):
    try:
        builder = tfds.builder(name, data_dir=data_dir)
    except tfds.core.DatasetNotFoundError:
        known = ["digits", *tfds.list_builders()]
        close = difflib.get_close_matches(name, known) or ["digits", "mnist"]
        raise ValueError(
            '`name` must be "digits" or a set of TensorFlow Datasets. '
            f"Received: name={name!r}. Close to it: {', '.join(close)}."
        ) from None
    if download:
        builder.download_and_prepare()
    if not builder.is_prepared():
        raise FileNotFoundError(
            f"`data_dir` must hold the prepared set {name!r}. Received: "
            f"data_dir={data_dir!r}; looked for {builder.data_path}. Pass the "
            "folder that has it (--data-dir), or allow `download=True`."
        )
    return builder


def _check_shape(name, shape, size):
    shape = (*(size or shape[:2]), *shape[2:])
    if None in shape:
        raise ValueError(
            "`image_size` must be given for a set whose images vary in size. "
            f"Received: name={name!r} with images of shape {shape}. Pass "
            "image_size=(height, width) to resize them."
        )
    return shape


def _check_splits(name, splits, test_split):
    if test_split is None:
        test_split = "test" if "test" in splits else "validation"
    if "train" not in splits or test_split not in splits:
        raise ValueError(
            f"`test_split` must be a split of {name!r} beside train. Received: "
            f"test_split={test_split!r}. There are: {sorted(splits)}."
        )
    return ["train", test_split]


def _check_image_size(image_size):
    if image_size is None:
        return None
    size = (image_size,) * 2 if isinstance(image_size, int) else image_size
    pair = isinstance(size, (tuple, list)) and len(size) == 2
    if not pair or not all(isinstance(n, int) and n > 0 for n in size):
        raise ValueError(
            "`image_size` must be a number of pixels, or (height, width). "
            f"Received: image_size={image_size!r}. Pass for example 32."
        )
    return tuple(size)
