"""verify() accepts true artefacts and refuses altered ones."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export
from keras_export import contents, isolated


def test_returns_the_largest_difference(tiny, tmp_path):
    path = tmp_path / "m.tflite"
    keras_export.litert(tiny, path)
    tiny.layers[0].bias.assign([0.0, 0.25])
    inputs = np.ones((2, 4))
    difference = keras_export.verify(tiny, path, inputs, tolerance=0.5)
    assert difference == pytest.approx(0.25)
    with pytest.raises(keras_export.VerificationError, match="within 1e-05"):
        keras_export.verify(tiny, path, inputs, tolerance=1e-5)
    with pytest.raises(keras_export.VerificationError, match="within 4.25e-05"):
        keras_export.verify(tiny, path, inputs)  # outputs up to 4.25


def test_catches_an_altered_file(make_model, make_inputs, tmp_path):
    model = make_model("mlp")
    path = tmp_path / "m.tflite"
    keras_export.litert(model, path, sparse=False)
    stored = model.weights[0].numpy().T.tobytes()
    content = path.read_bytes()
    assert content.count(stored) == 1
    altered = (-model.weights[0].numpy()).T.tobytes()
    path.write_bytes(content.replace(stored, altered))
    with pytest.raises(keras_export.VerificationError, match="difference is"):
        keras_export.verify(model, path, make_inputs("mlp", 2))


@pytest.mark.parametrize(
    "backend, remedy",
    [("tensorflow", "Strip"), ("jax", "load it with KERAS_BACKEND=tensorflow")],
)
def test_says_how_to_get_rid_of_what_is_not_the_models(
    backend, remedy, tiny, tmp_path, monkeypatch
):
    path = tmp_path / "m.tflite"
    keras_export.litert(tiny, path)
    # As files are that JAX's export gives of models with state.
    names = set(contents.operator_names(path)) | {"ASSIGN_VARIABLE"}
    monkeypatch.setattr(contents, "operator_names", lambda _: names)
    monkeypatch.setattr(keras.backend, "backend", lambda: backend)
    with pytest.raises(keras_export.VerificationError, match=remedy):
        keras_export.verify(tiny, path, np.ones((2, 4)))


def test_catches_an_altered_saved_model(tiny, tmp_path):
    keras_export.saved_model(tiny, tmp_path / "served")
    tiny.layers[0].bias.assign([0.0, 0.25])
    with pytest.raises(keras_export.VerificationError, match="0.25"):
        keras_export.verify(tiny, tmp_path / "served", np.ones((1, 4)))


def test_catches_nan(tiny, tmp_path):
    tiny.layers[0].bias.assign([0.0, np.nan])
    keras_export.litert(tiny, tmp_path / "m.tflite", verify=False)
    with pytest.raises(keras_export.VerificationError, match="is nan at"):
        keras_export.verify(tiny, tmp_path / "m.tflite", np.ones((1, 4)))


def test_catches_another_shape_and_other_outputs(tiny, tmp_path):
    path = tmp_path / "m.tflite"
    keras_export.litert(tiny, path)
    inputs = keras.Input((4,))
    wide = keras.Model(inputs, keras.layers.Dense(3)(inputs))
    with pytest.raises(keras_export.VerificationError, match=r"shape \(1, 3\)"):
        keras_export.verify(wide, path, np.ones((1, 4)))
    named = keras.Model(inputs, {"score": wide(inputs)})
    with pytest.raises(keras_export.VerificationError, match="score"):
        keras_export.verify(named, path, np.ones((1, 4)))


@pytest.mark.parametrize("kind", ["optimizer", "mask"])
def test_catches_training_state_in_a_saved_model(kind, tiny, tmp_path):
    tiny.compile("adam", "mse")
    tiny.fit(np.ones((2, 4)), np.ones((2, 2)), verbose=0)
    archive = keras.export.ExportArchive()
    archive.track(tiny)
    archive.add_endpoint(
        "serve", tiny.__call__, [keras.InputSpec("float32", (None, 4))]
    )
    extra = {
        "optimizer": tiny.optimizer.variables,
        "mask": [tf.Variable(tf.ones((4, 2)), name="mask")],
    }
    archive.add_variable_collection("extra", extra[kind])
    archive.write_out(str(tmp_path / "served"), verbose=False)
    with pytest.raises(keras_export.VerificationError, match="too many in"):
        keras_export.verify(tiny, tmp_path / "served", np.ones((1, 4)))


@pytest.mark.parametrize("suffix", ["", ".tflite"])
def test_catches_a_mask_among_the_weights(suffix, tmp_path):
    class Masked(keras.layers.Dense):
        def build(self, shape):
            super().build(shape)
            self.mask = self.add_weight(
                (shape[-1], self.units), "ones", trainable=False, name="mask"
            )

        def call(self, inputs):
            return inputs @ (self.kernel * self.mask)

    model = keras.Sequential([keras.Input((4,)), Masked(2)])
    export = keras_export.litert if suffix else keras_export.saved_model
    with pytest.raises(keras_export.VerificationError, match="masked.*/mask'"):
        export(model, tmp_path / f"m{suffix}")
    report = export(model, tmp_path / f"m{suffix}", verify=False)
    with pytest.raises(keras_export.VerificationError, match="masked.*/mask'"):
        keras_export.verify(model, report.path, np.ones((1, 4)))


def test_a_reloaded_model_verifies(make_model, make_inputs, tmp_path):
    model = make_model("mlp")
    keras_export.litert(model, tmp_path / "m.tflite")
    model.save(tmp_path / "m.keras")
    again = keras.models.load_model(tmp_path / "m.keras")
    keras_export.verify(again, tmp_path / "m.tflite", make_inputs("mlp", 2))


@pytest.mark.parametrize("suffix", ["", ".tflite"])
def test_subclassed_model_with_a_dict_of_inputs(suffix, tmp_path):
    class Pair(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(2)

        def call(self, inputs):
            return [self.dense(inputs["z"]), inputs["a"] + 1.0]

    model = Pair()
    inputs = {"z": np.ones((3, 4), "float32"), "a": np.ones((3, 1), "float32")}
    model(inputs)
    export = keras_export.litert if suffix else keras_export.saved_model
    report = export(model, tmp_path / f"m{suffix}", samples=inputs)
    assert keras_export.verify(model, report.path, inputs) <= 1e-5


def test_integer_inputs(tmp_path):
    model = keras.Sequential(
        [keras.Input((6,), dtype="int32"), keras.layers.Embedding(50, 8)]
    )
    keras_export.litert(model, tmp_path / "m.tflite")
    inputs = np.arange(12).reshape(2, 6)  # int64: cast to what the file takes
    assert keras_export.verify(model, tmp_path / "m.tflite", inputs) == 0


@pytest.mark.parametrize(
    "arguments, error, message",
    [
        ({"path": "none"}, FileNotFoundError, "`path`.*'none'.*not exist"),
        ({"path": "text"}, ValueError, "`path`.*SavedModel folder.*'text'"),
        ({"path": "."}, ValueError, "`path` must be a SavedModel folder"),
        ({"tolerance": -1}, ValueError, "`tolerance`.*tolerance=-1"),
        ({"tolerance": np.nan}, ValueError, "`tolerance`.*tolerance=nan"),
        ({"inputs": np.ones((0, 4))}, ValueError, "`inputs`.*at least one"),
        ({"inputs": [np.ones((1, 4))] * 2}, ValueError, "`inputs`.*1 arrays"),
        ({"model": "m.keras"}, TypeError, "`model` must be"),
    ],
)
def test_bad_arguments(arguments, error, message, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    keras_export.litert(tiny, "m.tflite")
    (tmp_path / "text").write_text("not an artefact")
    good = {"model": tiny, "path": "m.tflite", "inputs": np.ones((1, 4))}
    with pytest.raises(error, match=message):
        keras_export.verify(**{**good, **arguments})


def test_wrong_number_of_examples(make_model, make_inputs, tmp_path):
    model = make_model("two_inputs")
    keras_export.litert(model, tmp_path / "m.tflite")
    inputs = make_inputs("two_inputs", 4)
    inputs["a"] = inputs["a"][:2]
    with pytest.raises(ValueError, match="`inputs`.*same number of examples"):
        keras_export.verify(model, tmp_path / "m.tflite", inputs)


def test_a_file_that_crashes_the_interpreter_is_an_error(
    damaged, make_model, make_inputs
):
    model = make_model("mlp", 0.95, "1x4")
    with pytest.raises(
        keras_export.VerificationError,
        match=r"batch size 2 \(default delegate, 1 thread\).*SIGSEGV",
    ):
        keras_export.verify(model, damaged, make_inputs("mlp", 2))


def test_a_cut_file_is_an_error(tiny, tmp_path):
    path = tmp_path / "m.tflite"
    keras_export.litert(tiny, path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(keras_export.VerificationError, match="not a valid Fl"):
        keras_export.verify(tiny, path, np.ones((1, 4)))


def test_every_configuration_runs_both_batch_sizes_twice(
    tiny, tmp_path, monkeypatch
):
    keras_export.litert(tiny, tmp_path / "m.tflite", verify=False)
    seen = []
    run = isolated.IsolatedInterpreter.run

    def log(self, arrays, delegate, threads, times):
        (array,) = arrays.values()
        seen.append((delegate, threads, len(array), times))
        return run(self, arrays, delegate, threads, times)

    monkeypatch.setattr(isolated.IsolatedInterpreter, "run", log)
    keras_export.verify(tiny, tmp_path / "m.tflite", np.ones((35, 4)))
    assert seen == [
        (True, 1, 32, 2),
        (True, 1, 3, 2),
        (True, 1, 1, 2),
        (True, 2, 32, 2),
        (True, 2, 1, 2),
        (False, 1, 32, 2),
        (False, 1, 1, 2),
        (False, 2, 32, 2),
        (False, 2, 1, 2),
    ]
