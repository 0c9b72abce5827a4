"""Quantisation that cannot be had: refused, or told in the report."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export
from keras_export.encodings import Setting, choose


@pytest.mark.parametrize(
    "layer, name",
    [
        (lambda: layers.LSTM(3, name="memory"), r"'memory' \(LSTM\)"),
        (
            lambda: layers.Bidirectional(layers.GRU(3), name="both"),
            r"'both' \(Bidirectional\)",
        ),
    ],
)
def test_int8_refuses_loops(layer, name, tmp_path, capfd):
    """TensorFlow's calibrator crashes on them, and with it the caller."""
    model = keras.Sequential([keras.Input((5, 4)), layer(), layers.Dense(2)])
    path = tmp_path / "m.tflite"
    capfd.readouterr()
    with pytest.raises(ValueError, match=f"no loops.*{name}.*`unroll=True`"):
        keras_export.litert(
            model,
            path,
            quantize="int8",
            representative_data=np.ones((2, 5, 4)),
            batch_size=1,
        )
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []


def test_report_says_what_the_converter_left_in_float32(tiny, tmp_path):
    report = keras_export.litert(
        tiny, tmp_path / "m.tflite", quantize="dynamic", verify=False
    )
    assert [row.dtype for row in report.weights] == ["float32"]
    assert "1 of 1 weights are float32 in spite of `quantize=" in report.note
    report = keras_export.litert(
        tiny, tmp_path / "h.tflite", quantize="float16", verify=False
    )
    assert [row.dtype for row in report.weights] == ["float16"]
    assert "in spite of" not in report.note


def test_representative_data_of_double_precision(make_model, tmp_path):
    report = keras_export.litert(
        make_model("two_inputs"),
        tmp_path / "m.tflite",
        quantize="int8",
        representative_data={"z": np.eye(3), "a": np.eye(4)[:3]},
    )
    assert report.difference > 0


def test_reason_says_where_float32_would_be_smaller():
    weight = np.zeros((8, 3, 3, 8), np.float16)
    weight[..., 0] = 1
    choice = choose(weight, "TRANSPOSE_CONV", "float", Setting())
    assert choice.encoding == "dense"
    assert choice.reason.endswith("Float32 'csr' would be smaller.")
    choice = choose(weight + 1, "TRANSPOSE_CONV", "float", Setting())
    assert choice.reason.endswith("float16 TRANSPOSE_CONV exists.")
    choice = choose(weight, "GATHER", "float", Setting())
    assert choice.reason.endswith("float16 GATHER exists.")
