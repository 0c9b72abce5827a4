"""How far outputs may be off: by hand, and on the converter's formats."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_export.judging import Judge, VerificationError
from keras_export.quiet import quiet
from keras_export.tolerances import (
    disagreement,
    model_format,
    number_format,
)


def judge(numbers, expected, actual):
    expected, actual = np.array(expected), np.array(actual)
    difference, limit, _ = disagreement(numbers, expected, actual, expected)
    return difference, limit


@pytest.mark.parametrize(
    "numbers, expected, actual, difference, limit",
    [
        ("float32", [0.5, -0.25], [0.5, 0.0], 0.25, 1e-5),
        ("float32", [20.0, 0.0], [20.5, 0.0], 0.5, 2e-4),
        ("float32", [1.0, -np.inf], [1.0, -np.inf], 0.0, 1e-5),
        # Errors 3 and 4, outputs 6 and 8: sqrt(12.5) / sqrt(50).
        ("int8", [6.0, 8.0], [9.0, 12.0], 0.5, 0.25),
        ("dynamic", [6.0, 8.0], [9.0, 12.0], 0.5, 0.25),
        ("float16", [0.0, -10.0], [0.0, -9.0], 0.1, 0.01),
        ("float16", [0.0, -np.inf], [0.0, -np.inf], 0.0, 0.01),
    ],
)
def test_by_hand(numbers, expected, actual, difference, limit):
    found = judge(numbers, expected, actual)
    assert found == pytest.approx((difference, limit))


@pytest.mark.parametrize("numbers", ["float32", "float16", "dynamic", "int8"])
def test_nan_and_new_infinities_never_agree(numbers):
    for wrong in (np.nan, np.inf):
        difference, limit = judge(numbers, [1.0, 2.0], [1.0, wrong])
        assert not difference <= limit
    difference, limit = judge(numbers, [np.nan, 1.0], [np.nan, 1.0])
    assert not difference <= limit


def test_unrelated_outputs_are_far_above_the_limit():
    generator = np.random.default_rng(0)
    expected = np.eye(10)[generator.integers(10, size=32)]
    permuted = np.eye(10)[generator.integers(10, size=32)]
    for garbage in (permuted, np.zeros((32, 10)), np.full((32, 10), 0.1)):
        difference, limit = judge("int8", expected, garbage)
        assert difference > 0.9 > 3 * limit


@pytest.mark.parametrize("numbers", ["float16", "dynamic", "int8"])
def test_the_first_example_alone_may_be_the_noisiest(numbers):
    expected = np.ones((4096, 1))
    batch = np.ones((4096, 1))
    batch[0] += 0.5

    def compare(actual, tolerance=None, where="here"):
        judge = Judge("m.tflite", {"y": expected}, tolerance, numbers)
        judge.compare([{"y": batch}], 0, "here")
        return judge.compare([{"y": actual}], 0, where)

    assert compare(batch[:1]) == compare(batch[:1], tolerance=0.5) == 0.5
    for wrong in (np.nan, 2.0):
        with pytest.raises(VerificationError, match="at batch size 1"):
            compare(np.full((1, 1), wrong))
    with pytest.raises(VerificationError, match="at batch size 1"):
        compare(batch[:1], where="elsewhere")


@pytest.mark.parametrize("numbers", ["float32", "float16", "dynamic", "int8"])
def test_names_the_format_of_a_file(numbers, make_model, tmp_path):
    model = make_model("mlp")
    with quiet():
        model.export(str(tmp_path / "s"), verbose=False)
        converter = tf.lite.TFLiteConverter.from_saved_model(
            str(tmp_path / "s")
        )
        if numbers != "float32":
            converter.optimizations = [tf.lite.Optimize.DEFAULT]
        if numbers == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if numbers == "int8":
            ones = np.ones((1, 64), "float32")
            converter.representative_dataset = lambda: iter([[ones]])
        (tmp_path / "m.tflite").write_bytes(converter.convert())
    assert number_format(tmp_path / "m.tflite") == numbers


def test_names_the_format_of_a_model():
    half = keras.layers.Dense(2, dtype="mixed_float16")
    inner = keras.Sequential([keras.Input((4,)), half])
    plain = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
    assert model_format(keras.Sequential([keras.Input((4,)), inner])) == (
        "float16"
    )
    assert model_format(plain) == "float32"
