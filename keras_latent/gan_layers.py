"""What the reference networks of a `GAN` are made of."""

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count


class SeededLayers:
    """Makes layers whose first weights depend on a seed and their order.

    Args:
        seed: int from 0.
        stddev: float, of the normal first weights.
    """

    def __init__(self, seed, stddev=0.02):
        self.seed, self.stddev, self.made = seed, stddev, 0

    def dense(self, units, activation=None, use_bias=True):
        """A `Dense` layer."""
        return layers.Dense(
            units, activation, use_bias, kernel_initializer=self._normal()
        )

    def conv(self, filters, kernel, strides, use_bias=True):
        """A `Conv2D` layer that pads, so that size / strides comes out."""
        return layers.Conv2D(
            filters,
            kernel,
            strides,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=self._normal(),
        )

    def up(self, filters, use_bias=False):
        """A transposed convolution of 4 x 4 that doubles the image."""
        return layers.Conv2DTranspose(
            filters,
            4,
            strides=2,
            padding="same",
            use_bias=use_bias,
            kernel_initializer=self._normal(),
        )

    def _normal(self):
        self.made += 1
        # Keras draws the same for the same seed, so each layer has its own.
        return keras.initializers.RandomNormal(
            0.0, self.stddev, seed=1000 * self.seed + self.made
        )


def normalized_relu():
    """Batch normalization and ReLU, a list of layers."""
    return [batch_norm(), layers.ReLU()]


def batch_norm():
    """Batch normalization whose moving statistics follow within 20 steps."""
    return layers.BatchNormalization(momentum=0.9)


def tanh():
    """The end of an image generator, in float32 also in mixed precision."""
    return layers.Activation("tanh", dtype="float32")


def as_pair(generator, discriminator):
    """Two lists of layers as models that are named for their parts."""
    return (
        keras.Sequential(generator, name="generator"),
        keras.Sequential(discriminator, name="discriminator"),
    )


def seed_spectral_vectors(network, seed):
    """Draws the first singular vectors, which Keras draws of a global state.

    Args:
        network: built `keras.Sequential`.
        seed: int from 0.
    """
    for number, layer in enumerate(network.layers):
        if isinstance(layer, layers.SpectralNormalization):
            draw = keras.initializers.TruncatedNormal(
                stddev=0.02, seed=1000 * seed + 500 + number
            )
            layer.vector_u.assign(draw(layer.vector_u.shape))


def check_shape(name, shape):
    """The shape as a tuple; raises unless it is ints from 1."""
    try:
        given = tuple(shape)
    except TypeError:
        given = ()
    if not given:
        raise ValueError(
            f"`{name}` must be a tuple of ints. Received: {name}={shape!r}. "
            "An example of two numbers has the shape (2,)."
        )
    for size in given:
        check_count(name, size)
    return given


def check_counts(seed, **counts):
    """Raises unless `seed` is an int from 0, the others from 1."""
    check_count("seed", seed, minimum=0)
    for name, value in counts.items():
        check_count(name, value)
