"""Generator and discriminator of one size of progressive growing."""

import keras
import numpy as np
from keras import layers

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Dtype
from keras_latent.equalized_layers import EqualizedConv2D, EqualizedDense
from keras_latent.progressive_layers import (
    FadeIn,
    MinibatchStandardDeviation,
    PixelNormalization,
)

SMALLEST = 4
SLOPE = 0.2
GENERATOR, DISCRIMINATOR = range(2)


def progressive_networks(
    size: int = 4,
    channels: int = 3,
    latent_dim: int = 512,
    channel_base: int = 8192,
    channel_max: int = 512,
    group_size: int = 4,
    seed: int = 0,
    dtype: Dtype | None = None,
) -> tuple[keras.Model, keras.Model]:
    """Returns a generator and a discriminator of images of one size.

    Networks of twice the size have the same layers of the same names, and a
    block more. Beyond 4 pixels the newest block is blended with what was
    there before it, by a layer named "fade_in_<size>".

    Args:
        size: int, pixels of a side, a power of two from 4.
        channels: int from 1, of an image.
        latent_dim: int from 1, width of a latent point.
        channel_base: int from 1; a block of side s has
            min(2 * channel_base / s, channel_max) channels.
        channel_max: int from 1.
        group_size: int from 2, of `MinibatchStandardDeviation`.
        seed: int from 0, of the first weights.
        dtype: dtype policy of the layers, or its name; None: the global one.
            Images and scores are float32 in any case.

    Returns:
        Tuple (generator, discriminator) of built `keras.Model`s: of
        (batch, latent_dim) to (batch, size, size, channels), without an
        activation at the end, and on to (batch, 1).

    Raises:
        ValueError: an argument out of range.

    Source: Karras et al. 2018, arXiv:1710.10196, table 2; `G_paper` and
        `D_paper` in `networks.py` of the authors.

    Example:
        >>> import keras_latent as kl
        >>> made = kl.progressive_networks(8, 1, latent_dim=16, channel_max=16)
        >>> made[0].output_shape, made[1].output_shape
        ((None, 8, 8, 1), (None, 1))
    """
    check_size("size", size)
    counts = dict(channels=channels, latent_dim=latent_dim)
    counts |= dict(channel_base=channel_base, channel_max=channel_max)
    for name, value in counts.items():
        check_count(name, value)
    check_count("seed", seed, minimum=0)
    given = keras.dtype_policies.get(dtype or keras.config.dtype_policy())
    policy = given.name
    widths = {
        side: max(1, min(2 * channel_base // side, channel_max))
        for side in [SMALLEST // 2, *sides(size)]
    }
    generator = _generator(size, channels, latent_dim, widths, seed, policy)
    discriminator = _discriminator(
        size, channels, widths, group_size, seed, policy
    )
    # A functional model does not take a policy when it is made.
    generator.dtype_policy = discriminator.dtype_policy = given
    return generator, discriminator


def sides(size):
    """Sides of images from the smallest on to `size`: 4, 8, 16, ..."""
    return [2**k for k in range(2, size.bit_length())]


def check_size(name, value):
    """Raises unless `value` is a power of two from 4."""
    check_count(name, value, minimum=SMALLEST)
    if value & (value - 1):
        raise ValueError(
            f"`{name}` must be a power of two, as images grow by doubling. "
            f"Received: {name}={value}. Resize or pad the images, such as "
            "28 x 28 to 32 x 32."
        )


def copy_weights(source, target):
    """Copies the weights of layers that have the same name in both networks.

    Args:
        source: built `keras.Model`.
        target: built `keras.Model`.
    """
    known = {layer.name: layer for layer in source.layers}
    for layer in target.layers:
        if layer.name in known and layer.weights:
            layer.set_weights(known[layer.name].get_weights())


def _generator(size, channels, latent_dim, widths, seed, policy):
    make = _Maker(GENERATOR, seed, policy)
    latent = keras.Input((latent_dim,), name="latent")
    x = PixelNormalization(dtype=policy)(latent)
    # The gain of the authors, which keeps that of their first code.
    units = widths[4] * 16
    x = make.dense(units, "dense_4", gain=2**0.5 / 4)(x)
    x = layers.Reshape((4, 4, widths[4]), dtype=policy)(x)
    x = make.convolution(widths[4], "convolution_4", make.activate(x))
    for side in sides(size)[1:]:
        before = x
        x = layers.UpSampling2D(dtype=policy)(x)
        for part in (0, 1):
            x = make.convolution(widths[side], f"convolution_{side}_{part}", x)
    image = make.image(channels, size)(x)
    if size > SMALLEST:
        old = make.image(channels, size // 2)(before)
        old = layers.UpSampling2D(dtype="float32")(old)
        image = make.fade(size, "float32")([old, image])
    return keras.Model(latent, image, name="generator")


def _discriminator(size, channels, widths, group_size, seed, policy):
    make = _Maker(DISCRIMINATOR, seed, policy)
    images = keras.Input((size, size, channels), name="images")
    x = make.features(images, widths[size], size)
    for side in reversed(sides(size)[1:]):
        for part, width in enumerate((widths[side], widths[side // 2])):
            x = make.convolution(width, f"convolution_{side}_{part}", x)
        x = layers.AveragePooling2D(2, dtype=policy)(x)
        if side == size:
            old = layers.AveragePooling2D(2, dtype="float32")(images)
            old = make.features(old, widths[side // 2], side // 2)
            x = make.fade(size, policy)([old, x])
    x = MinibatchStandardDeviation(group_size, dtype=policy)(x)
    x = make.convolution(widths[4], "convolution_4", x)
    x = layers.Flatten(dtype=policy)(x)
    x = make.activate(make.dense(widths[2], "dense_4")(x))
    score = make.dense(1, "score", gain=1.0, dtype="float32")(x)
    return keras.Model(images, score, name="discriminator")


class _Maker:
    """Makes the layers of one network, each with a seed of its own."""

    def __init__(self, network, seed, policy):
        self.network, self.seed, self.policy = network, seed, policy

    def options(self, name, gain, dtype=None):
        numbers = (self.seed, self.network, *name.encode())
        drawn = np.random.SeedSequence(numbers).generate_state(1)[0]
        dtype = dtype or self.policy
        return dict(name=name, gain=gain, dtype=dtype, seed=int(drawn) >> 1)

    def dense(self, units, name, gain=2**0.5, dtype=None):
        return EqualizedDense(units, **self.options(name, gain, dtype))

    def convolution(self, filters, name, inputs):
        options = self.options(name, 2**0.5)
        return self.activate(EqualizedConv2D(filters, **options)(inputs))

    def activate(self, inputs):
        outputs = layers.LeakyReLU(SLOPE, dtype=self.policy)(inputs)
        if self.network == DISCRIMINATOR:
            return outputs
        return PixelNormalization(dtype=self.policy)(outputs)

    def image(self, channels, side):
        options = self.options(f"to_image_{side}", 1.0, "float32")
        return EqualizedConv2D(channels, 1, **options)

    def features(self, images, filters, side):
        options = self.options(f"from_image_{side}", 2**0.5)
        return self.activate(EqualizedConv2D(filters, 1, **options)(images))

    def fade(self, side, dtype):
        return FadeIn(name=f"fade_in_{side}", dtype=dtype)
