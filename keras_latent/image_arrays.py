"""Arrays of images: their range, size and channels, so that two sets meet."""

from typing import Literal

import numpy as np

from _keras_sparse_common.arguments import check_choice, check_count
from keras_latent._types import ArrayLike

DTYPES = ("float32", "uint8")
# Recommendation ITU-R BT.601: how bright red, green and blue look.
LUMINANCE = np.array([0.299, 0.587, 0.114], "float32")
_CHUNK = 2048


def check_images(name, images):
    """Raises unless `images` is a full array of images in a known range.

    Args:
        name: str, the argument to name.
        images: uint8 array, or float array in [0, 1], of shape (n, height,
            width, channels) with 1 or 3 channels, or (n, height, width).

    Returns:
        The same as an array with channels; values and dtype as they were.

    Raises:
        ValueError: another shape, dtype or range, or NaN.
    """
    images = np.asarray(images)
    shape = images.shape
    if images.ndim == 3:
        images = images[..., None]
    whole = images.ndim == 4 and images.size and images.shape[-1] in (1, 3)
    if not whole:
        raise ValueError(
            f"`{name}` must have shape (n, height, width), or (n, height, "
            "width, channels) with 1 or 3 channels, and hold an image. "
            f"Received: shape {shape}. Reshape it."
        )
    check_range(name, images)
    return images


def check_range(name, images):
    """Raises unless an array is uint8, or float in [0, 1] without NaN."""
    if images.dtype == np.uint8:
        return
    if images.dtype.kind != "f":
        raise ValueError(
            f"`{name}` must be uint8, or float in [0, 1]. Received: dtype "
            f"{images.dtype}. Use `.astype('uint8')`."
        )
    low, high = float(images.min()), float(images.max())
    if not (low >= 0.0 and high <= 1.0):
        raise ValueError(
            f"`{name}` must be in [0, 1] where it is float. Received: values "
            f"from {low:g} to {high:g}. Divide by 255, or pass uint8."
        )


def to_float(images):
    """uint8 images as float32 in [0, 1]; float images as float32."""
    if images.dtype == np.uint8:
        return images.astype("float32") / np.float32(255)
    return images.astype("float32")


def like(images, dtype):
    """Float images in [0, 1] as `dtype`, "float32" or "uint8" (rounded)."""
    if np.dtype(dtype) == np.uint8:
        return np.rint(images * np.float32(255)).astype("uint8")
    return images.astype("float32")


def resize_matrix(size, new_size):
    """The matrix that resizes a line of pixels, linearly and antialiased.

    Args:
        size: int, number of pixels.
        new_size: int, number of pixels wanted.

    Returns:
        float32 array (new_size, size); rows sum to 1. Each new pixel is a
        triangle-weighted mean around its place; the triangle is as wide as
        two pixels, or two new pixels where there are fewer of them.

    Example:
        >>> from keras_latent.image_arrays import resize_matrix
        >>> resize_matrix(2, 4)[:2]
        array([[1.  , 0.  ],
               [0.75, 0.25]], dtype=float32)
    """
    scale = size / new_size
    centres = (np.arange(new_size) + 0.5) * scale - 0.5
    distance = np.abs(centres[:, None] - np.arange(size)) / max(scale, 1.0)
    weights = np.maximum(1.0 - distance, 0.0)
    return (weights / weights.sum(1, keepdims=True)).astype("float32")


def resize_images(
    images: ArrayLike, image_size: int | tuple[int, int]
) -> np.ndarray:
    """Resizes images, linearly and antialiased.

    Args:
        images: uint8 or float array in [0, 1], (n, height, width, channels)
            or (n, height, width).
        image_size: int or (height, width), in pixels.

    Returns:
        Array of (n, height, width, channels): uint8 as it came, rounded, else
        float32.

    Raises:
        ValueError: an argument out of range.

    Differs from `tf.image.resize(antialias=True)`: uint8 stays uint8.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> image = np.zeros((1, 16, 16, 1), "uint8")
        >>> kl.datasets.resize_images(image, 28).shape
        (1, 28, 28, 1)
    """
    images = check_images("images", images)
    height, width = check_image_size(image_size)
    if (height, width) == images.shape[1:3]:
        return images
    rows = resize_matrix(images.shape[1], height)
    columns = resize_matrix(images.shape[2], width)
    dtype = "uint8" if images.dtype == np.uint8 else "float32"
    new = np.empty((len(images), height, width, images.shape[-1]), dtype)
    for start in range(0, len(images), _CHUNK):
        part = to_float(images[start : start + _CHUNK])
        part = np.einsum("hi,nijc->nhjc", rows, part, optimize=True)
        part = np.einsum("wj,nhjc->nhwc", columns, part, optimize=True)
        new[start : start + _CHUNK] = like(np.clip(part, 0, 1), dtype)
    return new


def convert_channels(images: ArrayLike, channels: Literal[1, 3]) -> np.ndarray:
    """Makes images gray or coloured.

    Args:
        images: uint8 or float array in [0, 1], (n, height, width, channels)
            or (n, height, width).
        channels: 1 or 3. Gray images are repeated, coloured ones become
            their luminance (0.299 red + 0.587 green + 0.114 blue).

    Returns:
        Array (n, height, width, channels), of the dtype of `images`.

    Raises:
        ValueError: an argument out of range.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> gray = np.ones((2, 8, 8, 1), "uint8")
        >>> kl.datasets.convert_channels(gray, 3).shape
        (2, 8, 8, 3)
    """
    images = check_images("images", images)
    check_choice("channels", channels, (1, 3))
    if images.shape[-1] == channels:
        return images
    if channels == 3:
        return np.repeat(images, 3, axis=-1)
    gray = images.astype("float32") @ LUMINANCE
    if images.dtype == np.uint8:
        gray = np.rint(gray)
    return gray[..., None].astype(images.dtype)


def check_image_size(image_size):
    """Raises unless `image_size` is pixels or (height, width); gives both."""
    pair = image_size
    if not isinstance(image_size, (tuple, list)):
        pair = (image_size, image_size)
    if len(pair) != 2:
        raise ValueError(
            "`image_size` must be a number of pixels, or (height, width). "
            f"Received: image_size={image_size!r}. Pass for example 28."
        )
    for pixels in pair:
        check_count("image_size", pixels)
    return tuple(int(pixels) for pixels in pair)
