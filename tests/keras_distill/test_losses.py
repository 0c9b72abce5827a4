"""The loss of a subclass model: its value, weights, types and labels."""

import keras
import numpy as np
import pytest
from gradients import gradient
from numpy.testing import assert_allclose

import keras_distill as kd


def draw(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype("float32")


LABELS = np.array([0, 1, 1, 0, 1])
LOGITS = 2 * draw(5, 6)


def crossentropy(labels, logits, num_classes=2):
    """Minus log of the label's block of probabilities, in float64."""
    powers = np.exp(np.asarray(logits, "float64"))
    powers = powers.reshape(len(logits), num_classes, -1).sum(axis=-1)
    shares = powers / powers.sum(axis=-1, keepdims=True)
    return -np.log(shares[np.arange(len(logits)), labels])


def diversity(logits, temperature):
    rows = np.asarray(logits, "float64")
    rows = rows - rows.mean(axis=1, keepdims=True)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    sums = np.exp(rows @ rows.T / temperature).sum(axis=1)
    return np.log(sums) - 1 / temperature - np.log(len(rows))


@pytest.mark.parametrize("weight, temperature", [(0, 1), (1, 1), (0.7, 0.3)])
def test_crossentropy_of_the_class_plus_weighted_diversity(weight, temperature):
    loss = kd.SubclassCrossentropy(2, weight, temperature)
    expected = crossentropy(LABELS, LOGITS)
    expected += weight * diversity(LOGITS, temperature)
    assert_allclose(float(loss(LABELS, LOGITS)), expected.mean(), rtol=1e-5)


def test_without_reduction_there_is_a_value_per_example():
    loss = kd.SubclassCrossentropy(3, 0.0, reduction=None)
    found = keras.ops.convert_to_numpy(loss(LABELS, LOGITS))
    assert_allclose(found, crossentropy(LABELS, LOGITS, 3), rtol=1e-5)


def test_one_subclass_per_class_is_keras_own_crossentropy():
    loss = kd.SubclassCrossentropy(6, diversity_weight=0.0)
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    assert_allclose(loss(LABELS, LOGITS), plain(LABELS, LOGITS), rtol=1e-6)


def test_weights_weigh_examples_also_in_their_diversity():
    weights = np.array([0.0, 1.0, 2.0, 0.5, 3.0])
    found = kd.SubclassCrossentropy(2)(LABELS, LOGITS, weights)
    each = crossentropy(LABELS, LOGITS) + diversity(LOGITS, 1.0)
    assert_allclose(float(found), (weights * each).mean(), rtol=1e-5)


def test_weights_of_zero_give_no_gradient():
    loss = kd.SubclassCrossentropy(2)
    slopes = gradient(lambda z: loss(LABELS, z, np.zeros(5)), LOGITS)
    assert not slopes.any()


@pytest.mark.parametrize("dtype", ["int64", "uint8", "float32", "bool"])
@pytest.mark.parametrize("shape", [(5,), (5, 1)])
def test_labels_of_any_type_and_a_last_axis_of_one(dtype, shape):
    labels = LABELS.astype(dtype).reshape(shape)
    loss = kd.SubclassCrossentropy(2)
    assert float(loss(labels, LOGITS)) == float(loss(LABELS, LOGITS))


def test_a_wrong_and_certain_example_has_the_full_gradient():
    loss = kd.SubclassCrossentropy(2, diversity_weight=0.0)
    logits = [[0.0, 0.0, 200.0, 0.0]]
    found = gradient(lambda z: loss([0], z), logits)
    assert_allclose(found, [[-0.5, -0.5, 1.0, 0.0]], atol=1e-6)


def test_half_precision_logits_give_a_finite_float32_loss():
    logits = (2000 * LOGITS).astype("float16")
    found = kd.SubclassCrossentropy(2)(LABELS, logits)
    assert keras.backend.standardize_dtype(found.dtype) == "float32"
    expected = kd.SubclassCrossentropy(2)(LABELS, logits.astype("float32"))
    assert np.isfinite(float(found)) and float(found) == float(expected)


@pytest.mark.parametrize(
    "labels, message",
    [
        (np.array([0, 1, 2, 0, 1]), r"\[0, 2\).*1 others, such as \[2.0\]"),
        (np.array([0, -1, 7, -1, 1]), r"3 others, such as \[-1.0, 7.0\]"),
        (np.array([0, 1, 0.5, 0, 1]), r"whole numbers.*such as \[0.5\]"),
        (np.array([0, 1, np.nan, 0, 1]), "whole numbers.*nan"),
        (np.array([0, 1, 2**32 + 1, 0, 1]), "whole numbers"),
        (np.eye(2)[LABELS], r"shape \(5, 2\). One-hot labels become"),
        (LABELS[:4], r"shape \(5, .\) and 4 labels"),
        (LABELS[:1], r"shape \(5, .\) and 1 labels"),
        (np.int64(1), r"shape \(\)"),
    ],
)
@pytest.mark.parametrize(
    "use",
    [kd.SubclassCrossentropy(2), kd.SubclassAccuracy(2).update_state],
    ids=["loss", "metric"],
)
def test_bad_labels_are_refused(use, labels, message):
    with pytest.raises(ValueError, match=message):
        use(labels, LOGITS)


@pytest.mark.parametrize(
    "arguments, name",
    [
        (dict(num_classes=0), "num_classes"),
        (dict(num_classes=2.5), "num_classes"),
        (dict(diversity_weight=-1.0), "diversity_weight"),
        (dict(diversity_weight=np.nan), "diversity_weight"),
        (dict(diversity_temperature=0.0), "diversity_temperature"),
        (dict(cross_replica=1), "cross_replica"),
    ],
)
def test_bad_arguments_are_named(arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be .*Received"):
        kd.SubclassCrossentropy(**{"num_classes": 2, **arguments})


@pytest.mark.parametrize("shape", [(5, 7), (5, 3, 6), (30,)])
@pytest.mark.parametrize("weight", [0.0, 1.0])
def test_bad_logits_are_refused(shape, weight):
    with pytest.raises(ValueError, match="subclass logits must"):
        kd.SubclassCrossentropy(4, weight)(LABELS, draw(*shape))
