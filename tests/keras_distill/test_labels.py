"""Labels that no check can refuse never count as a loss of 0."""

import keras
import numpy as np
import pytest
from gradients import gradient

import keras_distill as kd
from keras_distill.labels import class_labels, spoil_invalid

LOGITS = np.random.default_rng(0).normal(size=(3, 4)).astype("float32")
LOSS = kd.SubclassCrossentropy(2)


def compiled(function):
    """The function, compiled by XLA."""
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return tf.function(function, jit_compile=True)
    import jax

    return jax.jit(function)


needs_xla = pytest.mark.skipif(
    keras.backend.backend() not in ("tensorflow", "jax"), reason="no XLA"
)


@pytest.fixture(scope="module")
def loss():
    return compiled(lambda labels, logits: LOSS(labels, logits))


@needs_xla
@pytest.mark.parametrize("label", [2, -1, 0.5, np.nan])
def test_compiled_by_xla_the_loss_and_its_gradient_are_nan(loss, label):
    labels = np.array([1, 0, 1], "float32")
    assert np.isfinite(gradient(lambda z: loss(labels, z), LOGITS)).all()
    labels[2] = label
    assert np.isnan(loss(labels, LOGITS))
    assert np.isnan(gradient(lambda z: loss(labels, z), LOGITS)).any()


def test_only_the_invalid_example_is_spoilt():
    values = np.array([1.0, 2.0, 3.0], "float32")
    found = spoil_invalid(values, keras.ops.convert_to_tensor([0, -1, 1]))
    found = keras.ops.convert_to_numpy(found)
    assert np.isnan(found).tolist() == [False, True, False]
    assert found[[0, 2]].tolist() == [1.0, 3.0]


def test_labels_become_a_vector_of_int32():
    labels = class_labels(np.array([[2], [0]], "uint8"), 3)
    assert keras.backend.standardize_dtype(labels.dtype) == "int32"
    assert keras.ops.convert_to_numpy(labels).tolist() == [2, 0]


def test_more_classes_than_a_byte_holds():
    labels = class_labels(np.array([255, 0], "uint8"), 1000)
    assert keras.ops.convert_to_numpy(labels).tolist() == [255, 0]
