"""Teachers and students of the benchmarks of subclass distillation."""

import keras
from keras import layers


def convolutional(outputs):
    """The teacher of the authors' notebook, for MNIST.

    Args:
        outputs: int, number of logits.

    Returns:
        `keras.Model` of images (28, 28, 1) in [0, 1]; its layer
        "penultimate" has 128 units.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Conv2D(32, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Conv2D(64, 3, activation="relu"),
            layers.MaxPooling2D(),
            layers.Flatten(),
            layers.Dropout(0.5),
            layers.Dense(128, activation="relu", name="penultimate"),
            layers.Dropout(0.5),
            layers.Dense(outputs, name="logits"),
        ],
        name="convolutional",
    )


def perceptron(units, outputs):
    """A student of two equal hidden layers, for MNIST.

    Args:
        units: int, of each hidden layer; the authors' notebook has 784.
        outputs: int, number of logits.
    """
    return keras.Sequential(
        [
            keras.Input((28, 28, 1)),
            layers.Flatten(),
            layers.Dense(units, activation="relu"),
            layers.Dense(units, activation="relu", name="penultimate"),
            layers.Dense(outputs, name="logits"),
        ],
        name=f"perceptron_{units}",
    )


def resnet(depth, width, outputs, statistics, first_strides=1, l2=1e-4):
    """A residual network for images of 32 x 32 pixels.

    Args:
        depth: int, 6 * blocks + 2, as 20.
        width: int, filters of the first of three stages; He et al. have 16.
        outputs: int, number of logits.
        statistics: (mean, variance) per channel of the pixels, 0 to 255.
        first_strides: int, of the first convolution; 2 makes all the rest
            four times as fast.
        l2: float, coefficient of the squared kernels in the loss.

    Returns:
        `keras.Model` of images (32, 32, 3), 0 to 255.

    Source: He et al. 2015, arXiv:1512.03385, section 4.2.
    Differs: 1x1 convolutions where the width grows (their option B).
    """
    inputs = keras.Input((32, 32, 3))
    mean, variance = statistics
    x = layers.Normalization(mean=mean, variance=variance)(inputs)
    x = layers.ReLU()(_convolution(x, width, 3, first_strides, l2))
    for stage in range(3):
        for block in range((depth - 2) // 6):
            strides = 2 if stage and not block else 1
            x = _residual(x, width * 2**stage, strides, l2)
    x = layers.GlobalAveragePooling2D(name="penultimate")(x)
    x = layers.Dense(
        outputs, kernel_regularizer=keras.regularizers.L2(l2), name="logits"
    )(x)
    return keras.Model(inputs, x, name=f"resnet_{depth}_{width}")


def _residual(x, filters, strides, l2):
    inner = layers.ReLU()(_convolution(x, filters, 3, strides, l2))
    inner = _convolution(inner, filters, 3, 1, l2)
    if strides > 1 or x.shape[-1] != filters:
        x = _convolution(x, filters, 1, strides, l2)
    return layers.ReLU()(layers.Add()([x, inner]))


def _convolution(x, filters, size, strides, l2):
    x = layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=keras.regularizers.L2(l2),
    )(x)
    return layers.BatchNormalization(momentum=0.9)(x)
