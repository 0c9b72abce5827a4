"""Generators and discriminators to begin with."""

import math
from collections.abc import Sequence

import keras
from keras import layers

from _keras_sparse_common.arguments import check_number
from keras_latent.gan_layers import (
    SeededLayers,
    as_pair,
    batch_norm,
    check_counts,
    check_shape,
    normalized_relu,
    seed_spectral_vectors,
    tanh,
)


def mlp_gan_networks(
    data_shape: Sequence[int],
    latent_dim: int,
    width: int = 512,
    depth: int = 3,
    stddev: float = 0.02,
    seed: int = 0,
) -> tuple[keras.Model, keras.Model]:
    """Dense networks for points of a few numbers, such as the toys.

    Args:
        data_shape: tuple of int, of one example.
        latent_dim: int from 1.
        width: int from 1, units of a hidden layer (ReLU).
        depth: int from 1, hidden layers of each network.
        stddev: number above 0, of the first weights.
        seed: int from 0, of the first weights.

    Returns:
        Tuple (generator, discriminator) of built `keras.Model`s: the one has
        no last activation, the other emits a logit (batch, 1).

    Raises:
        ValueError: an argument out of range.

    Source: `toys/train_toy_25G.py` of WANG-Chaoyue/EvolutionaryGAN.
    Differs from it: the discriminator has no batch normalization.

    Example:
        >>> import keras_latent as kl
        >>> generator, discriminator = kl.mlp_gan_networks((2,), 8, width=16)
        >>> generator.input_shape, discriminator.input_shape
        ((None, 8), (None, 2))
    """
    data_shape = check_shape("data_shape", data_shape)
    check_counts(seed, latent_dim=latent_dim, width=width, depth=depth)
    check_number("stddev", stddev, open_low=True)
    seeded = SeededLayers(seed, stddev)
    generator = [keras.Input((latent_dim,))]
    generator += [seeded.dense(width, "relu") for _ in range(depth)]
    generator.append(seeded.dense(math.prod(data_shape)))
    generator.append(layers.Reshape(data_shape))
    discriminator = [keras.Input(data_shape), layers.Flatten()]
    discriminator += [seeded.dense(width, "relu") for _ in range(depth)]
    discriminator.append(seeded.dense(1))
    return as_pair(generator, discriminator)


def dcgan_networks(
    image_shape: Sequence[int],
    latent_dim: int = 100,
    width: int = 64,
    seed: int = 0,
) -> tuple[keras.Model, keras.Model]:
    """Deep convolutional networks for square images of any power of two.

    The generator goes from 4 x 4 to the image by transposed convolutions of
    stride 2, the last of `width` channels before the image, each one before
    of twice as many as the next; the discriminator goes back the same way.
    Both normalize over the batch, but for the generator's last and the
    discriminator's first layer.

    Args:
        image_shape: (size, size, channels), `size` a power of two from 16.
        latent_dim: int from 1.
        width: int from 1, least channels of a hidden layer (the paper: 128,
            for 64 x 64).
        seed: int from 0, of the first weights, of deviation 0.02.

    Returns:
        Tuple (generator, discriminator) of built `keras.Model`s: images are
        in [-1, 1], the discriminator emits a logit (batch, 1).

    Raises:
        ValueError: another image, an argument out of range.

    Source: Radford et al. 2016, arXiv:1511.06434, section 3 and figure 1.
    Differs from it: kernels of 4 x 4, which overlap evenly at stride 2, and
        moving statistics of momentum .9, for short trainings.

    Example:
        >>> import keras_latent as kl
        >>> generator, discriminator = kl.dcgan_networks((16, 16, 1), width=4)
        >>> generator.output_shape, discriminator.output_shape
        ((None, 16, 16, 1), (None, 1))
    """
    image_shape = check_shape("image_shape", image_shape)
    size = image_shape[0]
    square = len(image_shape) == 3 and size == image_shape[1]
    if not square or size < 16 or size & (size - 1):
        raise ValueError(
            "`image_shape` must be (size, size, channels), `size` a power of "
            f"two from 16. Received: image_shape={image_shape}. Resize the "
            "images, or pad those of 28 to 32."
        )
    check_counts(seed, latent_dim=latent_dim, width=width)
    seeded = SeededLayers(seed)
    widths = [width * 2**k for k in range(int(math.log2(size)) - 2)]
    generator = [
        keras.Input((latent_dim,)),
        seeded.dense(16 * widths[-1], use_bias=False),
        layers.Reshape((4, 4, widths[-1])),
        *normalized_relu(),
    ]
    for filters in widths[-2::-1]:
        generator.append(seeded.up(filters))
        generator += normalized_relu()
    generator += [seeded.up(image_shape[-1], use_bias=True), tanh()]
    discriminator = [keras.Input(image_shape)]
    for filters in widths:
        first = filters == width
        discriminator.append(seeded.conv(filters, 4, 2, use_bias=first))
        discriminator += [] if first else [batch_norm()]
        discriminator.append(layers.LeakyReLU(0.2))
    discriminator += [layers.Flatten(), seeded.dense(1)]
    return as_pair(generator, discriminator)


