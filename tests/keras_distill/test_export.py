"""A classifier leaves Keras alone, by either way out."""

import keras
import numpy as np
import pytest
from numpy.testing import assert_allclose

import keras_distill as kd
import keras_export as ke

X = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")


@pytest.fixture(scope="module")
def student():
    keras.utils.set_random_seed(0)
    layers = keras.layers.Dense(16, "relu"), keras.layers.Dense(6)
    return keras.Sequential([keras.Input((8,)), *layers])


@pytest.mark.parametrize("write", [ke.litert, ke.saved_model])
def test_an_exported_classifier_gives_class_probabilities(
    student, write, tmp_path
):
    name = "student.tflite" if write is ke.litert else "student"
    write(kd.classifier(student, 2), tmp_path / name)
    found = ke.predict(tmp_path / name, X)
    powers = np.exp(student.predict(X, verbose=0)).reshape(5, 2, 3).sum(-1)
    expected = powers / powers.sum(axis=-1, keepdims=True)
    assert_allclose(found, expected, atol=1e-5)
