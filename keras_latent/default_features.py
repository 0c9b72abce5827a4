"""The features that a result is computed with when nothing else is known."""

import dataclasses

from keras_latent._types import ArrayLike, PathLike, Range
from keras_latent.feature_extractors import (
    FeatureExtractor,
    feature_extractor,
    range_of,
)
from keras_latent.image_range import check_image_range
from keras_latent.inception_features import INCEPTION, inception_features


def default_features(
    x: ArrayLike,
    y: ArrayLike,
    image_range: Range | None = None,
    weights: PathLike | None = "imagenet",
    epochs: int = 6,
    seed: int = 0,
) -> FeatureExtractor:
    """InceptionV3 when its weights can be had, otherwise a trained classifier.

    `description` says which, and why; every result says it in `features`.

    Args:
        x: float or int array (examples, height, width, channels), 1 or 3
            channels.
        y: int array (examples,), labels from 0.
        image_range: (low, high) that images are in; None: (0, 255) of uint8,
            otherwise from the least to the largest number of `x`.
        weights: "imagenet", the path of a file, or None: the classifier at
            once, without a look for weights.
        epochs: int from 1, of the classifier.
        seed: int from 0, of the classifier.

    Returns:
        `FeatureExtractor`.

    Raises:
        ValueError: as `inception_features` and `feature_extractor`.

    Example:
        >>> import keras_latent as kl, numpy as np
        >>> y = np.arange(80) % 2
        >>> x = np.ones((80, 8, 8, 1)) * y[:, None, None, None]
        >>> kl.default_features(x, y, weights=None, epochs=3).name
        'classifier trained on the data set, seed 0'
    """
    image_range = check_image_range(image_range) or range_of(x)
    reason = "`weights` is None"
    if weights is not None:
        try:
            return inception_features(image_range, weights)
        except OSError as error:
            reason = str(error)
    trained = feature_extractor(x, y, epochs, seed=seed)
    return dataclasses.replace(
        trained,
        image_range=image_range,
        description=f"{trained.description}; not {INCEPTION}: {reason}",
    )
