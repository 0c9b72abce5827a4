"""What users pass as samples, and models that make it hard to check."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_export


def joined(structure, left, right):
    hidden = layers.Concatenate()([left * 10.0, right])
    return keras.Model(structure, layers.Dense(2)(hidden))


@pytest.mark.filterwarnings("ignore:When providing `inputs` as a dict")
@pytest.mark.parametrize("names", [("zeta", "alpha"), ("b", "a")])
def test_keys_of_a_dict_need_not_be_the_names_of_the_inputs(names, tmp_path):
    left, right = (keras.Input((4,), name=name) for name in names)
    model = joined({"a": left, "b": right}, left, right)
    draw = np.random.default_rng(0).normal
    inputs = {"b": draw(size=(5, 4)), "a": draw(size=(5, 4))}
    report = keras_export.saved_model(model, tmp_path / "served")
    assert keras_export.verify(model, report.path, inputs) <= 1e-5
    report = keras_export.litert(
        model,
        tmp_path / "m.tflite",
        quantize="int8",
        representative_data=inputs,
    )
    assert report.difference > 0
    with pytest.raises(ValueError, match=r"`inputs`.*\['a', 'b'\].*\['a'\]"):
        keras_export.verify(model, report.path, {"a": inputs["a"]})


WRONG = [
    (np.ones((5, 3)), r"`{}` must fit.*\(4,\).*\(3,\)"),
    (np.ones(4), r"`{}` must fit.*\(4,\).*\(\)"),
    (iter([np.ones((5, 3))]), r"`{}` must fit.*\(4,\).*\(3,\)"),
    ("abc", r"`{}` must be array.*cannot be joined"),
    ([np.ones((5, 4)), np.ones(5)], "`{}` must hold 1 arrays.*2.*no labels"),
]


@pytest.mark.parametrize("inputs, message", WRONG)
def test_inputs_that_do_not_fit(inputs, message, tiny, tmp_path):
    path = tmp_path / "m.tflite"
    for name in ("samples", "representative_data"):
        with pytest.raises(ValueError, match=message.format(name)):
            keras_export.litert(tiny, path, **{name: inputs})
        inputs = iter([np.ones((5, 3))]) if "iter" in str(inputs) else inputs
    with pytest.raises(ValueError, match=message.format("samples")):
        keras_export.saved_model(tiny, tmp_path / "served", samples=inputs)
    assert list(tmp_path.iterdir()) == []


def test_verify_names_its_inputs(tiny, tmp_path):
    report = keras_export.saved_model(tiny, tmp_path / "served", verify=False)
    with pytest.raises(ValueError, match=r"`inputs` must fit.*\(4,\).*\(3,\)"):
        keras_export.verify(tiny, report.path, np.ones((5, 3)))


def test_batches_as_samples(tiny, tmp_path):
    inputs = np.arange(24.0, dtype="float32").reshape(6, 4)
    dataset = tf.data.Dataset.from_tensor_slices(inputs).batch(4)
    for samples in (dataset, iter([inputs[:2], inputs[2:]])):
        path = tmp_path / "served"
        report = keras_export.saved_model(
            tiny, path, samples=samples, overwrite=True
        )
        assert report.difference == 0
    labelled = tf.data.Dataset.zip(dataset, dataset)
    with pytest.raises(ValueError, match="`samples`.*1 arrays.*no labels"):
        keras_export.saved_model(tiny, tmp_path / "other", samples=labelled)


@pytest.mark.parametrize("value", [np.nan, np.inf])
def test_weights_that_are_no_numbers(value, tiny, tmp_path):
    tiny.layers[0].bias.assign([0.0, value])
    message = "`model` must give finite.*4 of 8.*dense.*bias.*have NaN"
    with pytest.raises(keras_export.VerificationError, match=message):
        keras_export.saved_model(tiny, tmp_path / "served")


def test_samples_that_are_no_numbers(tiny, tmp_path):
    samples = np.array([[0, 0, 0, 1], [0, 0, 0, np.nan]])
    message = "`model` must give finite.*2 of 4.*`samples` have NaN.*drop"
    with pytest.raises(ValueError, match=message):
        keras_export.saved_model(tiny, tmp_path / "served", samples=samples)


def test_default_samples_are_not_masked_out(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(5, 3, mask_zero=True),
            layers.GlobalAveragePooling1D(),
        ]
    )
    report = keras_export.saved_model(model, tmp_path / "served")
    assert report.difference <= 1e-5
    zeros = np.zeros((2, 6), "int32")  # the mean of nothing
    with pytest.raises(ValueError, match="`inputs`") as error:
        keras_export.verify(model, report.path, zeros)
    assert "Pass typical inputs as `inputs`." in str(error.value)
    with pytest.raises(ValueError, match="`inputs` must be inputs that"):
        keras_export.verify(model, report.path, zeros + 5)


def test_an_open_image_size_may_need_samples(tmp_path):
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(2, 3),
            layers.GlobalAveragePooling2D(),
        ]
    )
    message = r"`samples` must be.*1, 1, 3.*Pass typical inputs as `samples`"
    with pytest.raises(ValueError, match=message):
        keras_export.saved_model(model, tmp_path / "served")
    samples = np.ones((2, 5, 5, 3))
    keras_export.saved_model(model, tmp_path / "served", samples=samples)
