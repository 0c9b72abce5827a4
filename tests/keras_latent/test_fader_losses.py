"""The losses of an encoder, against sums written out in numpy."""

import numpy as np
import pytest
from numpy.testing import assert_allclose

from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.fader_losses import (
    attribute_accuracy,
    attribute_crossentropy,
    entropy_loss,
    flip_loss,
    negative_loss,
)

SIZES = [2, 3, 4]
GENERATOR = np.random.default_rng(0)
LABELS = np.stack([GENERATOR.integers(0, size, 50) for size in SIZES], axis=1)
LOGITS = GENERATOR.normal(scale=3, size=(50, sum(SIZES)))
TARGETS = one_hot_attributes(LABELS, SIZES)


def minus_log_share(labels):
    """Sum over the attributes of -log softmax(logits)[label]."""
    total, start = np.zeros(len(labels)), 0
    for column, size in enumerate(SIZES):
        exponents = np.exp(LOGITS[:, start : start + size])
        chosen = exponents[np.arange(len(labels)), labels[:, column]]
        total -= np.log(chosen / exponents.sum(axis=1))
        start += size
    return total


def test_crossentropy_is_the_sum_over_attributes():
    loss = attribute_crossentropy(LOGITS, TARGETS, SIZES)
    assert_allclose(loss, minus_log_share(LABELS), rtol=1e-5)


def test_negative_is_minus_the_crossentropy():
    loss = negative_loss(LOGITS, TARGETS, SIZES)
    assert_allclose(loss, -minus_log_share(LABELS), rtol=1e-5)


def test_flip_is_the_crossentropy_of_the_class_an_offset_away():
    highs = np.array(SIZES)
    offsets = np.random.default_rng(1).integers(1, highs, size=LABELS.shape)
    wrong = (LABELS + offsets) % highs
    assert (wrong != LABELS).all()
    loss = flip_loss(LOGITS, TARGETS, SIZES, offsets)
    assert_allclose(loss, minus_log_share(wrong), rtol=1e-5)


def test_flip_of_a_binary_attribute_is_the_other_class():
    logits, label = np.array([[1.0, 3.0], [1.0, 3.0]]), [[1.0, 0], [0, 1.0]]
    loss = flip_loss(logits, label, [2], [[1], [1]])
    expected = [np.log(1 + np.exp(-2)), np.log(1 + np.exp(2))]
    assert_allclose(loss, expected, rtol=1e-5)


def test_entropy_is_the_mean_over_wished_classes():
    expected, start = np.zeros(50), 0
    for size in SIZES:
        part = LOGITS[:, start : start + size]
        log_share = part - np.log(np.exp(part).sum(axis=1, keepdims=True))
        expected -= log_share.mean(axis=1)
        start += size
    assert_allclose(entropy_loss(LOGITS, SIZES), expected, rtol=1e-5)


def test_entropy_is_least_where_the_classifier_cannot_tell():
    least = entropy_loss(np.zeros((1, 9)), SIZES)[0]
    assert_allclose(least, np.log(2 * 3 * 4), rtol=1e-6)
    assert (np.array(entropy_loss(LOGITS, SIZES)) > float(least)).all()


def test_accuracy_is_the_share_of_attributes_named():
    logits = np.array([[2, 1, 0, 0, 1, 9, 0, 0, 0.0]] * 2)
    targets = one_hot_attributes(np.array([[0, 2, 0], [1, 2, 0]]), SIZES)
    accuracy = attribute_accuracy(logits, targets, SIZES)
    assert_allclose(accuracy, [1, 2 / 3], rtol=1e-6)


@pytest.mark.parametrize("shape", [(50,), (50, 1)])
def test_one_attribute_may_be_a_row_or_a_column(shape):
    labels = LABELS[:, 1].reshape(shape)
    assert_allclose(one_hot_attributes(labels, [3]), np.eye(3)[LABELS[:, 1]])


def test_columns_pass_as_they_are():
    columns = GENERATOR.normal(size=(4, 9)).astype("float32")
    assert_allclose(one_hot_attributes(columns, SIZES), columns)


def test_a_class_that_does_not_exist_is_not_a_row_of_zeros():
    rows = np.array(one_hot_attributes([0, 3, -1, 2], [3]))
    assert np.isnan(rows[[1, 2]]).all()
    assert_allclose(rows[[0, 3]], [[1, 0, 0], [0, 0, 1]])
