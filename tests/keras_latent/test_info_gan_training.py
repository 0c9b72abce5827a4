"""What each step of an InfoGAN trains; its file; half precision."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from info_gan_parts import make

from keras_latent.info_gan_losses import information_losses
from keras_latent.info_gan_steps import discriminator_step, generator_step

RANDOM = np.random.default_rng(0)
POINTS = RANDOM.normal(size=(48, 2)).astype("float32")
CODES = dict(categorical=[3], continuous=1, learned_variance=True, width=8)
FIT = dict(batch_size=4, shuffle=False, verbose=0)


def values(variables):
    return [np.array(variable) for variable in variables]


def largest_move(before, variables):
    pairs = zip(before, values(variables), strict=True)
    return max(np.abs(a - b).max() for a, b in pairs)


@pytest.mark.parametrize("shared", [False, True])
def test_each_step_trains_its_own_networks(shared):
    gan = make(shared, **CODES)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    latent = gan.draw_latent(8, 0)
    fake = gan.generator(latent)
    parts = dict(generator=gan.generator, recognizer=gan.recognizer)
    parts |= dict(discriminator=gan.discriminator)
    steps = [
        (lambda: generator_step(gan, latent), {"generator", "recognizer"}),
        (
            lambda: discriminator_step(gan, POINTS[:8], fake, latent),
            {"discriminator"},
        ),
    ]
    for step, trained in steps:
        before = {k: values(net.variables) for k, net in parts.items()}
        step()
        for name, net in parts.items():
            moved = largest_move(before[name], net.variables)
            assert (moved > 1e-5) == (name in trained), name


@pytest.mark.parametrize("shared", [False, True])
def test_the_generator_step_is_that_of_the_paper(shared):
    gan = make(shared, information_weight=0.7, **CODES)
    gan.compile(keras.optimizers.SGD(0.1), keras.optimizers.SGD(0.1))
    latent = gan.draw_latent(8, 0)
    weights = gan.generator.trainable_variables
    weights = weights + gan.recognizer.trainable_variables
    with tf.GradientTape() as tape:
        fake = gan.generator(latent)
        losses = information_losses(
            latent[:, -4:], gan.reader(fake), [3], 1, True
        )
        information = tf.reduce_sum(losses) / 8
        adversarial = tf.nn.softplus(-gan.discriminator(fake))
        loss = tf.reduce_mean(adversarial) + 0.7 * information
    gradients = tape.gradient(loss, weights)
    expected = [w - 0.1 * g for w, g in zip(weights, gradients, strict=True)]
    logs = generator_step(gan, latent)
    assert float(logs["g_loss"]) == pytest.approx(float(loss), rel=1e-5)
    found = float(logs["information_loss"])
    assert found == pytest.approx(float(information), rel=1e-5)
    for one, other in zip(weights, expected, strict=True):
        np.testing.assert_allclose(one, other, atol=1e-6)


def test_shared_features_learn_to_read_and_own_ones_do_not():
    moves = {}
    for shared in (False, True):
        for weight in (0.0, 5.0):
            gan = make(shared, information_weight=weight, **CODES)
            gan.compile(keras.optimizers.SGD(0.1))
            latent = gan.draw_latent(8, 0)
            fake = gan.generator(latent)
            discriminator_step(gan, POINTS[:8], fake, latent)
            moves[shared, weight] = values(gan.discriminator.variables)
    for shared in (False, True):
        pairs = zip(moves[shared, 0.0], moves[shared, 5.0], strict=True)
        assert any((a != b).any() for a, b in pairs) == shared


@pytest.mark.parametrize("shared", [False, True])
def test_fit_continues_from_the_file(shared, tmp_path):
    gan = make(shared, critic_steps=2, ema_momentum=0.9, **CODES)
    gan.compile(run_eagerly=True)
    points = POINTS[:16]
    gan.fit(points, epochs=1, **FIT)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert len(loaded.variables) == len(gan.variables)
    expected = gan.fit(points, epochs=2, initial_epoch=1, **FIT).history
    found = loaded.fit(points, epochs=2, initial_epoch=1, **FIT).history
    assert found == expected and len(found["d_loss"]) == 1
    pairs = zip(values(gan.variables), values(loaded.variables), strict=True)
    for one, other in pairs:
        np.testing.assert_array_equal(one, other)
    states = gan.optimizer.variables, loaded.optimizer.variables
    assert len(states[0]) == len(states[1])
    for one, other in zip(*map(values, states), strict=True):
        np.testing.assert_array_equal(one, other)
    if shared:
        kernel = loaded.features.trainable_variables[0]
        assert kernel is loaded.discriminator.trainable_variables[0]
    np.testing.assert_array_equal(gan.sample(3), loaded.sample(3))


def test_half_precision_scales_the_losses_of_both(tmp_path):
    logs = {}
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        try:
            gan = make(True, **CODES)
            gan.compile(run_eagerly=True)
        finally:
            keras.config.set_dtype_policy("float32")
        logs[policy] = gan.fit(POINTS[:16], **FIT).history
    scaled = keras.optimizers.LossScaleOptimizer
    for optimizer in (gan.g_optimizer, gan.d_optimizer):
        assert isinstance(optimizer, scaled)
        assert int(optimizer.inner_optimizer.iterations) == 4
    for name, expected in logs["float32"].items():
        found = logs["mixed_float16"][name]
        np.testing.assert_allclose(found, expected, atol=0.05, err_msg=name)
    gan.save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    states = gan.optimizer.variables, loaded.optimizer.variables
    for one, other in zip(*map(values, states), strict=True):
        np.testing.assert_array_equal(one, other)
