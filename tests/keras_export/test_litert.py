"""LiteRT export: same outputs, honest encodings, quiet, atomic."""

import sys
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export


@pytest.mark.parametrize("sparse", [True, False])
def test_outputs_equal_predict_at_every_batch_size(
    sparse, named_model, make_inputs, tmp_path
):
    name, model = named_model
    report = keras_export.litert(model, tmp_path / "m.tflite", sparse=sparse)
    inputs = make_inputs(name, 35)  # runs as 32, 3 and 1
    assert keras_export.verify(model, report.path, inputs) <= 1e-5


@pytest.mark.parametrize(
    "zeros, pattern, largest, encoding",
    [
        (0.9, "unstructured", 0.25, "csr"),
        (0.9, "1x4", 0.2, "block 1x4"),
        (0.5, "1x4", 0.6, "block 1x4"),
        (0.2, "unstructured", 1.01, "dense"),  # below the converter's 30 %
    ],
)
def test_sizes_and_encodings_of_an_mlp(
    zeros, pattern, largest, encoding, make_model, make_inputs, tmp_path
):
    model = make_model("mlp", zeros, pattern)
    dense = keras_export.litert(model, tmp_path / "dense.tflite", sparse=False)
    sparse = keras_export.litert(model, tmp_path / "sparse.tflite")
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
    inputs = make_inputs("mlp", 3)
    keras_export.verify(model, sparse.path, inputs)


def test_report_has_the_sizes_on_disk_and_the_caveat(make_model, tmp_path):
    path = tmp_path / "m.tflite"
    report = keras_export.litert(make_model("mlp"), str(path))
    assert report.path == str(path) and report.format == "litert"
    assert report.bytes == path.stat().st_size > report.gzip_bytes > 0
    assert "smaller file, not a faster one" in report.note


def test_convolutions_are_stored_as_csr(make_model, tmp_path):
    model = make_model("convolutional")
    report = keras_export.litert(model, tmp_path / "m.tflite")
    rows = {row.operator: row for row in report.weights}
    assert set(rows) == {"CONV_2D", "DEPTHWISE_CONV_2D", "FULLY_CONNECTED"}
    assert all(row.encoding == "csr" for row in report.weights)
    assert all(
        row.zeros == pytest.approx(0.9, abs=0.05) for row in rows.values()
    )


def test_training_leaves_no_trace(make_model, make_inputs, tmp_path):
    model = make_model("subclassed")
    before = keras_export.litert(model, tmp_path / "before.tflite")
    weights = model.get_weights()
    model.compile(keras.optimizers.Adam(), "mse", metrics=["mae"])
    inputs = make_inputs("subclassed", 8)
    model.fit(inputs, np.ones((8, 3)), verbose=0)
    model.set_weights(weights)
    after = keras_export.litert(model, tmp_path / "after.tflite")
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
    keras_export.litert(model, path, batch_size=2)
    inputs = make_inputs("recurrent", 5)  # the third batch is filled up
    assert keras_export.verify(model, path, inputs) <= 1e-5


def test_batch_size_of_several_inputs(make_model, make_inputs, tmp_path):
    model = make_model("two_inputs")
    path = tmp_path / "m.tflite"
    keras_export.litert(model, path, batch_size=3)
    assert keras_export.verify(model, path, make_inputs("two_inputs", 4)) < 1e-5


def test_names_the_operations_that_litert_lacks(tmp_path):
    class Beta(keras.layers.Layer):
        def call(self, x):
            return tf.math.betainc(tf.abs(x) + 1, tf.abs(x) + 2, tf.sigmoid(x))

    model = keras.Sequential([keras.Input((4,)), Beta()], name="statistic")
    with pytest.raises(ValueError, match="'statistic', which needs Betainc"):
        keras_export.litert(model, tmp_path / "m.tflite")
    assert list(tmp_path.iterdir()) == []


def test_failed_conversion_leaves_nothing_and_shows_the_log(
    tiny, tmp_path, monkeypatch, capfd
):
    def fail(self):
        sys.stdout.write("converter says why")
        raise RuntimeError("out of luck")

    class Failing:
        optimizations = ()
        convert = fail

    monkeypatch.setattr(
        tf.lite.TFLiteConverter, "from_saved_model", lambda folder: Failing()
    )
    with pytest.raises(RuntimeError, match="out of luck"):
        keras_export.litert(tiny, tmp_path / "m.tflite")
    assert "converter says why" in capfd.readouterr().err
    assert list(tmp_path.iterdir()) == []


def test_overwrite(tiny, tmp_path):
    path = tmp_path / "m.tflite"
    path.write_text("old")
    with pytest.raises(FileExistsError, match="`path`.*`overwrite=True`"):
        keras_export.litert(tiny, path)
    assert path.read_text() == "old"
    keras_export.litert(tiny, path, overwrite=True)
    assert path.read_bytes()[4:8] == b"TFL3"
    (tmp_path / "d.tflite").mkdir()
    with pytest.raises(FileExistsError, match="same kind"):
        keras_export.litert(tiny, tmp_path / "d.tflite", overwrite=True)


def test_unwritable_folder(tiny, tmp_path, monkeypatch):
    # Permissions do not hold back a superuser, so the refusal is staged.
    def refuse(*args, dir=None, **kwargs):
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(tempfile, "mkdtemp", refuse)
    with pytest.raises(PermissionError, match="`path`.*written.*Permission d"):
        keras_export.litert(tiny, tmp_path / "m.tflite")


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"path": 3}, TypeError, "`path` must be a str.*path=3.*int"),
        ({"path": "m.lite"}, ValueError, "`path` must end.*m.lite.*m.tflite"),
        ({"path": "m"}, ValueError, "`path` must end.*'m'.*m.tflite"),
        (
            {"path": "missing/m.tflite"},
            FileNotFoundError,
            "`path`.*exists.*Create 'missing' first",
        ),
        ({"batch_size": 0}, ValueError, "`batch_size` must be.*=0"),
        ({"batch_size": True}, ValueError, "`batch_size` must be.*=True"),
        ({"batch_size": 1.5}, ValueError, "`batch_size` must be.*=1.5"),
    ],
)
def test_bad_arguments(arguments, error, message, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    with pytest.raises(error, match=message):
        keras_export.litert(tiny, **{"path": "m.tflite", **arguments})
    assert list(tmp_path.iterdir()) == []


def test_batch_size_of_a_subclassed_model_is_refused(make_model, tmp_path):
    with pytest.raises(ValueError, match="`batch_size`.*subclassed.*Wrap it"):
        keras_export.litert(
            make_model("subclassed"), tmp_path / "m.tflite", batch_size=1
        )
