"""What an InfoGAN refuses, and what it says."""

import keras
import numpy as np
import pytest
from info_gan_parts import network

import keras_latent as kl

GOOD = dict(categorical=[3], continuous=1)


def parts(**other):
    given = dict(generator=network(6, 2), discriminator=network(2, 1))
    return {**given, "recognizer": network(2, 4), **GOOD, **other}


@pytest.mark.parametrize(
    "given, message",
    [
        (dict(categorical=3), "`categorical` must be a list"),
        (dict(categorical=[1]), "`categorical` must be an int of at least 2"),
        (dict(continuous=-1), "`continuous` must"),
        (dict(categorical=[], continuous=0), "at least one code"),
        (dict(information_weight=-1), "`information_weight` must"),
        (dict(generator=network(3, 2)), "`generator` must take latent"),
        (dict(recognizer=network(2, 5)), "`recognizer` must end in 4"),
        (dict(learned_variance=True), "`recognizer` must end in 5"),
        (dict(recognizer=network(3, 4)), "`recognizer` must take"),
        (dict(features=network(2, 3)), "`discriminator` must take"),
        (dict(recognizer=keras.Sequential([])), "`recognizer` must"),
        (dict(discriminator=network(2, 3)), "`discriminator` must give"),
    ],
)
def test_networks_and_codes_that_do_not_meet(given, message):
    with pytest.raises(ValueError, match=f"{message}.*Received"):
        kl.InfoGAN(**parts(**given))


def test_shared_weights_must_be_given_as_features():
    body = network(2, 4)
    head = keras.Sequential([keras.Input((2,)), body, keras.layers.Dense(1)])
    with pytest.raises(ValueError, match="recognizer"):
        kl.InfoGAN(**parts(discriminator=head, recognizer=body))


@pytest.mark.parametrize(
    "codes, message",
    [
        ([0], "`codes` must be a list of 2 values"),
        (0, "`codes` must be a list of 2 values"),
        ([3, None], r"`codes\[0\]` must hold ints from 0 to 2"),
        ([0.5, None], r"`codes\[0\]` must hold ints from 0 to 2"),
        ([None, [1.0]], r"`codes\[1\]` must be None"),
        ([None, np.nan], r"`codes\[1\]` must be None"),
        ([None, "a"], r"`codes\[1\]` must be None"),
    ],
)
def test_codes_that_do_not_exist(codes, message):
    gan = kl.InfoGAN(**parts())
    with pytest.raises(ValueError, match=f"{message}.*Received"):
        gan.sample(3, codes=codes)


def test_traversals_and_readings_that_do_not_exist():
    gan = kl.InfoGAN(**parts())
    for code in (-1, 2, 0.5):
        with pytest.raises(ValueError, match="`code` must .*Received"):
            gan.traverse(code)
    with pytest.raises(ValueError, match="`count` must"):
        gan.traverse(0, count=0)
    with pytest.raises(ValueError, match="shape .*Received"):
        gan.read(np.zeros((3, 5), "float32"))