def dcgan(
    size: int, channels: int, latent_dim: int
) -> tuple[keras.Model, keras.Model]:
    """`dcgan_networks` for images of `size` x `size` x `channels`.

    Args:
        size: int, a power of two from 16.
        channels: int from 1.
        latent_dim: int from 1.

    Returns:
        Tuple (generator, discriminator), see `dcgan_networks`.

    Raises:
        ValueError: as `dcgan_networks`.

    Source: Radford et al. 2016, arXiv:1511.06434.

    Example:
        >>> import keras_latent as kl
        >>> generator, discriminator = kl.dcgan(16, 1, 8)
        >>> discriminator.input_shape
        (None, 16, 16, 1)
    """
    return dcgan_networks((size, size, channels), latent_dim)


def sngan_networks(
    image_shape: Sequence[int] = (32, 32, 1),
    latent_dim: int = 128,
    width: int = 64,
    seed: int = 0,
    logit_scale: float = 1.0,
) -> tuple[keras.Model, keras.Model]:
    """Convolutional networks with a spectrally normalized discriminator.

    For 32 x 32 images, such as MNIST padded by 2 pixels a side, and other
    sizes that halve three times. Meant for `loss="hinge"`.

    `keras.layers.SpectralNormalization` divides the kernel itself by its
    largest singular value at every call in training, so that no gradient
    passes through that value; it works under `tf.distribute` and XLA.

    Args:
        image_shape: (height, width, channels), multiples of 8.
        latent_dim: int from 1.
        width: int from 1, channels of the discriminator's first layer and of
            the generator's last hidden one.
        seed: int from 0, of the first weights.
        logit_scale: number above 0, factor of the logits, and so of the slope
            that the normalization leaves the discriminator. Leaky units take
            some of it in each layer: where both scores stay near 0 under the
            hinge loss, with narrow layers above all, try 10 to 40.

    Returns:
        Tuple (generator, discriminator) of built `keras.Model`s: images are
        in [-1, 1], the discriminator emits a logit (batch, 1).

    Raises:
        ValueError: another image, an argument out of range.

    Source: Miyato et al. 2018, arXiv:1802.05957, table 3.
    Differs from it: Keras' form of the normalization, see above;
        `logit_scale`; moving statistics of momentum .9, for short trainings.

    Example:
        >>> import keras_latent as kl
        >>> generator, discriminator = kl.sngan_networks(width=4)
        >>> generator.output_shape, discriminator.output_shape
        ((None, 32, 32, 1), (None, 1))
    """
    image_shape = check_shape("image_shape", image_shape)
    if len(image_shape) != 3 or any(size % 8 for size in image_shape[:2]):
        raise ValueError(
            "`image_shape` must be (height, width, channels), of multiples of "
            f"8. Received: image_shape={image_shape}. Resize the images, or "
            "pad those of 28 to 32."
        )
    check_counts(seed, latent_dim=latent_dim, width=width)
    check_number("logit_scale", logit_scale, open_low=True)
    seeded = SeededLayers(seed)
    rows, columns, channels = image_shape
    smallest = (rows // 8, columns // 8, 8 * width)
    generator = [
        keras.Input((latent_dim,)),
        seeded.dense(math.prod(smallest)),
        layers.Reshape(smallest),
    ]
    for factor in (4, 2, 1):
        generator += [seeded.up(factor * width), *normalized_relu()]
    generator += [seeded.conv(channels, 3, 1), tanh()]
    convolutions = [
        seeded.conv(factor * width, kernel, strides)
        for factor in (1, 2, 4)
        for kernel, strides in ((3, 1), (4, 2))
    ]
    convolutions.append(seeded.conv(8 * width, 3, 1))
    discriminator = [keras.Input(image_shape)]
    for convolution in convolutions:
        discriminator.append(layers.SpectralNormalization(convolution))
        discriminator.append(layers.LeakyReLU(0.1))
    last = layers.SpectralNormalization(seeded.dense(1))
    discriminator += [layers.Flatten(), last]
    if logit_scale != 1:
        discriminator.append(layers.Rescaling(logit_scale))
    networks = as_pair(generator, discriminator)
    seed_spectral_vectors(networks[1], seed)
    return networks
