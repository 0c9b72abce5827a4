"""Checks of the data of two domains."""

import numpy as np
import tensorflow as tf


def is_dataset(data):
    """Whether `data` is a `tf.data.Dataset`."""
    return isinstance(data, tf.data.Dataset)


def check_arrays(source, target):
    """Raises unless two domains of arrays can be trained on side by side.

    Args:
        source: tuple (images, labels) or (images, labels, sample weights).
        target: array of images.

    Returns:
        (source, target) as numpy arrays, the source a tuple.

    Raises:
        ValueError: see `pair`.
    """
    if not isinstance(source, (tuple, list)) or len(source) not in (2, 3):
        raise ValueError(
            "`source` must be a tuple (images, labels) or (images, labels, "
            f"sample weights). Received: {_describe(source)}."
        )
    if isinstance(target, (tuple, list, dict)):
        raise ValueError(
            "`target` must be one array of images: its labels are not used. "
            f"Received: {_describe(target)}. Give the images alone; labels "
            "of the target go into `validation_data`."
        )
    arrays, target = [np.asarray(each) for each in source], np.asarray(target)
    counts = [array.shape[0] if array.ndim else 0 for array in arrays]
    if len(set(counts)) > 1:
        raise ValueError(
            "`source` must have as many labels (and weights) as images. "
            f"Received: {counts} rows."
        )
    for name, images in (("source", arrays[0]), ("target", target)):
        if images.ndim < 2 or not len(images):
            raise ValueError(
                f"`{name}` must hold at least one image, in an array of shape "
                f"(images, ...). Received: shape {images.shape}."
            )
        if not _all_finite(images):
            raise ValueError(
                f"`{name}` images must be finite. Received: NaN or infinity "
                f"in {_count_bad(images)} of {len(images)} images. Drop or "
                "repair them."
            )
    check_same_images(
        (arrays[0].shape[1:], arrays[0].dtype), (target.shape[1:], target.dtype)
    )
    return tuple(arrays), target


def check_same_images(source, target):
    """Raises unless both (shape, dtype) of one image are equal."""
    if tuple(source[0]) != tuple(target[0]) or source[1] != target[1]:
        words = [f"{tuple(shape)} {dtype}" for shape, dtype in (source, target)]
        raise ValueError(
            "`source` and `target` must have images of one shape and dtype. "
            f"Received: {words[0]} and {words[1]}. Resize one of them, repeat "
            "the channel of gray images, or convert with `astype`."
        )


def check_datasets(source, target, given):
    """Raises unless two data sets can be zipped into pairs.

    Args:
        source: `tf.data.Dataset` of (images, labels, ...).
        target: `tf.data.Dataset` of images.
        given: dict name -> value of arguments that hold for arrays only.

    Raises:
        ValueError: see `pair`.
    """
    for name, data in (("source", source), ("target", target)):
        if not is_dataset(data):
            raise ValueError(
                "`source` and `target` must both be arrays or both be "
                f"`tf.data.Dataset`. Received: `{name}` as "
                f"{_describe(data)}. Make it one: "
                "`tf.data.Dataset.from_tensor_slices(...).batch(...)`."
            )
        if int(data.cardinality()) == 0:
            raise ValueError(
                f"`{name}` must not be empty. Received: 0 batches."
            )
    extra = {name: value for name, value in given.items() if value is not None}
    if extra:
        raise ValueError(
            "Data sets bring their own batches and order. "
            f"Received: {', '.join(f'`{k}`={v!r}' for k, v in extra.items())}. "
            "Leave it out; call `shuffle` and `batch` of the data set."
        )
    element = source.element_spec
    if not isinstance(element, tuple) or len(element) not in (2, 3):
        raise ValueError(
            "`source` must be a data set of (images, labels) or (images, "
            f"labels, sample weights). Received: elements {element}."
        )
    if not isinstance(target.element_spec, tf.TensorSpec):
        raise ValueError(
            "`target` must be a data set of images alone. Received: elements "
            f"{target.element_spec}. Take the images: "
            "`target.map(lambda images, labels: images)`."
        )
    check_same_images(_image(element[0]), _image(target.element_spec))


def _image(spec):
    shape = spec.shape[1:] if spec.shape.rank else spec.shape
    return tuple(shape), spec.dtype.name


def _all_finite(images):
    # By the sum, which takes no memory; a sum may overflow, so look then.
    if not np.issubdtype(images.dtype, np.floating):
        return True
    return bool(np.isfinite(images.sum())) or not _count_bad(images)


def _count_bad(images):
    return sum(not np.isfinite(image).all() for image in images)


def _describe(value):
    if hasattr(value, "shape"):
        return f"an array of shape {tuple(value.shape)}"
    if isinstance(value, (tuple, list)):
        return f"a {type(value).__name__} of {len(value)}"
    return f"an object of type {type(value).__name__}"
