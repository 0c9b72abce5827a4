"""Mixtures of Gaussians have the modes that they say they have."""

import numpy as np
import pytest

import keras_latent as kl


@pytest.mark.parametrize(
    "make, modes, deviation",
    [
        (kl.gaussian_grid, 25, 0.05 / 2.828),
        (kl.gaussian_ring, 8, 0.02 / 1.414),
    ],
)
def test_points_surround_their_centres(make, modes, deviation):
    points, centres, found = make(20_000, seed=3)
    assert points.shape == (20_000, 2) and points.dtype == "float32"
    assert centres.shape == (modes, 2) and found == deviation
    difference = points[:, None] - centres
    nearest = np.linalg.norm(difference, axis=-1).argmin(1)
    offsets = difference[np.arange(20_000), nearest]
    np.testing.assert_allclose(offsets.std(), deviation, rtol=0.02)
    assert np.abs(offsets.mean(0)).max() < 4 * deviation / 20_000**0.5
    counts = np.bincount(nearest, minlength=modes)
    fair = 20_000 / modes
    assert np.abs(counts - fair).max() < 4 * fair**0.5


def test_the_grid_is_of_5_by_5_modes():
    centres = kl.gaussian_grid(1).centres
    axis = np.array([-4, -2, 0, 2, 4]) / 2.828
    expected = {(round(a, 4), round(b, 4)) for a in axis for b in axis}
    found = {tuple(round(float(v), 4) for v in row) for row in centres}
    assert found == expected


def test_the_ring_has_equal_distances():
    centres = kl.gaussian_ring(1).centres
    radius = np.linalg.norm(centres, axis=-1)
    np.testing.assert_allclose(radius, 2 / 1.414, rtol=1e-5)
    gaps = np.linalg.norm(centres - np.roll(centres, 1, 0), axis=-1)
    np.testing.assert_allclose(gaps, gaps[0], rtol=1e-5)


def test_a_seed_is_all_that_points_depend_on():
    first, again = kl.gaussian_grid(50, seed=1), kl.gaussian_grid(50, seed=1)
    np.testing.assert_array_equal(first.points, again.points)
    other = kl.gaussian_grid(50, seed=2)
    assert np.abs(first.points - other.points).max() > 0.1


@pytest.mark.parametrize("make", [kl.gaussian_grid, kl.gaussian_ring])
@pytest.mark.parametrize(
    "arguments, name", [((0,), "count"), ((2.5,), "count"), ((9, -1), "seed")]
)
def test_counts_and_seeds_must_be_whole_numbers(make, arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be an int"):
        make(*arguments)
