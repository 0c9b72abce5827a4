"""Features of InceptionV3, where its weights can be had."""

import os

import keras
from keras import ops

from keras_latent._types import PathLike, Range
from keras_latent.feature_extractors import FeatureExtractor
from keras_latent.image_range import check_image_range

INCEPTION = "InceptionV3 (ImageNet)"
SIDE = 299  # pixels that InceptionV3 was trained on


def inception_features(
    image_range: Range, weights: PathLike = "imagenet"
) -> FeatureExtractor:
    """The 2048 features of InceptionV3, the usual ones of "FID" and "KID".

    Args:
        image_range: (low, high) that images are in.
        weights: "imagenet", downloaded by Keras once; or the path of a file
            of these weights without the top layer.

    Returns:
        `FeatureExtractor` of images (batch, height, width, 1 or 3) of any
        size, which are resized to 299 by 299 pixels.

    Raises:
        ValueError: a range that is none, a file that is not there.
        OSError: weights that cannot be downloaded or read.

    Source: Heusel et al. 2017, arXiv:1706.08500, who take the last pooling
        layer of Inception.
    Differs from the authors' code: the network is that of
        `keras.applications`, with other weights than their graph of 2015:
        distances are not those of published tables.

    Example:
        >>> import keras_latent as kl
        >>> kl.inception_features((-1, 1), weights="none.weights.h5")
        Traceback (most recent call last):
        ...
        ValueError: `weights` must be "imagenet" or the path of a file. \
Received: weights='none.weights.h5'.
    """
    image_range = check_image_range(image_range)
    if image_range is None:
        raise ValueError(
            "`image_range` must be (low, high), the range of the images. "
            "Received: None."
        )
    if weights != "imagenet" and not os.path.exists(weights or ""):
        raise ValueError(
            '`weights` must be "imagenet" or the path of a file. '
            f"Received: weights={weights!r}."
        )
    shape = (SIDE, SIDE, 3)
    try:
        network = keras.applications.InceptionV3(
            include_top=False, weights=weights, input_shape=shape, pooling="avg"
        )
    # Keras tells a failed download by a bare Exception.
    except Exception as error:
        raise OSError(
            f"The weights {weights!r} of InceptionV3 cannot be had ({error}). "
            "Download them elsewhere and give the path of the file in "
            "`weights`, or use `feature_extractor(x, y)`."
        ) from error

    def read(images):
        pixels = inception_pixels(images, image_range)
        return network(pixels, training=False)

    return FeatureExtractor(
        read,
        INCEPTION,
        f"{INCEPTION} of keras.applications, last pooling layer",
        image_range,
    )


def inception_pixels(images, image_range):
    """Images as InceptionV3 wants them: coloured, 299 by 299, in [-1, 1].

    Args:
        images: array (batch, height, width, 1 or 3).
        image_range: (low, high) of the images.

    Returns:
        float32 tensor (batch, 299, 299, 3).

    Raises:
        ValueError: another shape.

    Example:
        >>> from keras_latent.inception_features import inception_pixels
        >>> import numpy as np
        >>> pixels = inception_pixels(np.zeros((2, 8, 8, 1)), (0, 255))
        >>> tuple(pixels.shape), float(pixels[0, 0, 0, 0])
        ((2, 299, 299, 3), -1.0)
    """
    images = ops.cast(images, "float32")
    if len(images.shape) != 4 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "Images for InceptionV3 must have shape (batch, height, width, 1 "
            f"or 3). Received: {tuple(images.shape)}."
        )
    low, high = image_range
    images = (images - low) * (2 / (high - low)) - 1
    images = ops.image.resize(images, (SIDE, SIDE), antialias=True)
    return ops.repeat(images, 3 // images.shape[-1], axis=-1)
