"""LiteRT export: same outputs, honest encodings, quiet, atomic."""

import dataclasses

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export
from keras_export.representative import representative_arrays


@pytest.mark.parametrize("sparse", [True, False])
def test_outputs_equal_predict_at_every_batch_size(
    sparse, named_model, make_inputs, tmp_path
):
    name, model = named_model
    inputs = make_inputs(name, 35)  # runs as 32, 3 and 1
    report = keras_export.litert(
        model, tmp_path / "m.tflite", sparse=sparse, samples=inputs
    )
    assert report.difference <= 1e-5


@pytest.mark.parametrize(
    "zeros, pattern, sparse, largest, encoding",
    [
        (0.9, "unstructured", "auto", 0.25, "csr"),
        (0.9, "1x4", True, 0.2, "block 1x4"),
        (0.5, "1x4", "auto", 0.75, "csr"),  # blocks would be slower than dense
        (0.2, "unstructured", "auto", 1.01, "dense"),  # an index costs more
    ],
)
def test_sizes_and_encodings_of_an_mlp(
    zeros, pattern, sparse, largest, encoding, make_model, make_inputs, tmp_path
):
    model = make_model("mlp", zeros, pattern)
    dense = keras_export.litert(
        model, tmp_path / "dense.tflite", sparse=False, verify=False
    )
    sparse = keras_export.litert(
        model,
        tmp_path / "sparse.tflite",
        sparse=sparse,
        samples=make_inputs("mlp", 3),
    )
    assert sparse.bytes <= largest * dense.bytes
    assert [row.encoding for row in dense.weights] == ["dense"] * 3
    assert [row.encoding for row in sparse.weights] == [encoding] * 3
    kernels = [w.numpy().T for w in model.weights if "kernel" in w.path]
    by_shape = {kernel.shape: kernel for kernel in kernels}
    for report in (dense, sparse):
        assert {row.shape for row in report.weights} == set(by_shape)
        for row in report.weights:
            kernel = by_shape[row.shape]
            assert row.operator == "FULLY_CONNECTED"
            assert type(row.zeros) is float
            assert row.zeros == pytest.approx(np.mean(kernel == 0))
    assert (dense.difference, sparse.difference <= 1e-5) == (None, True)


def test_report_has_the_sizes_on_disk_and_the_caveat(make_model, tmp_path):
    path = tmp_path / "m.tflite"
    report = keras_export.litert(make_model("mlp"), str(path))
    assert report.path == str(path) and report.format == "litert"
    assert report.bytes == path.stat().st_size > report.gzip_bytes > 0
    assert "smaller file, not a faster one" in report.note


