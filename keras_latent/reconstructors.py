"""LeNet as a reconstructor: which direction, and how far?"""

import itertools
from collections.abc import Sequence

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count
from keras_latent.gan_layers import check_shape

SMALLEST = 32  # pixels that leave one after three 5 x 5 convolutions


class AuthorsLayers:
    """Makes layers with the first weights and normalization of PyTorch.

    Args:
        seed: int from 0; layers of other seeds, or in another order, get
            other first weights.
    """

    def __init__(self, seed):
        self.seeds = itertools.count(1000 * seed)

    def dense(self, units, **options):
        """A `Dense` layer."""
        return layers.Dense(
            units, kernel_initializer=self._uniform(), **options
        )

    def head(self, units, name):
        """A `Dense` layer that ends a network, in float32."""
        return self.dense(units, name=name, dtype="float32")

    def conv(self, filters):
        """A convolution of 5 x 5 without padding."""
        return layers.Conv2D(filters, 5, kernel_initializer=self._uniform())

    def _uniform(self):
        return keras.initializers.VarianceScaling(
            1 / 3, "fan_in", "uniform", seed=next(self.seeds)
        )


def normalize():
    """Batch normalization with PyTorch's constants."""
    return layers.BatchNormalization(momentum=0.9, epsilon=1e-5)


def lenet_features(images, width, made):
    """Mean over the image of LeNet's last convolution.

    Args:
        images: Keras tensor (batch, height, width, channels), from 32 by 32.
        width: int from 1; 2 gives 6, 16 and 120 channels.
        made: `AuthorsLayers`.

    Returns:
        Keras tensor (batch, 60 * width).
    """
    x = images
    for filters, pool in ((3, True), (8, True), (60, False)):
        x = made.conv(filters * width)(x)
        x = layers.ReLU()(normalize()(x))
        x = layers.MaxPooling2D()(x) if pool else x
    return layers.GlobalAveragePooling2D()(x)


def lenet_head(features, units, width, made, name):
    """A hidden layer of 42 * width units, and `units` numbers in float32."""
    x = layers.ReLU()(normalize()(made.dense(42 * width)(features)))
    return made.head(units, name)(x)


def lenet_reconstructor(
    image_shape: Sequence[int],
    num_directions: int,
    width: int = 2,
    seed: int = 0,
) -> keras.Model:
    """A small reconstructor, for images such as 32 x 32 digits.

    Args:
        image_shape: (height, width, channels) of an image, from 32 by 32.
        num_directions: int from 1.
        width: int from 1, thirds of the channels of the first convolution.
        seed: int from 0, of the first weights.

    Returns:
        Built `keras.Model` from two images, one after the other along the
        channels, to two outputs: logits (batch, num_directions) and the
        shift (batch, 1).

    Raises:
        ValueError: images that are too small, arguments out of range.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 4;
        `LeNetShiftPredictor` in latent_shift_predictor.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: first biases are 0.

    Example:
        >>> import keras_latent as kl
        >>> reconstructor = kl.lenet_reconstructor((32, 32, 1), 5)
        >>> reconstructor.input_shape, reconstructor.output_shape
        ((None, 32, 32, 2), [(None, 5), (None, 1)])
    """
    image_shape = check_pair_shape(image_shape, num_directions, seed)
    check_count("width", width)
    if min(image_shape[:2]) < SMALLEST:
        raise ValueError(
            "`image_shape` must be at least (32, 32, channels): convolutions "
            f"without padding leave nothing of less. Received: image_shape="
            f"{image_shape}. Pad the images, as in "
            "`keras.layers.ZeroPadding2D(2)` after the generator."
        )
    height, breadth, channels = image_shape
    images = keras.Input((height, breadth, 2 * channels))
    made = AuthorsLayers(seed)
    features = lenet_features(images, width, made)
    heads = [
        lenet_head(features, units, width, made, name)
        for units, name in ((num_directions, "direction"), (1, "shift"))
    ]
    return keras.Model(images, heads, name="lenet_reconstructor")


def check_pair_shape(image_shape, num_directions, seed):
    """The shape as a tuple; raises unless it is that of an image."""
    image_shape = check_shape("image_shape", image_shape)
    check_count("num_directions", num_directions)
    check_count("seed", seed, minimum=0)
    if len(image_shape) != 3:
        raise ValueError(
            "`image_shape` must be (height, width, channels). Received: "
            f"image_shape={image_shape}."
        )
    return image_shape
