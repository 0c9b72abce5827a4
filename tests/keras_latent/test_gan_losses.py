"""Losses of a GAN against NumPy, their gradients, and extreme logits."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_latent import gan_losses
from keras_latent.gan_losses import LOSSES

REAL = np.array([-2.0, -0.5, 0.3, 1.5, 4.0])
FAKE = np.array([-3.0, -1.2, 0.0, 0.7, 2.5])


def sigmoid(logits):
    return 1 / (1 + np.exp(-logits))


def log_loss(real, fake):
    return -np.log(sigmoid(real)).mean() - np.log(1 - sigmoid(fake)).mean()


# What the papers write, of a discriminator's probabilities or logits.
EXPECTED = {
    "minimax": (log_loss, lambda f: np.log(1 - sigmoid(f)).mean()),
    "non_saturating": (log_loss, lambda f: -np.log(sigmoid(f)).mean()),
    "least_squares": (
        lambda r, f: ((r - 1) ** 2).mean() / 2 + (f**2).mean() / 2,
        lambda f: ((f - 1) ** 2).mean() / 2,
    ),
    "wasserstein": (
        lambda r, f: f.mean() - r.mean(),
        lambda f: -f.mean(),
    ),
    "hinge": (
        lambda r, f: np.maximum(0, 1 - r).mean() + np.maximum(0, 1 + f).mean(),
        lambda f: -f.mean(),
    ),
}
table = pytest.mark.parametrize("name", EXPECTED)


def test_every_loss_is_in_the_table():
    assert set(EXPECTED) == set(LOSSES)


@table
def test_losses_are_those_of_the_papers(name):
    discriminator, generator = EXPECTED[name]
    loss = LOSSES[name]
    found = float(loss.discriminator(REAL, FAKE))
    np.testing.assert_allclose(found, discriminator(REAL, FAKE), rtol=1e-6)
    found = float(loss.generator(FAKE))
    np.testing.assert_allclose(found, generator(FAKE), rtol=1e-6)


@table
def test_gradients_pull_apart_and_the_generator_pulls_back(name):
    real, fake = tf.constant([0.2, -0.3]), tf.constant([0.4, -0.1])
    with tf.GradientTape(persistent=True) as tape:
        tape.watch([real, fake])
        judged = LOSSES[name].discriminator(real, fake)
        made = LOSSES[name].generator(fake)
    assert np.all(tape.gradient(judged, real).numpy() < 0)
    of_fake = tape.gradient(judged, fake).numpy()
    # Least squares pull to 0, from both sides.
    signs = np.sign(fake) if name == "least_squares" else 1
    assert np.all(of_fake * signs > 0)
    assert np.all(tape.gradient(made, fake).numpy() < 0)


@table
def test_large_logits_stay_finite(name):
    large = tf.constant([-1e4, 1e4])
    with tf.GradientTape() as tape:
        tape.watch(large)
        value = LOSSES[name].discriminator(large, large)
        value += LOSSES[name].generator(large)
    assert np.isfinite(float(value))
    assert np.all(np.isfinite(tape.gradient(value, large)))


@table
def test_half_precision_logits_are_averaged_in_single(name):
    many = np.full(100_000, 3.0, "float16")
    single = many.astype("float32")
    for of in (LOSSES[name].generator, lambda x: many_sided(name, x)):
        assert of(many).dtype == "float32"
        np.testing.assert_allclose(of(many), of(single), rtol=1e-6)


def many_sided(name, logits):
    return LOSSES[name].discriminator(logits, logits)


def test_functions_are_registered_so_that_pairs_are_saved():
    function = gan_losses.hinge_discriminator
    config = keras.saving.serialize_keras_object(function)
    assert keras.saving.deserialize_keras_object(config) is function
