"""Scores of Hessians that are known, and of latent numbers that do nothing."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl
from keras_latent.hessian_scores import second_derivatives

RANDOM = np.random.default_rng(0)
SIZE, PIXELS = 4, 5
HESSIANS = RANDOM.normal(size=(PIXELS, SIZE, SIZE))
HESSIANS = HESSIANS + HESSIANS.transpose(0, 2, 1)
POINTS = tf.constant(RANDOM.normal(size=(7, SIZE)))


def quadratic(z):
    matrices = tf.constant(HESSIANS, z.dtype)
    return tf.einsum("bi,oij,bj->bo", z, matrices, z) / 2


def reference():
    """The authors' figures, of whole Hessians."""
    size, unit = np.abs(HESSIANS), np.eye(SIZE)
    on = (size * unit).sum(axis=(1, 2)) / SIZE
    off = (size * (1 - unit)).sum(axis=(1, 2)) / (SIZE * (SIZE - 1))
    largest = size.reshape(PIXELS, -1).max(axis=1)
    diagonal = np.abs(np.einsum("oii->oi", HESSIANS)).max(axis=1)
    return {
        "off_diagonal_energy": np.mean((size**2 * (1 - unit)).sum(axis=(1, 2))),
        "diagonal_energy": np.mean((size**2 * unit).sum(axis=(1, 2))),
        "relative_diagonal_strength": np.mean(on / (off + 1e-8)),
        "diagonal_maxima": np.mean(diagonal == largest),
    }


@pytest.mark.parametrize("batch_size", [1, 3, 64])
def test_scores_of_quadratics_are_those_of_their_matrices(batch_size):
    found = kl.hessian_scores(quadratic, POINTS, batch_size=batch_size)
    for name, expected in reference().items():
        np.testing.assert_allclose(getattr(found, name), expected, rtol=1e-7)
    assert (found.points, found.latent_dim) == (7, SIZE)


def test_the_energy_is_half_of_the_penalty():
    energy = kl.hessian_scores(quadratic, POINTS).off_diagonal_energy
    points = tf.tile(POINTS, [1000, 1])
    penalty = kl.hessian_penalty(quadratic, points, reduction="mean")
    assert 0.97 < float(penalty) / (2 * energy) < 1.03


def test_second_derivatives_are_of_second_order_in_the_step():
    z = POINTS[:2]
    with tf.GradientTape() as outer:
        outer.watch(z)
        with tf.GradientTape() as inner:
            inner.watch(z)
            value = smooth(z)[:, 0]
        slope = inner.gradient(value, z)
    exact = outer.batch_jacobian(slope, z).numpy()
    errors = []
    for epsilon in (0.02, 0.01):
        found = second_derivatives(smooth, z, epsilon)
        errors.append(
            max(np.abs(h[:, 0] - exact[:, i, j]).max() for i, j, h in found)
        )
    assert 3.9 < errors[0] / errors[1] < 4.1


def smooth(z):
    return tf.sin(z[:, :1] * z[:, 1:2]) + tf.exp(z[:, 2:3] - z[:, 3:])


def test_a_separable_function_has_only_a_diagonal():
    found = kl.hessian_scores(
        lambda z: tf.exp(z @ tf.eye(4)), tf.cast(POINTS, "float32")
    )
    assert found.off_diagonal_energy < 1e-4 * found.diagonal_energy
    assert found.diagonal_maxima == 1.0


def test_scores_call_a_model_in_inference_mode():
    network = keras.Sequential(
        [
            keras.Input((SIZE,)),
            layers.Dense(3, "tanh"),
            layers.BatchNormalization(),
        ]
    )
    before = network.get_weights()
    one, again = (kl.hessian_scores(network, POINTS) for _ in range(2))
    assert one == again
    kl.activeness(network, POINTS)
    for old, new in zip(before, network.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


@pytest.mark.parametrize(
    "wanted, change",
    [
        ("`z`", dict(z=np.ones((3, 1)))),
        ("`z`", dict(z=np.ones((0, 4)))),
        ("`z`", dict(z=np.ones((2, 3, 4)))),
        ("`epsilon`", dict(epsilon=-0.1)),
        ("`batch_size`", dict(batch_size=0)),
        ("`generator`.*one output", dict(generator=lambda z: [z, z])),
        ("`generator`.*row", dict(generator=lambda z: z[:1])),
        ("`generator`.*finite", dict(generator=lambda z: z * np.inf)),
    ],
)
def test_bad_input_of_scores_is_told(wanted, change):
    given = dict(generator=quadratic, z=POINTS) | change
    with pytest.raises(ValueError, match=f"(?s){wanted}.*Received"):
        kl.hessian_scores(**given)


def test_activeness_is_4_of_a_number_itself_and_0_of_a_dead_one():
    def copies(z):
        return tf.stack([z[:, 0], z[:, 0]], -1)

    found = kl.activeness(copies, RANDOM.normal(size=(9, 3)))
    np.testing.assert_array_equal(found, [4.0, 0.0, 0.0])


@pytest.mark.parametrize("batch_size", [2, 64])
def test_activeness_is_the_mean_variance_over_values(batch_size):
    z, values = POINTS.numpy().astype("float32"), [-1.0, 0.5, 3.0, 4.0]
    expected = []
    for index in range(SIZE):
        images = []
        for value in values:
            moved = z.copy()
            moved[:, index] = value
            images.append(smooth(moved))
        expected.append(np.var(images, axis=0, ddof=1).mean())
    found = kl.activeness(smooth, z, values, batch_size=batch_size)
    np.testing.assert_allclose(found, expected, rtol=1e-4)


@pytest.mark.parametrize(
    "wanted, change",
    [
        ("`z`", dict(z=np.ones(3))),
        ("`generator`.*finite", dict(generator=lambda z: z * np.nan)),
        ("`values`", dict(values=[1.0])),
        ("`values`", dict(values=[1.0, np.nan])),
        ("`batch_size`", dict(batch_size=0)),
    ],
)
def test_bad_input_of_activeness_is_told(wanted, change):
    given = dict(generator=smooth, z=POINTS) | change
    with pytest.raises(ValueError, match=f"(?s){wanted}.*Received"):
        kl.activeness(**given)
