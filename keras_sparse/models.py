"""The two models that the command line trains."""

import keras
from keras import layers


def mlp(image_shape, num_classes):
    """LeNet-300-100: two hidden layers, probabilities out.

    Args:
        image_shape: tuple (height, width, channels).
        num_classes: int >= 1.

    Returns:
        `keras.Model`, not compiled.

    Source: LeCun et al. 1998; the MNIST network of Evci et al. 2020,
        arXiv:1911.11134, appendix.

    Example:
        >>> mlp((28, 28, 1), 10).count_params()
        266610
    """
    inputs = keras.Input(image_shape, name="image")
    x = layers.Flatten(name="flatten")(inputs)
    x = layers.Dense(300, activation="relu", name="hidden_1")(x)
    x = layers.Dense(100, activation="relu", name="hidden_2")(x)
    outputs = layers.Dense(num_classes, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="mlp")


def cnn(image_shape, num_classes):
    """Three convolutions with batch normalisation, class probabilities out.

    Args:
        image_shape: tuple (height, width, channels), at least 4 x 4 pixels.
        num_classes: int >= 1.

    Returns:
        `keras.Model`, not compiled.

    Example:
        >>> cnn((32, 32, 3), 10).output_shape
        (None, 10)
    """
    inputs = x = keras.Input(image_shape, name="image")
    for number, filters in enumerate((32, 64, 128), start=1):
        x = layers.Conv2D(
            filters,
            3,
            strides=1 if number == 1 else 2,
            padding="same",
            use_bias=False,
            name=f"conv_{number}",
        )(x)
        x = layers.BatchNormalization(name=f"norm_{number}")(x)
        x = layers.ReLU(name=f"relu_{number}")(x)
    x = layers.GlobalAveragePooling2D(name="pool")(x)
    outputs = layers.Dense(num_classes, "softmax", name="probabilities")(x)
    return keras.Model(inputs, outputs, name="cnn")


MODELS = {"mlp": mlp, "cnn": cnn}
