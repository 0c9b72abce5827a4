"""Where artefacts are put, and what they and their inputs are called."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export


def model_of(*names):
    inputs = [keras.Input((4,), name=name) for name in names]
    total = layers.Add()(inputs) if len(inputs) > 1 else inputs[0]
    return keras.Model(inputs, layers.Dense(2)(total))


@pytest.mark.parametrize("export", ["litert", "saved_model"])
@pytest.mark.parametrize(
    "names, wrong",
    [
        (["my input"], r"\['my input'\]"),
        (["_x"], r"\['_x'\]"),
        (["self"], r"\['self'\]"),
        (["a", "b", "A"], r"\['a', 'A'\]"),
        (["my-input", "1x"], r"\['my-input', '1x'\]"),
    ],
)
def test_names_that_tensorflow_cannot_export(export, names, wrong, tmp_path):
    message = f"`model` must have inputs with names.*{wrong}.*Rename"
    with pytest.raises(ValueError, match=message):
        getattr(keras_export, export)(model_of(*names), tmp_path / "m.tflite")


def test_names_that_it_can(tmp_path):
    for names in (["my-input"], ["x1", "X_2"]):
        model = model_of(*names)
        path = tmp_path / names[0]
        assert keras_export.saved_model(model, path).difference <= 1e-5


@pytest.mark.parametrize(
    "path, error, message",
    [
        ("", ValueError, "`path` must name what to write.*path=''"),
        ("~/m.tflite", FileNotFoundError, r"`path`.*'~/m.*expanduser\(\)"),
    ],
)
def test_paths(path, error, message, tiny, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    for export in (keras_export.litert, keras_export.saved_model):
        with pytest.raises(error, match=message):
            export(tiny, path, overwrite=True)
    assert list(tmp_path.iterdir()) == []


def test_a_symbolic_link_stays_one(tiny, tmp_path):
    (tmp_path / "folder").mkdir()
    link, target = tmp_path / "m.tflite", tmp_path / "folder" / "m.tflite"
    target.write_text("old")
    link.symlink_to(target)
    report = keras_export.litert(tiny, link, overwrite=True, verify=False)
    assert report.path == str(link) and link.is_symlink()
    assert target.read_bytes()[4:8] == b"TFL3"
    link, target = tmp_path / "served", tmp_path / "folder" / "served"
    keras_export.saved_model(tiny, target, verify=False)
    link.symlink_to(target)
    keras_export.saved_model(tiny, link, overwrite=True, verify=False)
    assert link.is_symlink()
    assert keras_export.verify(tiny, link, np.ones((1, 4))) == 0
    assert len(list((tmp_path / "folder").iterdir())) == 2


@pytest.mark.parametrize("name", ["m.tflite", "served"])
def test_errors_name_the_path_that_was_given(name, tiny, tmp_path, monkeypatch):
    def differ(self, *args):
        return 1.0, 0.0, "difference"

    monkeypatch.setattr("keras_export.judging.Judge._judgement", differ)
    export = getattr(
        keras_export, "litert" if name == "m.tflite" else "saved_model"
    )
    with pytest.raises(keras_export.VerificationError) as error:
        export(tiny, tmp_path / name)
    assert f"artefact {str(tmp_path / name)!r} must" in str(error.value)


def test_counts_may_be_numpys(tiny, tmp_path):
    report = keras_export.litert(
        tiny,
        tmp_path / "m.tflite",
        batch_size=np.int64(2),
        threads=np.int32(1),
    )
    assert report.difference <= 1e-5
