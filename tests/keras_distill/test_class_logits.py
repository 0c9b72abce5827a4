"""Class logits are the logsumexp of contiguous blocks of subclass logits."""

import keras
import numpy as np
import pytest
from gradients import gradient
from numpy.testing import assert_allclose

import keras_distill as kd


def to_numpy(tensor):
    return keras.ops.convert_to_numpy(tensor)


def softmax(logits):
    powers = np.exp(logits - logits.max(axis=-1, keepdims=True))
    return powers / powers.sum(axis=-1, keepdims=True)


def draw(*shape, seed=0, scale=3.0):
    generator = np.random.default_rng(seed)
    return (scale * generator.normal(size=shape)).astype("float32")


@pytest.mark.parametrize("num_classes, width", [(2, 10), (5, 10), (1, 4)])
def test_softmax_of_class_logits_sums_the_subclasses(num_classes, width):
    logits = draw(7, width)
    found = softmax(to_numpy(kd.class_logits(logits, num_classes)))
    subclasses = softmax(logits.astype("float64"))
    for label in range(num_classes):
        size = width // num_classes
        block = subclasses[:, label * size : (label + 1) * size]
        assert_allclose(found[:, label], block.sum(axis=-1), atol=1e-6)


def test_one_subclass_per_class_changes_nothing():
    logits = draw(4, 6)
    assert_allclose(to_numpy(kd.class_logits(logits, 6)), logits, atol=1e-6)


def test_large_logits_do_not_overflow():
    found = to_numpy(kd.class_logits([[3e4, -3e4, 0.0, -3e4]], 2))
    assert_allclose(found, [[3e4, 0.0]])


def test_gradient_is_the_softmax_within_each_block():
    logits = draw(1, 6)
    function = lambda z: keras.ops.sum(kd.class_logits(z, 2))  # noqa: E731
    expected = np.concatenate([softmax(logits[:, :3]), softmax(logits[:, 3:])])
    assert_allclose(gradient(function, logits), expected.reshape(1, 6), 1e-5)


def test_lists_of_ints_are_logits():
    assert_allclose(to_numpy(kd.class_logits([[0, 0]], 1)), [[np.log(2.0)]])


def test_half_precision_stays_half_precision():
    found = kd.class_logits(draw(2, 4).astype("float16"), 2)
    assert keras.backend.standardize_dtype(found.dtype) == "float16"


@pytest.mark.parametrize(
    "shape", [(None, 4), (None, None, 4), (3, None, 4), (None, 5, 4), (3, 4)]
)
def test_shapes_of_symbolic_inputs(shape):
    inputs = keras.Input(batch_shape=shape)
    for outputs in (kd.ClassLogits(2)(inputs), kd.class_logits(inputs, 2)):
        assert outputs.shape == (*shape[:-1], 2)
        values = draw(3, *(5,) * (len(shape) - 2), 4)
        found = to_numpy(keras.Model(inputs, outputs)(values))
        expected = np.log(
            np.exp(values).reshape(*values.shape[:-1], 2, 2).sum(-1)
        )
        assert_allclose(found, expected, atol=1e-5)


def test_masks_of_sequences_pass_through():
    inputs = keras.Input((6,), dtype="int32")
    embedded = keras.layers.Embedding(9, 4, mask_zero=True)(inputs)
    found = keras.Model(inputs, kd.ClassLogits(2)(embedded))
    assert found.output_shape == (None, 6, 2)
    assert kd.ClassLogits(2).supports_masking


@pytest.mark.parametrize("num_classes", [0, -1, 2.0, True, None, "2"])
def test_the_number_of_classes_is_a_positive_int(num_classes):
    with pytest.raises(ValueError, match="`num_classes` must be an int"):
        kd.ClassLogits(num_classes)
    with pytest.raises(ValueError, match="`num_classes` must be an int"):
        kd.class_logits(draw(2, 4), num_classes)


@pytest.mark.parametrize("shape", [(None, 5), (None, None)])
def test_the_width_is_a_known_multiple(shape):
    inputs = keras.Input(batch_shape=shape)
    for function in (kd.ClassLogits(2), lambda z: kd.class_logits(z, 2)):
        with pytest.raises(ValueError, match="known multiple of `num_classes`"):
            function(inputs)


@pytest.mark.parametrize("logits", [draw(2, 5), 3.0, np.zeros((2, 0))])
def test_bad_arrays_name_their_shape(logits):
    with pytest.raises(ValueError, match=r"Received: shape \(.*num_classes=2"):
        kd.class_logits(logits, 2)
