"""A generator whose units are known: three of them draw a shape each."""

import keras
import numpy as np
import tensorflow as tf

UNITS, PLANTED = 24, {4: 1, 11: 2, 17: 3}  # unit -> label of its shape
MAP, SIZE, LATENT = 16, 32, 12
NOISE = 0.15
CLASSES = ["background", "disc", "square", "diamond"]


class PlantedUnits(keras.layers.Layer):
    """Maps (images, 16, 16, 24): three of shapes, the others of noise.

    Shape k is in the k-th third of the rows, where z[3k] > -.7; z[3k + 1] and
    z[3k + 2] move it. The noise of all units hangs on z, so that equal z give
    equal images.
    """

    def build(self, shape):
        def waves(shape, dtype):
            draw = np.random.default_rng(5)
            return tf.constant(4 * draw.normal(size=shape), dtype)

        shape = (LATENT, MAP * MAP * UNITS)
        self.waves = self.add_weight(shape, waves, name="waves")

    def call(self, z):
        noise = 2**0.5 * NOISE * tf.sin(tf.matmul(z, self.waves))
        noise = tf.reshape(noise, (-1, MAP, MAP, UNITS))
        maps = [tf.zeros_like(noise[..., 0])] * UNITS
        for unit, label in PLANTED.items():
            maps[unit] = shape_map(z, label - 1)
        return tf.stack(maps, axis=-1) + noise


def shape_map(z, k):
    """One shape of height 1 with soft edges, (images, 16, 16)."""
    moved = tf.tanh(z[:, 3 * k : 3 * k + 3])[:, :, None, None]
    ticks = tf.range(MAP, dtype="float32") + 0.5
    x = ticks[None, None, :] - (8 + 4 * moved[:, 1])
    y = ticks[None, :, None] - (8 / 3 + 16 / 3 * k + 0.4 * moved[:, 2])
    distance = [
        tf.sqrt(x**2 + y**2) / 1.7,
        tf.maximum(tf.abs(x), tf.abs(y)) / 1.5,
        (tf.abs(x) + tf.abs(y)) / 2.1,
    ][k]
    there = tf.cast(z[:, 3 * k] > -0.7, "float32")[:, None, None]
    return there * tf.sigmoid(6 * (1 - distance))


def colour_kernel():
    """Of a 1 x 1 convolution: each planted unit has a colour of its own."""
    kernel = np.zeros((1, 1, UNITS, 3), "float32")
    for unit, label in PLANTED.items():
        kernel[0, 0, unit, label - 1] = 2.0
    return kernel


def painted(maps):
    """Layers from the units to images in about [-1, 1]."""
    large = keras.layers.UpSampling2D(2, interpolation="bilinear")(maps)
    paint = keras.layers.Conv2D(3, 1, name="paint")
    images = paint(large)
    paint.set_weights([colour_kernel(), -np.ones(3, "float32")])
    return images


def planted_generator():
    """Functional model with a layer "units"."""
    z = keras.Input((LATENT,))
    return keras.Model(z, painted(PlantedUnits(name="units")(z)))


class SubclassedGenerator(keras.Model):
    """The same, of which Keras knows no graph."""

    def __init__(self):
        super().__init__()
        self.maps = PlantedUnits(name="units")
        inputs = keras.Input((MAP, MAP, UNITS))
        self.painter = keras.Model(inputs, painted(inputs), name="painter")

    def call(self, z):
        return self.painter(self.maps(z))


def probabilities(images):
    """(images, height, width, 4), with gradients: a colour's brightness."""
    shades = tf.clip_by_value((images + 1) / 2, 0.0, 1.0)
    rest = tf.fill(tf.shape(shades[..., :1]), 0.5)
    return tf.concat([rest, shades], axis=-1)


def masks(images):
    """Exact masks, int64 (images, height, width)."""
    return tf.argmax(probabilities(images), axis=-1).numpy()


def latents(count, seed=0):
    """Latent points of the planted generators."""
    draws = np.random.default_rng(seed).normal(size=(count, LATENT))
    return draws.astype("float32")
