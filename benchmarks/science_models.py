"""The networks on which methods are compared, by name."""

import re

import keras
from keras import layers


def build(name, image_shape, num_classes, l2):
    """Builds a network that gives logits.

    Args:
        name: "vgg-6": six 3x3 convolutions of 16 to 64 filters; "vgg-6-W":
            W times as many; "mlp": LeNet-300-100; "wrn-D-W": wide ResNet of
            depth D and width W, as "wrn-22-2".
        image_shape: tuple (height, width, channels).
        num_classes: int.
        l2: float, coefficient of the squared kernels in the loss.

    Returns:
        `keras.Model`, not compiled.
    """
    inputs = keras.Input(image_shape)
    wide = re.fullmatch(r"wrn-(\d+)-(\d+)", name)
    vgg = re.fullmatch(r"vgg-6(?:-(\d+))?", name)
    if wide:
        x = _wide_resnet(inputs, *map(int, wide.groups()), l2)
    elif vgg:
        x = _vgg(inputs, int(vgg[1] or 1), l2)
    elif name == "mlp":
        x = layers.Flatten()(inputs)
        for units in (300, 100):
            x = layers.Dense(units, "relu", kernel_regularizer=_l2(l2))(x)
    else:
        raise ValueError(
            "`name` must be vgg-6, vgg-6-WIDTH, mlp or wrn-DEPTH-WIDTH. "
            f"Received: {name!r}. Choose one of these."
        )
    outputs = layers.Dense(num_classes, kernel_regularizer=_l2(l2))(x)
    return keras.Model(inputs, outputs, name=name)


def _l2(coefficient):
    return keras.regularizers.L2(coefficient) if coefficient else None


def _conv(x, filters, size, strides, l2):
    return layers.Conv2D(
        filters,
        size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        kernel_regularizer=_l2(l2),
    )(x)


def _norm_relu(x):
    return layers.ReLU()(layers.BatchNormalization(momentum=0.9)(x))


def _vgg(x, width, l2):
    for filters in (16, 32, 64):
        for strides in (2, 1):
            x = _norm_relu(_conv(x, filters * width, 3, strides, l2))
    return layers.GlobalAveragePooling2D()(x)


def _wide_resnet(x, depth, width, l2):
    """Zagoruyko & Komodakis 2016, arXiv:1605.07146, without dropout."""
    x = _conv(x, 16, 3, 1, l2)
    for stage, filters in enumerate((16, 32, 64)):
        for block in range((depth - 4) // 6):
            strides = 2 if stage and not block else 1
            start = _norm_relu(x)
            if x.shape[-1] != filters * width or strides > 1:
                x = _conv(start, filters * width, 1, strides, l2)
            inner = _conv(start, filters * width, 3, strides, l2)
            inner = _conv(_norm_relu(inner), filters * width, 3, 1, l2)
            x = layers.Add()([x, inner])
    return layers.GlobalAveragePooling2D()(_norm_relu(x))
