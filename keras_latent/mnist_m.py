"""Digits on coloured backgrounds: the target domain called MNIST-M."""

import numbers
from typing import Any

import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import ArrayLike, Range
from keras_latent.backgrounds import (
    check_backgrounds,
    color_noise,
    random_patches,
)
from keras_latent.image_arrays import check_images, like, to_float

CONTRAST = 0.9
BRIGHTNESS = (0.0, 0.45)
_CHUNK = 2048


def blend(digits, patches):
    """The difference of digits and backgrounds: |patch - digit| per channel.

    Args:
        digits: float array (n, height, width, 1) in [0, 1].
        patches: float array (n, height, width, 3) in [0, 1].

    Returns:
        Float array like `patches`.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2.4.
    """
    return np.abs(patches - digits)


def make_mnist_m(
    digits: ArrayLike,
    backgrounds: Any = None,
    seed: int = 0,
    contrast: float | None = None,
    brightness: Range | None = None,
    binary: bool = False,
    start: int = 0,
) -> np.ndarray:
    """Puts gray digits on coloured backgrounds, as MNIST-M does.

    Image number i depends only on digit i, `seed` and i. So a set can be made
    part by part, and equal arguments give equal images.

    Args:
        digits: uint8 array, or float array in [0, 1], of shape (n, height,
            width) or (n, height, width, 1).
        backgrounds: array or list of images, of any sizes from that of a
            digit, gray or coloured, uint8 or float in [0, 1]: each digit gets
            a random patch. None: patches of smooth coloured noise, made here.
        seed: int from 0.
        contrast: number from 0, of the noise. None: 0.9, mild enough that a
            network trained on plain digits still reads about half of these.
        brightness: (low, high) in [0, 1], range of the mean of a channel of
            the noise. None: (0.0, 0.45).
        binary: bool, make each pixel above 0 white first.
        start: int from 0, number of the first digit, for sets made in parts.

    Returns:
        Array (n, height, width, 3): uint8 where the digits are, else float32
        in [0, 1].

    Raises:
        ValueError: an argument out of range; `contrast` or `brightness` with
            `backgrounds`, which have their own.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2.4.
    Differs from the authors' set: patches come from the images given, or from
        noise, not from the photographs of BSDS500.

    Example:
        >>> import keras_latent as kl
        >>> digits, labels = kl.datasets.load("digits")
        >>> kl.datasets.make_mnist_m(digits).shape
        (1437, 8, 8, 3)
    """
    digits = check_images("digits", digits)
    if digits.shape[-1] != 1:
        raise ValueError(
            "`digits` must be gray, of 1 channel. Received: shape "
            f"{digits.shape}. Use `kl.datasets.convert_channels(digits, 1)`."
        )
    check_count("seed", seed, 0)
    check_count("start", start, 0)
    size = digits.shape[1:3]
    if backgrounds is None:
        noise = _noise(contrast, brightness)
    else:
        _refuse_noise(contrast, brightness)
        backgrounds = check_backgrounds(backgrounds, size)
    images = np.empty((*digits.shape[:3], 3), digits.dtype)
    if digits.dtype != np.uint8:
        images = images.astype("float32")
    for first in range(0, len(digits), _CHUNK):
        part = digits[first : first + _CHUNK]
        numbered = range(start + first, start + first + len(part))
        generators = [np.random.default_rng([seed, i]) for i in numbered]
        if backgrounds is None:
            patches = color_noise(generators, size, *noise)
        else:
            patches = random_patches(generators, size, backgrounds)
        part = (part > 0).astype("float32") if binary else to_float(part)
        images[first : first + _CHUNK] = like(
            blend(part, patches), images.dtype
        )
    return images


def _noise(contrast, brightness):
    contrast = CONTRAST if contrast is None else contrast
    brightness = BRIGHTNESS if brightness is None else brightness
    check_number("contrast", contrast)
    pair = isinstance(brightness, (tuple, list)) and len(brightness) == 2
    real = pair and all(isinstance(v, numbers.Real) for v in brightness)
    if not real or not 0 <= brightness[0] <= brightness[1] <= 1:
        raise ValueError(
            "`brightness` must be (low, high) with 0 <= low <= high <= 1. "
            f"Received: brightness={brightness!r}. (0.0, 0.45) is the default."
        )
    return contrast, brightness


def _refuse_noise(contrast, brightness):
    given = {"contrast": contrast, "brightness": brightness}
    names = [name for name, value in given.items() if value is not None]
    if names:
        raise ValueError(
            f"`{names[0]}` must be left out where `backgrounds` are given: it "
            f"belongs to the noise. Received: {names[0]}={given[names[0]]!r}. "
            "Change the backgrounds themselves."
        )
