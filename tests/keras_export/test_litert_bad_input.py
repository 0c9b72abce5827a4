"""What the LiteRT export refuses, leaving nothing behind."""

import sys
import tempfile

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export


def test_names_the_operations_that_litert_lacks(tmp_path):
    class Beta(keras.layers.Layer):
        def call(self, x):
            return tf.math.betainc(tf.abs(x) + 1, tf.abs(x) + 2, tf.sigmoid(x))

    inside = keras.Sequential([keras.Input((4,)), Beta(name="my_beta")])
    layers = [keras.Input((4,)), keras.layers.Dense(4), inside]
    model = keras.Sequential(layers, name="statistic")
    message = "'statistic', which needs Betainc.*layers 'my_beta' \\(Beta\\)"
    with pytest.raises(ValueError, match=message):
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
        ({"target": "gpu"}, ValueError, "`target` must be.*'x86'.*='gpu'"),
        ({"sparse": 1}, ValueError, "`sparse` must be one of.*sparse=1"),
        ({"quantize": "int4"}, ValueError, "`quantize` must.*='int4'"),
        ({"quantize": False}, ValueError, "`quantize` must.*=False"),
        ({"threads": 0}, ValueError, "`threads` must be a pos.*threads=0"),
        (
            {"quantize": "int8"},
            ValueError,
            "`representative_data` must be given.*None.*quantize='dynamic'",
        ),
        (
            {"sparse": True},
            ValueError,
            "`model` must have zeros.*kernel 0.00%.*sparse='auto'",
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


@pytest.mark.parametrize(
    "data, error, message",
    [
        (np.ones((5, 3)), ValueError, r"fit the model.*\(4,\).*\(3,\)"),
        (np.ones((0, 4)), ValueError, "at least one.*shapes.*0, 4"),
        (np.full((2, 4), np.nan), ValueError, "finite numbers.*float64"),
        (np.full((2, 4), "a"), ValueError, "finite numbers.*<U1"),
        ([np.ones((2, 4))] * 2, ValueError, "must hold 1 arrays.*2"),
        (iter([]), ValueError, "at least one batch.*make it anew"),
        (7, TypeError, "must be array.*int"),
    ],
)
def test_representative_data_that_do_not_fit(
    data, error, message, tiny, tmp_path
):
    path = tmp_path / "m.tflite"
    options = {"quantize": "int8", "representative_data": data}
    with pytest.raises(
        error, match=f"`(representative_data|inputs)`.*{message}"
    ):
        keras_export.litert(tiny, path, **options)
    assert list(tmp_path.iterdir()) == []


def test_batch_size_of_a_subclassed_model_is_refused(make_model, tmp_path):
    with pytest.raises(ValueError, match="`batch_size`.*subclassed.*Wrap it"):
        keras_export.litert(
            make_model("subclassed"), tmp_path / "m.tflite", batch_size=1
        )
