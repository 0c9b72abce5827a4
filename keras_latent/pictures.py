"""Images as shades, side by side."""

import numpy as np


def image_limits(images):
    """The values to show as black and white.

    Args:
        images: array of images.

    Returns:
        (0, 255) for whole numbers; (0, 1) or (-1, 1) for floats inside these;
        else the smallest and largest value.

    Example:
        >>> from keras_latent.pictures import image_limits
        >>> image_limits(np.array([-0.5, 0.7])), image_limits(np.uint8([3]))
        ((-1.0, 1.0), (0.0, 255.0))
    """
    if images.dtype.kind in "ui":
        return 0.0, 255.0
    low, high = float(images.min()), float(images.max())
    if low >= -1 and high <= 1:
        return (0.0 if low >= 0 else -1.0), 1.0
    return low, high


def as_shades(images, limits):
    """Images as float RGB in [0, 1], whatever their range and channels.

    Args:
        images: array (..., height, width, 1 or 3).
        limits: (value of black, value of white); beyond them is cut.

    Returns:
        Float array (..., height, width, 3).
    """
    low, high = limits
    shades = (images.astype("float64") - low) / max(high - low, 1e-12)
    return np.broadcast_to(np.clip(shades, 0, 1), (*images.shape[:-1], 3))


def tile(cells, gap):
    """One picture of rows of images, with white between them.

    Args:
        cells: float array (rows, columns, height, width, 3) in [0, 1].
        gap: int from 0, pixels around each image.

    Returns:
        Float array (rows * (height + 2 gap), columns * (width + 2 gap), 3).

    Example:
        >>> from keras_latent.pictures import tile
        >>> tile(np.zeros((2, 3, 8, 6, 3)), gap=1).shape
        (20, 24, 3)
    """
    margins = ((0, 0), (0, 0), (gap, gap), (gap, gap), (0, 0))
    padded = np.pad(cells, margins, constant_values=1.0)
    rows, columns, height, width = padded.shape[:4]
    return padded.transpose(0, 2, 1, 3, 4).reshape(
        rows * height, columns * width, 3
    )
