"""Masks that a segmenter gives: whole numbers, 0 for the background."""

import keras
import numpy as np

from keras_latent.frozen_networks import call_frozen

MOST = 4096  # labels; larger numbers are no labels but, say, an image


def segment(segmenter, images):
    """Masks of a batch of images, checked.

    Args:
        segmenter: Keras model or function of images, to whole numbers (images,
            height, width), or (images, height, width, categories) where a
            pixel has a label in each of several categories. 0 is background.
        images: float32 array (images, height, width, channels).

    Returns:
        int32 array (images, height, width, categories).

    Raises:
        ValueError: masks that are not whole numbers from 0, or of another
            shape.

    Example:
        >>> from keras_latent.segment_masks import segment
        >>> images = np.ones((2, 4, 4, 1))
        >>> segment(lambda x: x[..., 0] > 0, images).shape
        (2, 4, 4, 1)
    """
    check_segmenter(segmenter)
    masks = call_frozen(segmenter, images)
    if masks.dtype.kind not in "iub":
        raise ValueError(
            "`segmenter` must give masks of whole numbers. Received: dtype "
            f"{masks.dtype}. Probabilities become masks by "
            "`keras.ops.argmax(probabilities, -1)`, with background first."
        )
    if masks.ndim not in (3, 4) or len(masks) != len(images):
        raise ValueError(
            "`segmenter` must give masks (images, height, width) or (images, "
            "height, width, categories). Received: shape "
            f"{masks.shape} for {len(images)} images."
        )
    if masks.size and not 0 <= masks.min() <= masks.max() < MOST:
        raise ValueError(
            f"`segmenter` must give labels from 0, less than {MOST}. Received: "
            f"{masks.min()} to {masks.max()}. 0 is the background; a label of "
            "pixels to ignore becomes 0."
        )
    masks = masks.astype("int32")
    return masks if masks.ndim == 4 else masks[..., None]


def check_segmenter(segmenter):
    """Raises unless a segmenter can be called."""
    if not callable(segmenter):
        raise ValueError(
            "`segmenter` must be a Keras model or a function of images. "
            f"Received: {type(segmenter).__name__}."
        )


def resize(maps, shape):
    """Maps at the size of masks, bilinear with the border continued.

    Args:
        maps: float32 array (images, height, width, units).
        shape: (height, width) of the masks.

    Returns:
        float32 array (images, *shape, units).

    Source: `upsample_grid` in `netdissect/dissection.py` of
        CSAILVision/gandissect.
    """
    if maps.shape[1:3] == tuple(shape):
        return np.asarray(maps)
    resized = keras.ops.image.resize(maps, shape, "bilinear")
    return keras.ops.convert_to_numpy(resized)


def grown(array, axis, size):
    """`array` with zeros at the end of an axis, so that it has `size`."""
    missing = size - array.shape[axis]
    if missing <= 0:
        return array
    margins = [(0, missing if k == axis else 0) for k in range(array.ndim)]
    return np.pad(array, margins)
