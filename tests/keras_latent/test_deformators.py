"""What the columns of a learned matrix are, whatever its parameter is."""

import numpy as np
import pytest
import tensorflow as tf
from scipy.linalg import expm

from keras_latent.deformators import (
    columns,
    first_parameter,
    orthonormal_columns,
    unit_columns,
)


def gram_error(matrix):
    matrix = np.asarray(matrix, "float64")
    return np.abs(matrix.T @ matrix - np.eye(matrix.shape[1])).max()


@pytest.mark.parametrize("scale", [1e-3, 1.0, 10.0])
def test_the_exponential_is_orthonormal_to_a_hundred_thousandth(scale):
    parameter = scale * np.random.default_rng(0).normal(size=(128, 128))
    matrix = orthonormal_columns(parameter.astype("float32"), 128)
    assert gram_error(matrix) < 1e-5
    fewer = orthonormal_columns(parameter.astype("float32"), 5)
    np.testing.assert_array_equal(fewer, matrix[:, :5])


def test_the_exponential_is_that_of_scipy():
    parameter = np.random.default_rng(1).normal(size=(7, 7)).astype("float32")
    expected = expm(np.float64(parameter) - np.float64(parameter).T)
    np.testing.assert_allclose(
        orthonormal_columns(parameter, 7), expected, atol=1e-6
    )


def test_columns_stay_orthonormal_while_they_are_trained():
    parameter = tf.Variable(first_parameter("orthonormal", "random", 6, 3, 0))
    target = np.random.default_rng(2).normal(size=(6, 3)).astype("float32")
    before = orthonormal_columns(parameter, 3)
    for _ in range(30):
        with tf.GradientTape() as tape:
            matrix = orthonormal_columns(parameter, 3)
            loss = -tf.reduce_sum(matrix * target)
        parameter.assign_sub(0.1 * tape.gradient(loss, parameter))
    assert gram_error(matrix) < 1e-5
    # The nearest orthonormal columns have the sum of the singular values.
    best = np.linalg.svd(target, compute_uv=False).sum()
    assert np.sum(before * target) < 0.8 * best < 0.9 * best < -loss


def test_unit_columns_have_length_one_and_keep_their_way():
    parameter = np.random.default_rng(3).normal(size=(4, 9)).astype("float32")
    expected = parameter / np.sqrt((parameter**2).sum(axis=0))
    np.testing.assert_allclose(unit_columns(parameter), expected, atol=1e-6)


def test_fixed_and_linear_columns_are_the_parameter():
    parameter = np.arange(6.0).reshape(2, 3)
    for normalization in ("fixed", "linear"):
        np.testing.assert_array_equal(
            columns(parameter, normalization, 3), parameter
        )


@pytest.mark.parametrize("start", ["random", "coordinates"])
def test_fixed_directions_are_orthonormal_from_the_start(start):
    first = first_parameter("fixed", start, 8, 5, seed=0)
    assert first.shape == (8, 5) and gram_error(first) < 1e-5
    if start == "coordinates":
        np.testing.assert_array_equal(first, np.eye(8, 5))


def test_coordinates_start_beside_the_identity():
    first = first_parameter("orthonormal", "coordinates", 8, 5, seed=0)
    matrix = orthonormal_columns(first, 5).numpy()
    assert 0 < np.abs(matrix - np.eye(8, 5)).max() < 0.02


def test_seeds_give_other_starts_and_equal_seeds_equal_ones():
    one, again, other = (
        first_parameter("unit", "random", 8, 5, seed) for seed in (0, 0, 1)
    )
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01


def test_more_directions_than_numbers_need_columns_that_are_free():
    assert first_parameter("unit", "random", 3, 5, 0).shape == (3, 5)
    assert first_parameter("linear", "random", 3, 5, 0).shape == (3, 5)
    for normalization, start in (
        ("orthonormal", "random"),
        ("fixed", "random"),
        ("unit", "coordinates"),
    ):
        with pytest.raises(ValueError, match="at most 3.*Received.*=5"):
            first_parameter(normalization, start, 3, 5, 0)
