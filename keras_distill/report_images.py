"""The images that a report shows."""

import numpy as np
from keras import ops


def find_images(x, images, count):
    """Images as floats in [0, 1], or None where there are none to show.

    Whole numbers are taken to be 0 to 255. Floats outside [0, 1], such as
    standardised pixels, are scaled so that the smallest is black.

    Args:
        x: what the model takes.
        images: array of shape (count, height, width) or (..., 1 or 3), or
            None: `x`, where it has such a shape.
        count: int, number of examples.

    Returns:
        float32 array of shape (count, height, width, 1 or 3), or None.

    Raises:
        ValueError: `images` of another shape or length, or not finite.

    Example:
        >>> from keras_distill.report_images import find_images
        >>> find_images(np.ones((5, 8, 8)), None, 5).shape
        (5, 8, 8, 1)
        >>> find_images(np.ones((5, 8)), None, 5) is None
        True
    """
    given = images is not None
    array = images if given else x
    if not given and isinstance(array, (dict, list, tuple)):
        return None
    array = np.asarray(ops.convert_to_numpy(array))
    array = array[..., None] if array.ndim == 3 else array
    fits = array.ndim == 4 and array.shape[-1] in (1, 3)
    if not given and not fits:
        return None
    if not fits or len(array) != count or not array.size:
        raise ValueError(
            "`images` must have the shape (examples, height, width) or "
            f"(examples, height, width, 1 or 3), with {count} examples. "
            f"Received: shape {np.shape(images)}."
        )
    return _in_range(array)


def _in_range(images):
    if images.dtype.kind in "ui":
        return np.clip(images / np.float32(255), 0, 1).astype("float32")
    images = images.astype("float32")
    if not np.isfinite(images).all():
        raise ValueError(
            "Images must be finite numbers. Received: "
            f"{np.count_nonzero(~np.isfinite(images))} that are not."
        )
    low, high = images.min(), images.max()
    if low >= 0 and high <= 1:
        return images
    return (images - low) / max(high - low, np.float32(1e-12))
