"""Diversity equals the authors' formula, and its known values."""

import keras
import numpy as np
import pytest
from gradients import gradient
from numpy.testing import assert_allclose

import keras_distill as kd


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


def diversity(logits, temperature=1.0):
    return keras.ops.convert_to_numpy(kd.diversity(logits, temperature))


def authors(logits, temperature):
    """`negative_sampling_loss` of mnist_colab.ipynb, in float64."""
    logits = np.asarray(logits, "float64")
    mean = logits.mean(axis=1, keepdims=True)
    variance = ((logits - mean) ** 2).mean(axis=1, keepdims=True)
    normal = (logits - mean) / np.sqrt(variance + 1e-9)
    normal /= np.sqrt(logits.shape[1])
    similarity = normal @ normal.T / temperature
    losses = np.log(np.exp(similarity).sum(axis=1))
    return losses.mean() - 1 / temperature - np.log(len(logits))


@pytest.mark.parametrize("temperature", [0.1, 0.3, 1.0, 4.0])
@pytest.mark.parametrize("shape", [(16, 10), (1, 3), (5, 2)])
def test_mean_is_the_formula_of_the_authors(shape, temperature):
    logits = 3 * draw(*shape)
    found = diversity(logits, temperature)
    assert found.shape == shape[:1]
    assert_allclose(found.mean(), authors(logits, temperature), atol=1e-5)


def test_each_example_has_its_own_row_of_similarities():
    logits = np.array([[5, 0, 0], [7, 1, 1], [0, 0, 2]], "float32")
    # The first two have correlation 1, and -1/2 with the third.
    two = np.log((2 * np.exp(1) + np.exp(-0.5)) / 3) - 1
    one = np.log((np.exp(1) + 2 * np.exp(-0.5)) / 3) - 1
    assert_allclose(diversity(logits), [two, two, one], atol=1e-5)


@pytest.mark.parametrize("temperature", [0.3, 1.0])
def test_collapse_is_zero(temperature):
    same = draw(1, 10)
    collapsed = same * np.linspace(0.5, 9, 12)[:, None] + draw(12, 1)
    assert np.abs(diversity(collapsed, temperature)).max() < 1e-5


def test_scaling_and_shifting_an_example_changes_nothing():
    logits = draw(9, 6)
    scale = np.random.default_rng(1).uniform(0.5, 4, size=(9, 1))
    moved = logits * scale + draw(9, 1, seed=2)
    assert_allclose(diversity(moved), diversity(logits), atol=1e-5)


def test_equal_clusters_on_a_simplex_reach_the_known_value():
    clusters, size = 10, 3
    logits = 7.0 * np.eye(clusters, dtype="float32").repeat(size, axis=0)
    share = 1 / clusters
    expected = share * np.exp(1) + (1 - share) * np.exp(-1 / (clusters - 1))
    assert_allclose(diversity(logits), np.log(expected) - 1, atol=1e-5)


def test_never_positive():
    for seed in range(20):
        assert diversity(draw(8, 5, seed=seed), 0.5).max() < 1e-5


def test_equal_logits_of_an_example_give_finite_values_and_gradients():
    logits = np.concatenate([np.zeros((2, 4)), draw(2, 4)])
    assert np.isfinite(diversity(logits)).all()
    total = lambda z: keras.ops.sum(kd.diversity(z))  # noqa: E731
    assert np.isfinite(gradient(total, logits)).all()


def test_gradient_agrees_with_differences():
    logits = draw(5, 4)
    weights = np.arange(1.0, 6.0).astype("float32")
    function = lambda z: keras.ops.sum(weights * kd.diversity(z))  # noqa: E731
    found = gradient(function, logits)

    def reference(values):
        rows = np.asarray(values, "float64")
        rows = rows - rows.mean(axis=1, keepdims=True)
        rows /= np.linalg.norm(rows, axis=1, keepdims=True)
        return weights @ np.log(np.exp(rows @ rows.T).sum(axis=1))

    for place in np.ndindex(logits.shape):
        step = np.zeros_like(logits, "float64")
        step[place] = 1e-5
        slope = reference(logits + step) - reference(logits - step)
        assert_allclose(found[place], slope / 2e-5, atol=1e-4)


def test_half_precision_logits_are_computed_in_float32():
    logits = (100 * draw(6, 8)).astype("float16")
    found = kd.diversity(logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    expected = diversity(logits.astype("float32"))
    assert_allclose(keras.ops.convert_to_numpy(found), expected, atol=1e-6)


@pytest.mark.parametrize("temperature", [0, -1.0, np.inf, np.nan, "1", True])
def test_the_temperature_is_positive(temperature):
    with pytest.raises(ValueError, match="`temperature` must be .*greater"):
        kd.diversity(draw(2, 4), temperature)


def test_cross_replica_is_a_flag():
    with pytest.raises(ValueError, match="`cross_replica` must be True or"):
        kd.diversity(draw(2, 4), cross_replica="yes")


@pytest.mark.parametrize("shape", [(4,), (2, 3, 4), (5, 1)])
def test_the_logits_are_a_matrix_of_two_columns_at_least(shape):
    with pytest.raises(ValueError, match=r"`subclass_logits`.*\(batch, K\)"):
        kd.diversity(draw(*shape))
