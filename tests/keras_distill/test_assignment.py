"""The assignment of subclasses is exact, also where it is not square."""

import itertools

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose, assert_array_equal

import keras_distill as kd


def logits_of(subclasses, width):
    return 3.0 * np.eye(width)[np.asarray(subclasses)]


def best(subclasses, labels, width, num_labels):
    """Every way to name subclasses, tried out."""
    names = list(range(num_labels)) + [-1] * width
    return max(
        np.mean(np.array(naming)[subclasses] == labels)
        for naming in set(itertools.permutations(names, width))
    )


@pytest.mark.parametrize("width, num_labels", [(4, 4), (4, 2), (2, 4), (1, 3)])
@pytest.mark.parametrize("seed", range(5))
def test_no_naming_is_better(width, num_labels, seed):
    generator = np.random.default_rng(seed)
    subclasses = generator.integers(width, size=40)
    labels = generator.integers(num_labels, size=40)
    found, permutation = kd.subclass_assignment(
        logits_of(subclasses, width), labels
    )
    assert found == best(subclasses, labels, width, num_labels)
    named = permutation[permutation >= 0]
    assert len(set(named.tolist())) == len(named) == min(width, num_labels)
    assert np.mean(permutation[subclasses] == labels) == found


def test_planted_names_come_back():
    planted = np.random.default_rng(0).permutation(10)
    subclasses = np.arange(10).repeat(5)
    found, permutation = kd.subclass_assignment(
        logits_of(subclasses, 10), planted[subclasses]
    )
    assert found == 1.0
    assert_array_equal(permutation, planted)


def test_the_largest_cell_is_not_always_taken():
    # Greedy: 0 -> 0 (5 right) leaves 1 -> 1 (0 right); exact: 4 + 4.
    subclasses, labels = [0] * 9 + [1] * 4, [0] * 5 + [1] * 4 + [0] * 4
    found, permutation = kd.subclass_assignment(
        logits_of(subclasses, 2), labels
    )
    assert found == 8 / 13
    assert permutation.tolist() == [1, 0]


def test_labels_may_have_gaps():
    found, permutation = kd.subclass_assignment(
        logits_of([0, 1, 2], 3), [70, 4, 70]
    )
    assert found == 2 / 3
    assert sorted(permutation.tolist()) == [-1, 4, 70]


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32"])
def test_labels_of_any_type_and_tensors(dtype):
    labels = np.array([[1], [0]], dtype)
    logits = keras.ops.convert_to_tensor(logits_of([0, 1], 2))
    assert kd.subclass_assignment(logits, labels)[0] == 1.0
    labels = keras.ops.convert_to_tensor(labels)
    assert kd.normalized_mutual_information(logits, labels) == 1.0


def test_mutual_information_by_hand():
    subclasses, labels = [0, 0, 1, 1], [0, 0, 0, 1]
    joint = np.array([[2, 0], [1, 1]]) / 4
    rows, columns = joint.sum(axis=1), joint.sum(axis=0)
    outer, there = np.outer(rows, columns), joint > 0
    mutual = (joint[there] * np.log(joint[there] / outer[there])).sum()
    entropies = [-(p * np.log(p)).sum() for p in (rows, columns)]
    expected = mutual / np.mean(entropies)
    for given in (subclasses, logits_of(subclasses, 3)):
        found = kd.normalized_mutual_information(given, labels)
        assert_allclose(found, expected, rtol=1e-9)


def test_independent_subclasses_tell_nothing():
    subclasses, labels = [0, 0, 1, 1], [0, 1, 0, 1]
    assert kd.normalized_mutual_information(subclasses, labels) < 1e-12


BOTH = pytest.mark.parametrize(
    "function", [kd.subclass_assignment, kd.normalized_mutual_information]
)


@BOTH
@pytest.mark.parametrize(
    "labels, message",
    [
        (np.eye(4), r"shape \(4, 4\). One-hot"),
        ([[0, 1], [2, 3]], r"shape \(2, 2\)"),
        ([0, 1, 2], r"each of 4 examples.*shape \(3,\)"),
        ([0, 1, 2, -1], r"whole numbers from 0.*1 others, such as \[-1\]"),
        ([0, 1, 2, 0.5], "whole numbers"),
        ([0, 1, 2, np.nan], "whole numbers"),
    ],
)
def test_bad_labels_are_refused(function, labels, message):
    with pytest.raises(ValueError, match=f"`fine_labels` .*{message}"):
        function(logits_of([0, 1, 2, 3], 4), labels)


@BOTH
@pytest.mark.parametrize(
    "logits", [np.zeros((0, 3)), np.full((4, 3), np.nan), np.zeros((4, 3, 2))]
)
def test_bad_logits_are_refused(function, logits):
    with pytest.raises(ValueError, match="`subclass_logits` must be finite"):
        function(logits, [0, 1, 2, 3])


def test_subclass_numbers_are_whole():
    with pytest.raises(ValueError, match="`subclasses` must be whole"):
        kd.normalized_mutual_information([0.5, 1.0], [0, 1])
