"""ResNet-18 as a reconstructor of directions and shifts."""

from collections.abc import Sequence

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count
from keras_latent.reconstructors import (
    AuthorsLayers,
    check_pair_shape,
    normalize,
)

STAGES = (1, 2, 4, 8)  # channels of a stage, in units of the first
BLOCKS = 2  # of a stage


def resnet18_reconstructor(
    image_shape: Sequence[int],
    num_directions: int,
    width: int = 64,
    input_size: int | None = None,
    seed: int = 0,
) -> keras.Model:
    """A reconstructor for natural images, not trained before.

    Args:
        image_shape: (height, width, channels) of an image.
        num_directions: int from 1.
        width: int from 1, channels of the first stage (the paper: 64).
        input_size: None, or int from 1: both images are resized to this many
            pixels a side before, by nearest neighbours, which is faster.
        seed: int from 0, of the first weights.

    Returns:
        Built `keras.Model` from two images, one after the other along the
        channels, to two outputs: logits (batch, num_directions) and the
        shift (batch, 1).

    Raises:
        ValueError: another shape, arguments out of range.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 4;
        `ResNetShiftPredictor` in latent_shift_predictor.py of
        anvoynov/GANLatentDiscovery; He et al. 2016, arXiv:1512.03385.
    Differs from the authors' code: any number of channels, theirs is 3; first
        biases are 0.

    Example:
        >>> import keras_latent as kl
        >>> made = kl.resnet18_reconstructor((64, 64, 3), 5, width=4)
        >>> made.input_shape, made.output_shape
        ((None, 64, 64, 6), [(None, 5), (None, 1)])
    """
    image_shape = check_pair_shape(image_shape, num_directions, seed)
    check_count("width", width)
    height, breadth, channels = image_shape
    images = keras.Input((height, breadth, 2 * channels))
    x, made = images, _Convolutions(seed)
    if input_size is not None:
        check_count("input_size", input_size)
        size = input_size, input_size
        x = layers.Resizing(*size, interpolation="nearest")(x)
    x = layers.ReLU()(normalize()(made.conv(x, width, 7, 2)))
    x = layers.MaxPooling2D(3, 2)(_pad(x, 1))
    for factor in STAGES:
        for block in range(BLOCKS):
            strides = 2 if factor > 1 and block == 0 else 1
            x = _block(x, factor * width, strides, made)
    x = layers.GlobalAveragePooling2D()(x)
    heads = AuthorsLayers(seed)
    outputs = [
        heads.head(units, name)(x)
        for units, name in ((num_directions, "direction"), (1, "shift"))
    ]
    return keras.Model(images, outputs, name="resnet18_reconstructor")


class _Convolutions:
    """Convolutions with PyTorch's padding, same on all sides."""

    def __init__(self, seed):
        self.seed, self.made = seed, 500

    def conv(self, x, filters, kernel, strides):
        self.made += 1
        start = keras.initializers.VarianceScaling(
            2.0,
            "fan_out",
            "untruncated_normal",
            seed=1000 * self.seed + self.made,
        )
        return layers.Conv2D(
            filters, kernel, strides, use_bias=False, kernel_initializer=start
        )(_pad(x, kernel // 2))


def _pad(x, pixels):
    return layers.ZeroPadding2D(pixels)(x) if pixels else x


def _block(x, filters, strides, made):
    """Two 3 x 3 convolutions around which the input goes."""
    around = x
    if strides > 1 or x.shape[-1] != filters:
        around = normalize()(made.conv(x, filters, 1, strides))
    y = layers.ReLU()(normalize()(made.conv(x, filters, 3, strides)))
    y = normalize()(made.conv(y, filters, 3, 1))
    return layers.ReLU()(layers.Add()([y, around]))
