"""Networks that turn images into the features that distances are taken of."""

import dataclasses

import keras
import numpy as np

from keras_latent._types import ArrayLike, Network, Range
from keras_latent.frozen_networks import call_frozen
from keras_latent.image_classifier import train_classifier

CLASSIFIER = "classifier trained on the data set"


@dataclasses.dataclass(frozen=True, eq=False)
class FeatureExtractor:
    """A network to features, with what a result should say of it.

    Attributes:
        network: Keras model or function from images to (batch, d).
        name: str, short, in results as `features`.
        description: str, how it came about.
        image_range: (low, high) that images must be in.
        classifier: `keras.Model` to logits whose features these are, for
            `inception_score`; or None.

    Example:
        >>> import keras_latent as kl
        >>> def brightness(images):
        ...     return images.mean(axis=(1, 2))
        >>> features = kl.FeatureExtractor(brightness, "mean", "mine", (0, 1))
        >>> features(np.ones((5, 4, 4, 3))).shape
        (5, 3)
    """

    network: Network
    name: str
    description: str
    image_range: Range
    classifier: keras.Model | None = None

    def __call__(self, images: ArrayLike) -> np.ndarray:
        return call_frozen(self.network, images)


def feature_extractor(
    x: ArrayLike,
    y: ArrayLike,
    epochs: int = 6,
    model: keras.Model | None = None,
    seed: int = 0,
) -> FeatureExtractor:
    """Trains a classifier on a data set; its last hidden layer is features.

    Distances in these features tell generators of this data set apart, and
    have no meaning beside those in other features, not even those of another
    `seed`.

    Args:
        x: float or int array (examples, height, width, channels).
        y: int array (examples,), labels from 0.
        epochs: int from 1.
        model: compiled `keras.Model` to train instead of the small one, whose
            last layer gives the logits. None: 128 features.
        seed: int from 0.

    Returns:
        `FeatureExtractor`, whose range is that of `x`.

    Raises:
        ValueError: as `train_classifier`.

    Source: TF-GAN's `classifier_metrics`, distances in the features of a
        classifier that the user gives.

    Example:
        >>> import keras_latent as kl
        >>> y = np.arange(80) % 2
        >>> x = np.ones((80, 8, 8, 1)) * y[:, None, None, None]
        >>> features = kl.feature_extractor(x, y, epochs=3)
        >>> features.name, features(x).shape
        ('classifier trained on the data set, seed 0', (80, 128))
    """
    judge, accuracy = train_classifier(x, y, epochs, model=model, seed=seed)
    last = judge.layers[-1]
    return FeatureExtractor(
        keras.Model(judge.inputs[0], last.input, name="features"),
        f"{CLASSIFIER}, seed {seed}",
        f"{CLASSIFIER}: {len(x)} images, {epochs} epochs, seed {seed}, "
        f"accuracy {accuracy:.3f} on held-out images",
        range_of(x),
        judge,
    )


def range_of(images):
    """(low, high) of images: (0, 255) of uint8, else as measured."""
    images = np.asarray(images)
    if images.dtype == np.uint8:
        return 0.0, 255.0
    return float(images.min()), float(images.max())
