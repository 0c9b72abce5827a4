"""Networks of the benchmarks on two domains."""

import keras
from keras import layers


def domain_networks(image_shape):
    """Features and labeler: the paper's for MNIST-M, narrower, with norms.

    Args:
        image_shape: (height, width, channels).

    Returns:
        (features, labeler), Sequential models.
    """
    stack = [keras.Input(image_shape)]
    for filters in (24, 32):
        stack += [
            layers.Conv2D(filters, 5, padding="same", use_bias=False),
            layers.BatchNormalization(),
            layers.ReLU(),
            layers.MaxPooling2D(),
        ]
    features = keras.Sequential([*stack, layers.Flatten()], name="features")
    head = [layers.Dense(100, "relu"), layers.Dense(10)]
    code = keras.Input(features.output_shape[1:])
    return features, keras.Sequential([code, *head], name="labeler")


def adversary(features):
    """Domain classifier on the codes of `features`: one logit."""
    head = [layers.Dense(100, "relu"), layers.Dense(1)]
    code = keras.Input(features.output_shape[1:])
    return keras.Sequential([code, *head], name="domain_classifier")
