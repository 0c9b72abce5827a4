"""Coders by hand, whose reports are known beforehand."""

import numpy as np

import keras_latent as kl

TEN = np.arange(400) % 10


def hot_images(labels=TEN, size=10, channels=1):
    """Images (n, 1, size, channels) that hold their label one-hot."""
    return np.eye(size, dtype="float32")[labels][:, None, :, None].repeat(
        channels, axis=-1
    )


def judge(images):
    return np.asarray(images)[:, 0, :, 0]


def whole(x):
    return np.array(x)


def nothing(x):
    """A code without the label: noise that is the same in each call."""
    return np.random.default_rng(0).normal(size=(len(x), 4))


def obey(inputs):
    return inputs[1][:, None, :, None]


def report(path, data=None, **options):
    data = (hot_images(), TEN) if data is None else data
    return kl.FaderReport(path, data, judge, attribute_sizes=10, **options)


def squares(channels, low=0.0):
    """Four images of one shade each, and a decoder: shade of the target."""
    labels = np.array([1, 0, 2, 3])
    shades = low + (1 - low) * np.array([0.2, 0.4, 0.6, 0.8], "float32")
    images = np.ones((4, 8, 8, channels), "float32")
    images *= shades[labels][:, None, None, None]
    images[:, 0, 0] = low

    def decoder(inputs):
        shade = inputs[1] @ shades
        return (
            np.ones((len(shade), 8, 8, channels)) * shade[:, None, None, None]
        )

    return (whole, decoder), images, labels, shades
