"""A small classifier of two classes that starts anew for each direction."""

import keras
import numpy as np

from keras_latent.fader_checks import check_built, shapes_meet
from keras_latent.reconstructors import (
    SMALLEST,
    AuthorsLayers,
    lenet_features,
    lenet_head,
)

CLASSES = 2
WIDTH = 2  # of LeNet: 6, 16 and 120 channels, 84 hidden units


def lenet_classifier(image_shape, seed=0):
    """LeNet with batch normalization, from an image to two logits.

    Args:
        image_shape: (height, width, channels), from 32 by 32.
        seed: int from 0, of the first weights.

    Returns:
        Built `keras.Model`.

    Raises:
        ValueError: images that are too small, or none.

    Source: pseudo_label/pseudo_label_classifier.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: first biases are 0; two classes for
        images of any channels, where theirs are as many as channels.

    Example:
        >>> from keras_latent.naturalness_classifier import lenet_classifier
        >>> lenet_classifier((32, 32, 1)).output_shape
        (None, 2)
    """
    if len(image_shape) != 3 or min(image_shape[:2]) < SMALLEST:
        raise ValueError(
            "`classifier` must be given for images other than (height, width, "
            f"channels) from 32 by 32. Received: images of shape {image_shape}."
        )
    images = keras.Input(image_shape)
    made = AuthorsLayers(seed)
    features = lenet_features(images, WIDTH, made)
    logits = lenet_head(features, CLASSES, WIDTH, made, "logits")
    return keras.Model(images, logits, name="naturalness_classifier")


class FreshClassifier:
    """A classifier that is trained from its first weights, again and again.

    Args:
        model: built `keras.Model` from images to (batch, 2) logits.
        image_shape: tuple of int.

    Raises:
        ValueError: a model of other shapes.
    """

    def __init__(self, model, image_shape):
        check_built("classifier", model)
        fits = shapes_meet(tuple(model.input_shape[1:]), image_shape)
        if not fits or tuple(model.output_shape[1:]) != (CLASSES,):
            raise ValueError(
                "`classifier` must give models from images of shape "
                f"{image_shape} to two logits, (batch, 2). Received: a model "
                f"from {model.input_shape} to {model.output_shape}."
            )
        optimizer = keras.optimizers.Adam(1e-3)
        optimizer.build(model.trainable_variables)
        model.compile(
            optimizer,
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            jit_compile=False,
        )
        self.model = model
        self.variables = [*model.variables, *optimizer.variables]
        self.first = [np.array(variable) for variable in self.variables]

    def train(self, batches):
        """Trains from the first weights on pairs (images, labels)."""
        for variable, value in zip(self.variables, self.first, strict=True):
            variable.assign(value)
        for images, labels in batches:
            self.model.train_on_batch(images, labels)

    def labels(self, images):
        """What it takes a batch of images for, int array (batch,)."""
        return np.argmax(self.model.predict_on_batch(images), axis=-1)

    def accuracy(self, batches):
        """Share of images with the right label, of equal batches."""
        return float(
            np.mean([np.mean(self.labels(x) == y) for x, y in batches])
        )
