"""Accuracy and diversity as metrics: means over examples and batches."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import keras_distill as kd

LOGITS = np.random.default_rng(0).normal(size=(9, 6)).astype("float32")
LABELS = np.random.default_rng(1).integers(3, size=9)


def right(logits, labels):
    sums = np.exp(logits).reshape(len(logits), 3, -1).sum(axis=-1)
    return sums.argmax(axis=-1) == labels


@pytest.mark.parametrize("shape", [(9,), (9, 1)])
def test_accuracy_is_that_of_the_class_with_most_probability(shape):
    metric = kd.SubclassAccuracy(3)
    metric.update_state(LABELS.reshape(shape), LOGITS)
    assert_allclose(float(metric.result()), right(LOGITS, LABELS).mean())


def test_the_largest_subclass_may_be_of_another_class():
    logits = np.log([[0.3, 0.3, 0.4, 0.0001]])
    metric = kd.SubclassAccuracy(2)
    metric.update_state([0], logits)
    assert float(metric.result()) == 1.0


def test_half_precision_logits_are_summed_in_float32():
    # The second class has the logit 300.0009, which in float16 is 300.
    logits = np.array([[300.0, -9.0, 300.0, 293.0]], "float16")
    metric = kd.SubclassAccuracy(2)
    metric.update_state([1], logits)
    assert float(metric.result()) == 1.0


def test_accuracy_weighs_examples_and_batches():
    metric = kd.SubclassAccuracy(3)
    weights = np.arange(9.0)
    for rows in (slice(0, 5), slice(5, 9)):
        metric.update_state(LABELS[rows], LOGITS[rows], weights[rows])
    expected = np.average(right(LOGITS, LABELS), weights=weights)
    assert_allclose(float(metric.result()), expected, rtol=1e-6)
    metric.reset_state()
    metric.update_state(LABELS[:1], LOGITS[:1])
    assert float(metric.result()) == right(LOGITS[:1], LABELS[:1])[0]


def test_diversity_is_the_mean_over_examples_of_all_batches():
    metric = kd.SubclassDiversity(temperature=0.3)
    batches = LOGITS[:6], LOGITS[6:]
    each = [keras.ops.convert_to_numpy(kd.diversity(b, 0.3)) for b in batches]
    for batch in batches:
        metric.update_state(np.zeros(len(batch)), batch)
    expected = np.concatenate(each).mean()
    assert_allclose(float(metric.result()), expected, rtol=1e-5)


def test_diversity_weighs_examples():
    metric, weights = kd.SubclassDiversity(), np.arange(9.0)
    metric.update_state(LABELS, LOGITS, weights)
    each = keras.ops.convert_to_numpy(kd.diversity(LOGITS))
    expected = np.average(each, weights=weights)
    assert_allclose(float(metric.result()), expected, rtol=1e-5)


def test_bad_arguments_are_named():
    with pytest.raises(ValueError, match="`num_classes` must be an int"):
        kd.SubclassAccuracy(0)
    with pytest.raises(ValueError, match="`temperature` must be"):
        kd.SubclassDiversity(temperature=0)
    with pytest.raises(ValueError, match="`cross_replica` must be"):
        kd.SubclassDiversity(cross_replica=None)
    with pytest.raises(ValueError, match="multiple of `num_classes`"):
        kd.SubclassAccuracy(4).update_state(LABELS, LOGITS)
