"""SavedModel export: same outputs, forward pass only, quiet, atomic."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export
from keras_export import to_saved_model


class MaskingAdam(keras.optimizers.Adam):
    """Keeps a mask per weight, as a sparse training wrapper does."""

    def build(self, variables):
        super().build(variables)
        self.masks = [
            self.add_variable_from_reference(v, name="mask", initializer="ones")
            for v in variables
        ]


def test_outputs_equal_predict(named_model, make_inputs, tmp_path):
    name, model = named_model
    report = keras_export.saved_model(model, tmp_path / "served")
    assert report.path == str(tmp_path / "served")
    assert report.format == "saved_model" and report.weights == ()
    assert report.bytes > report.gzip_bytes > 0
    inputs = make_inputs(name, 35)
    assert keras_export.verify(model, report.path, inputs) <= 1e-5


@pytest.mark.parametrize("name", ["mlp", "subclassed"])
def test_no_optimizer_and_no_mask_is_exported(
    name, make_model, make_inputs, tmp_path
):
    model = make_model(name)
    model.compile(MaskingAdam(), "mse", metrics=["mae"])
    inputs = make_inputs(name, 8)
    model.fit(inputs, model.predict(inputs, verbose=0) + 1, verbose=0)
    keras_export.saved_model(model, tmp_path / "served")
    loaded = tf.saved_model.load(tmp_path / "served")
    found = sorted(tuple(variable.shape) for variable in loaded.variables)
    assert found == sorted(tuple(v.shape) for v in model.variables)
    used = loaded.signatures["serving_default"].variables
    assert len(used) == len(model.weights)
    assert model.optimizer.masks[0].shape == model.weights[0].shape
    keras_export.verify(model, tmp_path / "served", inputs)


def test_runs_without_keras_objects_for_any_batch_size(tiny, tmp_path):
    keras_export.saved_model(tiny, tmp_path / "served")
    loaded = tf.saved_model.load(tmp_path / "served")
    for count in (1, 3, 100):
        ones = np.ones((count, 4), "float32")
        np.testing.assert_allclose(loaded.serve(ones), 4)


def test_prints_nothing(tiny, tmp_path, capfd):
    keras_export.saved_model(tiny, tmp_path / "served")
    assert capfd.readouterr() == ("", "")


def test_overwrite_replaces_the_whole_folder(tiny, tmp_path):
    keras_export.saved_model(tiny, tmp_path / "served")
    (tmp_path / "served" / "old").write_text("")
    with pytest.raises(FileExistsError, match="`overwrite=True`"):
        keras_export.saved_model(tiny, tmp_path / "served")
    keras_export.saved_model(tiny, tmp_path / "served", overwrite=True)
    assert not (tmp_path / "served" / "old").exists()
    assert [p.name for p in tmp_path.iterdir()] == ["served"]


def test_overwrite_never_deletes_what_is_no_saved_model(tiny, tmp_path):
    (tmp_path / "thesis.txt").write_text("years of work")
    with pytest.raises(FileExistsError, match="same kind"):
        keras_export.saved_model(tiny, tmp_path, overwrite=True)
    with pytest.raises(FileExistsError, match="same kind"):
        keras_export.saved_model(tiny, tmp_path / "thesis.txt", overwrite=True)
    assert (tmp_path / "thesis.txt").read_text() == "years of work"


def test_failure_leaves_the_old_artefact_and_nothing_else(
    tiny, tmp_path, monkeypatch
):
    keras_export.saved_model(tiny, tmp_path / "served")

    def fail(model, path):
        path.mkdir()
        raise RuntimeError("disk on fire")

    monkeypatch.setattr(to_saved_model, "export_inference", fail)
    with pytest.raises(RuntimeError, match="disk on fire"):
        keras_export.saved_model(tiny, tmp_path / "served", overwrite=True)
    assert [p.name for p in tmp_path.iterdir()] == ["served"]
    assert tf.saved_model.contains_saved_model(tmp_path / "served")


@pytest.mark.parametrize("suffix", [".h5", ".keras", ".pb", ".tflite", ".ONNX"])
def test_refuses_a_file_suffix(suffix, tiny, tmp_path):
    with pytest.raises(ValueError, match=f"`path`.*folder.*{suffix}"):
        keras_export.saved_model(tiny, tmp_path / f"model{suffix}")


@pytest.mark.parametrize("export", [keras_export.saved_model, "litert"])
@pytest.mark.parametrize(
    "model, error, message",
    [
        ("model.keras", TypeError, "`model` must be.*str.*load_model"),
        (keras.layers.Dense(2), TypeError, "`model` must be.*Dense.*wrap"),
        (
            keras.Sequential([keras.layers.Dense(2)], name="raw"),
            ValueError,
            "`model` must be built.*'raw'.*one batch",
        ),
    ],
)
def test_refuses_what_is_no_built_model(
    export, model, error, message, tmp_path
):
    export = keras_export.litert if export == "litert" else export
    with pytest.raises(error, match=message):
        export(model, tmp_path / "model.tflite")
    assert list(tmp_path.iterdir()) == []


def test_loads_as_a_keras_layer(make_model, make_inputs, tmp_path):
    model = make_model("convolutional")
    keras_export.saved_model(model, tmp_path / "served")
    layer = keras.layers.TFSMLayer(
        str(tmp_path / "served"), call_endpoint="serving_default"
    )
    inputs = make_inputs("convolutional", 3)
    outputs = keras.Sequential([layer]).predict(inputs, verbose=0)
    expected = model.predict(inputs, verbose=0)
    np.testing.assert_allclose(outputs["output_0"], expected, atol=1e-6)


def test_is_compared_with_the_model_before_it_is_put_in_place(
    tiny, tmp_path, monkeypatch
):
    report = keras_export.saved_model(tiny, tmp_path / "served")
    assert report.difference == 0
    export = to_saved_model.export_inference

    def export_another(model, path):
        tiny.layers[0].bias.assign([0.0, 0.25])
        export(model, path)
        tiny.layers[0].bias.assign([0.0, 0.0])

    monkeypatch.setattr(to_saved_model, "export_inference", export_another)
    with pytest.raises(keras_export.VerificationError, match=r"is 0\.25 at"):
        keras_export.saved_model(tiny, tmp_path / "other")
    samples = np.zeros((2, 4))
    with pytest.raises(keras_export.VerificationError, match="batch size 2"):
        keras_export.saved_model(tiny, tmp_path / "other", samples=samples)
    assert [path.name for path in tmp_path.iterdir()] == ["served"]
    report = keras_export.saved_model(tiny, tmp_path / "other", verify=False)
    assert report.difference is None


def test_mixed_precision_is_judged_as_float16(tmp_path):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [keras.Input((64,)), keras.layers.Dense(64, dtype="mixed_float16")]
    )
    inputs = np.random.default_rng(0).normal(size=(32, 64))
    report = keras_export.saved_model(model, tmp_path / "served")
    difference = keras_export.verify(model, report.path, inputs)
    assert difference < 1e-2
    model.layers[0].bias.assign(np.full(64, 0.1))
    with pytest.raises(keras_export.VerificationError, match="float16"):
        keras_export.verify(model, report.path, inputs)


@keras.saving.register_keras_serializable(package="keras_export_tests")
class Augmented(keras.Model):
    def __init__(self, layers):
        super().__init__()
        self.augmentation = keras.Sequential(layers)

    def call(self, inputs, training=None):
        return self.augmentation(inputs["image"], training=training)


def augmented(is_subclassed):
    layers = [
        keras.layers.RandomFlip(),
        keras.layers.RandomBrightness(0.5, value_range=(0, 1)),
        keras.layers.RandomContrast(0.5),
        keras.layers.RandomZoom(0.3),
        keras.layers.Flatten(),
    ]
    if not is_subclassed:
        return keras.Sequential([keras.Input((8, 8, 3)), *layers])
    model = Augmented(layers)
    model({"image": np.ones((2, 8, 8, 3), "float32")})
    return model


@pytest.mark.parametrize("is_subclassed", [False, True])
@pytest.mark.parametrize("export", ["litert", "saved_model"])
def test_augmentation_is_left_out(export, is_subclassed, tmp_path):
    model = augmented(is_subclassed)
    name = {"litert": "model.tflite", "saved_model": "served"}[export]
    report = getattr(keras_export, export)(model, tmp_path / name)
    assert report.difference == 0
