"""Statistics in batches are those of all rows, and come back from a file."""

import numpy as np
import pytest

import keras_latent as kl

RANDOM = np.random.default_rng(0)
# A mean far from 0 is where sums of squares would lose digits.
ROWS = RANDOM.normal(size=(1000, 7)) @ RANDOM.normal(size=(7, 7)) + 1e4


def gathered(*batches, features="as given"):
    statistics = kl.FeatureStatistics(features)
    for batch in batches:
        statistics.update(batch)
    return statistics


def assert_are_of(statistics, rows):
    assert statistics.count == len(rows)
    np.testing.assert_allclose(statistics.mean, rows.mean(0), rtol=1e-12)
    covariance = np.cov(rows.T)
    np.testing.assert_allclose(
        statistics.covariance, covariance, 1e-10, 1e-10 * covariance.max()
    )


@pytest.mark.parametrize("cuts", [[], [1], [1, 2, 3, 500], range(64, 1000, 64)])
def test_batches_give_what_all_rows_give(cuts):
    assert_are_of(gathered(*np.split(ROWS, list(cuts))), ROWS)


def test_halves_gathered_apart_merge():
    first, second = gathered(ROWS[:300]), gathered(ROWS[300:])
    first.merge(second)
    assert_are_of(first, ROWS)
    assert_are_of(second, ROWS[300:])
    empty = kl.FeatureStatistics()
    empty.merge(second)
    empty.update(ROWS[:300])
    assert_are_of(empty, ROWS)
    assert_are_of(second, ROWS[300:])


def test_what_is_read_from_them_does_not_change_them():
    statistics = gathered(ROWS)
    statistics.mean[:] = 0
    statistics.covariance[:] = 0
    assert_are_of(statistics, ROWS)


def test_a_file_brings_them_back_and_they_go_on(tmp_path):
    path = tmp_path / "real.npz"
    gathered(ROWS[:400], features="mine").save(path)
    again = kl.FeatureStatistics.load(path)
    assert again.features == "mine"
    again.update(ROWS[400:])
    assert_are_of(again, ROWS)
    with np.load(path) as saved:
        np.testing.assert_allclose(saved["sigma"], np.cov(ROWS[:400].T))
        np.testing.assert_allclose(saved["mu"], ROWS[:400].mean(axis=0))


def test_batches_of_a_model_are_read_in_float64():
    statistics = kl.feature_statistics(
        ROWS.astype("float32"), lambda x: 2 * x, batch_size=300
    )
    assert statistics.mean.dtype == statistics.covariance.dtype == "float64"
    np.testing.assert_allclose(
        statistics.mean, 2 * ROWS.astype("float32").mean(0, "float64")
    )
    assert statistics.count == 1000


def test_bad_batches_are_refused():
    statistics = gathered(ROWS)
    for batch in (ROWS[0], ROWS[:0], np.full((2, 7), np.inf)):
        with pytest.raises(ValueError, match="`batch` must be finite features"):
            statistics.update(batch)
    with pytest.raises(ValueError, match="`batch` must have 7 features"):
        statistics.update(np.eye(3))
    assert_are_of(statistics, ROWS)


def test_too_few_rows_are_told():
    with pytest.raises(ValueError, match="mean needs at least 1 rows"):
        kl.FeatureStatistics().mean  # noqa: B018
    with pytest.raises(ValueError, match="covariance needs at least 2 rows"):
        gathered(ROWS[:1]).covariance  # noqa: B018


def test_other_features_are_not_mixed(tmp_path):
    first, second = gathered(ROWS, features="a"), gathered(ROWS, features="b")
    with pytest.raises(ValueError, match="same `features`. Received: 'a'"):
        first.merge(second)
    with pytest.raises(ValueError, match="same `features`"):
        kl.frechet_distance(first, second)


def test_other_files_are_refused(tmp_path):
    with pytest.raises(ValueError, match="`path` must end in '.npz'"):
        gathered(ROWS).save(tmp_path / "real")
    np.savez(tmp_path / "theirs.npz", mu=1, sigma=1)
    with pytest.raises(ValueError, match="without .'count', 'features'."):
        kl.FeatureStatistics.load(tmp_path / "theirs.npz")
