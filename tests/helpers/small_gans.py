"""A GAN that is made at once, and what a PNG shows."""

import io

import keras
import numpy as np
from matplotlib.image import imread

import keras_latent as kl


def make_gan(shape=(4, 4, 1), end=None):
    """A compiled GAN of examples of a shape, with a last activation."""
    generator, discriminator = kl.mlp_gan_networks(shape, 3, width=4)
    if end is not None:
        generator.add(keras.layers.Activation(end))
    gan = kl.GAN(generator, discriminator)
    gan.compile(run_eagerly=True)
    return gan


def pixels(png):
    """Array (height, width, 3) of a PNG, from 0 to 255."""
    return np.round(imread(io.BytesIO(png))[..., :3] * 255).astype(int)
