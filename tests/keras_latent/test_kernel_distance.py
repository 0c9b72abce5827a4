"""The kernel distance against a double loop, and that it is unbiased."""

import numpy as np
import pytest

import keras_latent as kl
from keras_latent.kernel_distance import polynomial_mmd


def kernel(a, b):
    return (sum(a * b) / len(a) + 1) ** 3


def by_loops(x, y):
    within = []
    for rows in (x, y):
        pairs = [
            kernel(rows[i], rows[j])
            for i in range(len(rows))
            for j in range(len(rows))
            if i != j
        ]
        within.append(np.mean(pairs))
    across = np.mean([kernel(a, b) for a in x for b in y])
    return within[0] + within[1] - 2 * across


@pytest.mark.parametrize("block", [3, 7, 1024])
def test_it_is_the_double_loop_in_blocks_too(block, monkeypatch):
    random = np.random.default_rng(0)
    x, y = random.normal(size=(11, 4)), random.normal(size=(8, 4)) + 0.5
    # The package has a function of the name of the module.
    monkeypatch.setitem(polynomial_mmd.__globals__, "BLOCK", block)
    np.testing.assert_allclose(polynomial_mmd(x, y), by_loops(x, y), 1e-12)
    found = kl.kernel_distance(x, y, subset_size=None)
    np.testing.assert_allclose(found.distance, by_loops(x, y), 1e-12)
    assert len(found.values) == 1 and np.isnan(found.standard_error)


def test_it_is_unbiased():
    random = np.random.default_rng(1)
    draws = random.normal(size=(2000, 2, 10, 5))
    values = [polynomial_mmd(x, y) for x, y in draws]
    error = np.std(values) / np.sqrt(len(values))
    assert abs(np.mean(values)) < 3 * error
    # A sum with the diagonal would be far off.
    own = np.mean([(np.square(x).sum(1) / 5 + 1) ** 3 for x, _ in draws])
    assert own / 10 > 20 * error


def test_disjoint_subsets_of_equal_distributions_are_0_on_average():
    random = np.random.default_rng(2)
    real, generated = random.normal(size=(2, 20000, 8))
    found = kl.kernel_distance(
        real, generated, subsets=100, subset_size=100, batch_size=5000
    )
    assert abs(found.distance) < 3 * found.standard_error
    shifted = kl.kernel_distance(
        real, generated + 0.2, subsets=100, subset_size=100, batch_size=5000
    )
    assert shifted.distance > 10 * shifted.standard_error


def test_mean_and_error_are_over_the_subsets():
    random = np.random.default_rng(3)
    real, generated = random.normal(size=(2, 30, 3))
    found = kl.kernel_distance(real, generated, subsets=20, subset_size=10)
    assert len(found.values) == 20 and len(set(found.values)) > 15
    assert found.distance == float(found) == np.mean(found.values)
    assert found.standard_error == pytest.approx(
        np.std(found.values, ddof=1) / 20**0.5
    )
    again = kl.kernel_distance(real, generated, subsets=20, subset_size=10)
    other = kl.kernel_distance(
        real, generated, subsets=20, subset_size=10, seed=1
    )
    assert found == again and found != other
    exact = kl.kernel_distance(real, generated, subset_size=None)
    assert abs(found.distance - exact.distance) < 4 * found.standard_error


def test_a_subset_of_all_is_one_exact_value():
    real, generated = np.random.default_rng(4).normal(size=(2, 30, 3))
    exact = kl.kernel_distance(real, generated, subset_size=None)
    assert kl.kernel_distance(real, generated, subset_size=30) == exact
    # Of one side alone it is not all.
    found = kl.kernel_distance(real, generated[:20], subset_size=20)
    assert len(found.values) == 100


def test_features_are_named():
    data = np.random.default_rng(5).normal(size=(10, 4, 4))

    def flat(batch):
        return batch.reshape(len(batch), -1)

    found = kl.kernel_distance(data, data + 1, flat, subset_size=None)
    expected = polynomial_mmd(flat(data), flat(data + 1))
    assert found.distance == pytest.approx(expected, rel=1e-12)
    assert found.features == "flat"
    assert (found.real_examples, found.generated_examples) == (10, 10)


@pytest.mark.parametrize(
    "change, message",
    [
        ({"subset_size": 6}, "at least 6 examples, a subset. Received: 9 and"),
        ({"subset_size": 1}, "`subset_size`"),
        ({"subsets": 1}, "`subsets`"),
        ({"seed": -1}, "`seed`"),
        ({"batch_size": 2.5}, "`batch_size`"),
        ({"real": np.eye(9, 3)}, "as many features. Received: 3 and 2"),
        ({"real": np.eye(1, 2), "subset_size": None}, "at least 2 examples"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(real=np.eye(9, 2), generated=np.eye(5, 2), subset_size=4)
    with pytest.raises(ValueError, match=message):
        kl.kernel_distance(**{**good, **change})


@pytest.mark.parametrize("y", [np.eye(3), np.eye(1, 2), np.zeros(2)])
def test_matrices_that_do_not_meet_are_refused(y):
    with pytest.raises(ValueError, match="`x` and `y` must have shapes"):
        polynomial_mmd(np.eye(2), y)