def test_convolutions_are_stored_as_csr(make_model, tmp_path):
    model = make_model("convolutional")
    report = keras_export.litert(model, tmp_path / "m.tflite", verify=False)
    rows = {row.operator: row for row in report.weights}
    assert set(rows) == {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
    assert all(row.encoding == "csr" for row in report.weights)
    assert all(
        row.zeros == pytest.approx(0.9, abs=0.05) for row in rows.values()
    )


def test_training_leaves_no_trace(make_model, make_inputs, tmp_path):
    model = make_model("subclassed")
    before = keras_export.litert(
        model, tmp_path / "before.tflite", verify=False
    )
    weights = model.get_weights()
    model.compile(keras.optimizers.Adam(), "mse", metrics=["mae"])
    inputs = make_inputs("subclassed", 8)
    model.fit(inputs, np.ones((8, 3)), verbose=0)
    model.set_weights(weights)
    after = keras_export.litert(model, tmp_path / "after.tflite", verify=False)
    # Only the numbers in names that TensorFlow makes up may differ.
    assert abs(after.bytes - before.bytes) < 200
    assert [r.shape for r in after.weights] == [r.shape for r in before.weights]


def test_prints_nothing(make_model, make_inputs, tmp_path, capfd):
    model = make_model("convolutional")
    inputs = make_inputs("convolutional", 3)
    capfd.readouterr()
    report = keras_export.litert(model, tmp_path / "m.tflite")
    keras_export.verify(model, report.path, inputs)
    keras_export.benchmark({"only": report.path}, inputs, repeats=2)
    assert capfd.readouterr() == ("", "")


def test_recurrent_layer_needs_unroll_or_a_batch_size(
    make_model, make_inputs, tmp_path, capfd
):
    model = make_model("recurrent", unroll=False)
    path = tmp_path / "m.tflite"
    with pytest.raises(ValueError, match="TensorList.*`batch_size=1`.*unroll"):
        keras_export.litert(model, path)
    assert capfd.readouterr() == ("", "")
    assert list(tmp_path.iterdir()) == []
    inputs = make_inputs("recurrent", 5)  # the third batch is filled up
    report = keras_export.litert(model, path, batch_size=2, samples=inputs)
    assert report.difference <= 1e-5


def test_batch_size_of_several_inputs(make_model, make_inputs, tmp_path):
    model = make_model("two_inputs")
    path = tmp_path / "m.tflite"
    inputs = make_inputs("two_inputs", 4)
    report = keras_export.litert(model, path, batch_size=3, samples=inputs)
    assert report.difference <= 1e-5


@pytest.mark.parametrize("kind", ["array", "generator", "dataset"])
def test_forms_of_representative_data(kind, tiny):
    inputs = np.arange(24.0, dtype="float32").reshape(6, 4)
    data = {
        "array": inputs,
        "generator": (batch for batch in (inputs[:4], inputs[4:])),
        "dataset": tf.data.Dataset.from_tensor_slices(inputs).batch(4),
    }[kind]
    (array,) = representative_arrays(tiny, data).values()
    np.testing.assert_array_equal(array, inputs)


def test_int8_with_float_inputs_and_outputs(make_model, make_inputs, tmp_path):
    model = make_model("mlp", 0.95, "1x4")
    report = keras_export.litert(
        model,
        tmp_path / "m.tflite",
        quantize="int8",
        representative_data=(make_inputs("mlp", 6) for _ in range(2)),
    )
    assert (report.quantize, report.target) == ("int8", "any")
    file = keras_export.flatbuffer.read_model(report.path)
    (graph,) = file.subgraphs
    ends = [*graph.inputs, *graph.outputs]
    assert {graph.tensors[place].type for place in ends} == {0}  # FLOAT32
    assert [row.dtype for row in report.weights] == ["int8"] * 3
    kernels = {w.shape[::-1]: w.numpy() for w in model.weights}
    for row in report.weights:
        # What is zero stays zero, and small values become zero.
        assert np.mean(kernels[row.shape] == 0) <= row.zeros < 0.97
        assert row.bytes == np.prod(row.shape)
    assert 0 < report.difference < 0.5


def test_several_inputs_in_int8_at_a_fixed_batch_size(
    make_model, make_inputs, tmp_path
):
    report = keras_export.litert(
        make_model("two_inputs"),
        tmp_path / "m.tflite",
        quantize="int8",
        representative_data=make_inputs("two_inputs", 5),
        batch_size=2,
    )
    assert report.difference > 0


@pytest.mark.parametrize(
    "weights, text", [([1, 0], "dense"), ([np.nan, 0], "")]
)
def test_a_file_that_fails_verification_is_not_kept(
    weights, text, tiny, tmp_path, monkeypatch
):
    """A bad sparse file gives way to the dense one; a bad dense one to none."""

    def spoil(content, setting):
        weight = tiny.get_weights()[0].T.tobytes()
        assert content.count(weight) == 1
        rows = [keras_export.LayerRow("kernel", "block 1x4", "Smaller.")]
        return content.replace(weight, bytes(len(weight))), rows

    monkeypatch.setattr("keras_export.to_litert.encode", spoil)
    tiny.set_weights([np.full((4, 2), weights[0]), np.full(2, weights[1])])
    path = tmp_path / "m.tflite"
    if not text:
        with pytest.raises(keras_export.VerificationError, match="nan"):
            keras_export.litert(tiny, path)
        assert list(tmp_path.iterdir()) == []
        return
    report = keras_export.litert(tiny, path)
    assert report.difference <= 1e-5
    ((_, encoding, reason),) = map(dataclasses.astuple, report.layers)
    assert encoding == "dense" and "failed verification" in reason
