"""Directions are found where only a few numbers of a latent point matter."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

LATENT_DIM, FACTORS, SIZE = 48, 8, 32
STEPS = 400


def planted(seed=0):
    """A renderer of an ellipse, and the columns its eight factors are along.

    Position, width, height, three colours and the background are the only
    things that a latent point of 48 numbers sets.
    """
    random = np.random.default_rng(seed)
    basis, _ = np.linalg.qr(random.normal(size=(LATENT_DIM, LATENT_DIM)))
    active = basis[:, :FACTORS].astype("float32")
    line = tf.linspace(-1.0, 1.0, SIZE)
    row, column = tf.reshape(line, (1, -1, 1)), tf.reshape(line, (1, 1, -1))

    def render(latents):
        factors = tf.matmul(latents, active)[:, :, None, None]
        x, y, size, aspect, *colours, background = tf.unstack(factors, axis=1)
        size, aspect = 0.4 + 0.2 * tf.tanh(size / 3), 0.5 * tf.tanh(aspect / 3)
        across = (column - 0.5 * tf.tanh(x / 3)) / (size * tf.exp(aspect))
        along = (row - 0.5 * tf.tanh(y / 3)) / (size * tf.exp(-aspect))
        inside = tf.sigmoid(5.0 * (1.0 - across**2 - along**2))
        shades = tf.stack([tf.tanh(c / 3) for c in colours], axis=-1)
        behind = tf.tanh(background / 3)[..., None]
        inside = inside[..., None]
        return inside * shades + (1.0 - inside) * behind

    return render, active


@pytest.mark.slow
@pytest.mark.parametrize("seed", [0, 1])
def test_unit_columns_turn_into_the_subspace_that_drives_the_picture(seed):
    render, active = planted(seed)
    reconstructor = kl.lenet_reconstructor((SIZE, SIZE, 3), FACTORS, seed=seed)
    discovery = kl.DirectionDiscovery(
        render,
        reconstructor,
        FACTORS,
        latent_dim=LATENT_DIM,
        normalization="unit",
        seed=seed,
    )
    discovery.compile(
        keras.optimizers.Adam(3e-3),
        keras.optimizers.Adam(1e-3),
        steps_per_execution=50,
    )

    def energy():
        return float(np.sum((active.T @ discovery.matrix()) ** 2) / FACTORS)

    assert energy() == pytest.approx(FACTORS / LATENT_DIM, abs=0.06)
    discovery.fit(STEPS, validation_samples=0, verbose=0)
    found = kl.reconstruction_accuracy(discovery)
    assert energy() >= 0.5
    assert float(found) >= 0.9
