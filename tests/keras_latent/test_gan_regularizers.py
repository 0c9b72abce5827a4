"""Penalties on critics whose slope is known, and their place in the logs."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl
from keras_latent.gan_losses import LOSSES

POINTS = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")


def networks(weights):
    """A generator, and a linear critic of these weights."""
    generator = keras.Sequential([keras.Input((3,)), layers.Dense(2)])
    critic = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
    critic.set_weights([np.array(weights)[:, None], np.array([0.7])])
    return generator, critic


def penalty(regularizer, weights, real=POINTS, fake=-POINTS):
    gan = kl.GAN(*networks(weights), regularizers=[regularizer])
    value = regularizer.discriminator_penalty(gan, real, fake)
    return float(value)


@pytest.mark.parametrize(
    "weights, target", [([3.0, 4.0], 1.0), ([0.6, 0.8], 1.0), ([3.0, 4.0], 2.0)]
)
def test_the_slope_of_a_linear_critic_is_that_of_its_weights(weights, target):
    regularizer = kl.GradientPenalty(weight=10.0, target=target)
    expected = 10.0 * (np.linalg.norm(weights) - target) ** 2
    found = penalty(regularizer, weights)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_r1_of_a_linear_critic_is_half_the_square_of_its_weights():
    regularizer = kl.R1Penalty(weight=6.0)
    found = penalty(regularizer, [3.0, 4.0])
    np.testing.assert_allclose(found, 6.0 / 2 * 25.0, rtol=1e-5)


class Square(keras.layers.Layer):
    """Half the squared length, whose gradient is the point itself."""

    def call(self, inputs):
        return keras.ops.sum(inputs**2, axis=-1, keepdims=True) / 2


def square_gan(regularizer):
    generator, _ = networks([1.0, 1.0])
    critic = keras.Sequential([keras.Input((2,)), Square()])
    return kl.GAN(generator, critic, regularizers=[regularizer])


def test_r1_looks_at_real_examples_alone():
    regularizer = kl.R1Penalty(weight=2.0)
    gan = square_gan(regularizer)
    found = regularizer.discriminator_penalty(gan, POINTS, POINTS + 100)
    expected = (POINTS**2).sum(-1).mean()
    np.testing.assert_allclose(float(found), expected, rtol=1e-5)


def test_the_gradient_penalty_looks_between_real_and_fake():
    regularizer = kl.GradientPenalty(weight=1.0, target=0.0, seed=5)
    gan = square_gan(regularizer)
    found = regularizer.discriminator_penalty(gan, POINTS, -POINTS)
    place = np.array(gan.draw([16, 1], 5, "uniform"))
    between = -POINTS + place * 2 * POINTS
    expected = (between**2).sum(-1).mean()
    np.testing.assert_allclose(float(found), expected, rtol=1e-5)
    assert place.min() < 0.2 and place.max() > 0.8


def test_places_change_from_step_to_step():
    regularizer = kl.GradientPenalty(weight=1.0, target=0.0)
    gan = square_gan(regularizer)
    first = regularizer.discriminator_penalty(gan, POINTS, -POINTS)
    again = regularizer.discriminator_penalty(gan, POINTS, -POINTS)
    gan.step.assign_add(1)
    later = regularizer.discriminator_penalty(gan, POINTS, -POINTS)
    assert float(first) == float(again) != float(later)


def test_the_penalty_of_a_flat_critic_has_a_finite_gradient():
    regularizer = kl.GradientPenalty()
    gan = kl.GAN(*networks([0.0, 0.0]), regularizers=[regularizer])
    with tf.GradientTape() as tape:
        value = regularizer.discriminator_penalty(gan, POINTS, -POINTS)
    kernel = gan.discriminator.trainable_variables[0]
    assert np.all(np.isfinite(tape.gradient(value, kernel)))


class Size(kl.GANRegularizer):
    """Three times the mean square of what the generator makes."""

    def generator_penalty(self, gan, latent, fake):
        return 3.0 * tf.reduce_mean(tf.square(fake))


@pytest.mark.parametrize(
    "regularizers, expected",
    [
        ([], set()),
        ([kl.R1Penalty()], {"d_penalty"}),
        ([Size()], {"g_penalty"}),
        ([Size(), kl.R1Penalty(), Size()], {"d_penalty", "g_penalty"}),
    ],
)
def test_penalties_are_logged_and_part_of_the_losses(regularizers, expected):
    # As a pair, without the warning of a critic that nothing holds.
    loss = tuple(LOSSES["wasserstein"])
    gan = kl.GAN(*networks([3.0, 4.0]), loss, regularizers)
    rate = keras.optimizers.SGD
    gan.compile(rate(0.0), rate(0.0), run_eagerly=True)
    logs = gan.train_on_batch(POINTS, return_dict=True)
    assert {name for name in logs if name.endswith("penalty")} == expected
    fake = np.array(gan.generator(gan_latent(gan)))
    if "d_penalty" in expected:
        np.testing.assert_allclose(logs["d_penalty"], 125.0, rtol=1e-5)
        plain = logs["fake_score"] - logs["real_score"]
        np.testing.assert_allclose(logs["d_loss"], plain + 125.0, rtol=1e-5)
    if "g_penalty" in expected:
        square = 3.0 * np.mean(fake**2)
        square *= sum(isinstance(r, Size) for r in regularizers)
        np.testing.assert_allclose(logs["g_penalty"], square, rtol=1e-5)
        plain = -np.mean(gan.discriminator(fake))
        np.testing.assert_allclose(logs["g_loss"], plain + square, rtol=1e-5)


def gan_latent(gan):
    """The latent points of the generator's step that has just been."""
    gan.step.assign_sub(1)
    return gan.draw_latent(16, 1)
