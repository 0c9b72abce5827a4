"""Thresholds of units against NumPy."""

import numpy as np
import pytest

import keras_latent as kl
from keras_latent.information_quality import (
    JointHistogram,
    information_quality,
)
from keras_latent.unit_thresholds import UnitQuantiles

SHAPE = (40, 8, 8, 5)


def streamed(maps, shares, **options):
    quantiles = UnitQuantiles(
        maps.shape[-1],
        shares,
        len(maps),
        maps.shape[1] * maps.shape[2],
        **options,
    )
    for start in range(0, len(maps), 7):
        quantiles.add(maps[start : start + 7])
    return quantiles


@pytest.mark.parametrize("share", [0.0004, 0.005, 0.04, 0.5, 1.0])
@pytest.mark.parametrize("kind", ["normal", "relu"])
def test_quantiles_are_those_of_numpy(share, kind):
    maps = np.random.default_rng(0).normal(size=SHAPE).astype("float32")
    maps = np.maximum(maps, 0) if kind == "relu" else maps
    quantiles = streamed(maps, [share])
    expected = np.quantile(maps.astype("float64"), 1 - share, axis=(0, 1, 2))
    assert quantiles.exact
    np.testing.assert_allclose(
        quantiles.thresholds()[:, 0], expected, rtol=1e-6, atol=1e-6
    )


def test_rising_activations_are_the_worst_order_and_exact_as_well():
    maps = np.arange(np.prod(SHAPE), dtype="float32").reshape(SHAPE)
    expected = np.quantile(maps, [0.9, 0.99], axis=(0, 1, 2)).T
    found = streamed(maps, [0.1, 0.01]).thresholds()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_a_sample_errs_as_little_as_is_said():
    maps = np.random.default_rng(1).normal(size=(200, 16, 16, 4))
    share, memory = 0.05, 64_000
    quantiles = streamed(maps, [share], memory=memory)
    assert not quantiles.exact
    assert 8 * 4 * quantiles.kept <= memory + 64
    above = (maps > quantiles.thresholds()[:, 0]).mean(axis=(0, 1, 2))
    expected = share / quantiles.kept**0.5
    assert np.abs(above - share).max() < 4 * expected


def test_other_numbers_of_images_than_announced_are_refused():
    quantiles = UnitQuantiles(1, [0.5], images=3, places=1)
    quantiles.add(np.zeros((2, 1, 1, 1)))
    with pytest.raises(ValueError, match="`images`.*3 announced, 2 added"):
        quantiles.thresholds()


def entropy(counts):
    shares = np.asarray(counts, "float64").ravel()
    shares = shares[shares > 0] / shares.sum()
    return -(shares * np.log(shares)).sum()


def test_information_quality_is_mutual_information_over_joint_entropy():
    table = np.array([[60, 10], [5, 25]])  # rows: mask no, yes
    joint = entropy(table)
    expected = (entropy(table.sum(0)) + entropy(table.sum(1)) - joint) / joint
    found = information_quality(25, 30, 35, 100)
    assert found == pytest.approx(expected, rel=1e-12)


@pytest.mark.parametrize("both, expected", [(30, 1.0), (9, 0.0), (0, 0.0)])
def test_it_is_one_of_equal_and_zero_of_independent_or_apart(both, expected):
    found = information_quality(both, 30, 30, 100)
    assert found == pytest.approx(expected, abs=1e-12)


def test_the_threshold_with_most_information_is_found():
    draw = np.random.default_rng(2)
    masks = (draw.random((10, 8, 8, 1)) < 0.1).astype("int32")
    maps = (2.0 * masks + draw.normal(size=masks.shape) * 0.1).astype("float32")
    candidates = np.array([[-1.0, 0.0, 0.05, 1.0, 2.0, 3.0]])
    histogram = JointHistogram(candidates)
    histogram.add(maps, masks)
    assert histogram.best_thresholds().tolist() == [1.0]


def test_dissection_says_whether_its_thresholds_are_exact():
    network, _ = kl.dcgan_networks((16, 16, 1), latent_dim=4, width=4)
    found = kl.dissect(
        network, 3, 30, lambda images: images[..., 0] > 0, 0.1, memory=200
    )
    assert not found.exact
