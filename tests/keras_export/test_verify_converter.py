"""verify() against files of TensorFlow's converter known to be bad."""

import numpy as np
import pytest
import tensorflow as tf

import keras_export
from keras_export.isolated import IsolatedInterpreter
from keras_export.quiet import quiet
from keras_export.tolerances import disagreement


@pytest.fixture(scope="module")
def write(make_model, make_inputs, tmp_path_factory):
    """Function `(block, format)` to a model and the converter's file of it."""
    folder = tmp_path_factory.mktemp("converted")

    def convert(block, numbers):
        model = make_model("mlp", 0.0)
        generator = np.random.default_rng(0)
        for weight in model.weights:
            if "kernel" in weight.path:
                inputs, outputs = weight.shape
                alive = generator.random((inputs // block, outputs)) < 0.1
                weight.assign(weight.numpy() * alive.repeat(block, axis=0))
        path = folder / f"{block}-{numbers}.tflite"
        with quiet():
            model.export(str(folder / "served"), verbose=False)
            converter = tf.lite.TFLiteConverter.from_saved_model(
                str(folder / "served")
            )
            converter.optimizations = [
                tf.lite.Optimize.DEFAULT,
                tf.lite.Optimize.EXPERIMENTAL_SPARSITY,
            ]
            if numbers == "float16":
                converter.target_spec.supported_types = [tf.float16]
            if numbers == "int8":
                examples = [[x[None]] for x in make_inputs("mlp", 32)]
                converter.representative_dataset = lambda: iter(examples)
            path.write_bytes(converter.convert())
        return model, path

    return convert


@pytest.mark.parametrize(
    "block, numbers, message",
    [
        # Which of the two is a matter of what lies behind the weights.
        (16, "dynamic", r"relative noise is|crashed \(SIGSEGV\)"),
        (16, "float16", r"relative noise is nan|crashed \(SIGSEGV\)"),
        (1, "dynamic", "failed to prepare"),
        (1, "int8", "failed to prepare"),
    ],
)
def test_bad_files_are_caught_with_the_configuration(
    block, numbers, message, write, make_inputs
):
    model, path = write(block, numbers)
    with pytest.raises(keras_export.VerificationError, match=message) as info:
        keras_export.verify(model, path, make_inputs("mlp", 32))
    assert "default delegate, 1 thread" in str(info.value)
    assert path.name in str(info.value)


@pytest.mark.parametrize("block, numbers", [(16, "int8"), (1, "float16")])
def test_quantisation_noise_passes(block, numbers, write, make_inputs):
    model, path = write(block, numbers)
    assert 0 < keras_export.verify(model, path, make_inputs("mlp", 32)) < 0.1


def test_the_fault_lies_in_one_configuration_alone(write, make_inputs):
    model, path = write(16, "dynamic")
    inputs = make_inputs("mlp", 32)
    expected = model.predict(inputs, verbose=0)
    with IsolatedInterpreter(path) as interpreter:
        (name,) = interpreter.inputs
        (outputs,) = interpreter.run({name: inputs}, delegate=False)
    found = outputs["output_0"]
    noise, limit, _ = disagreement("dynamic", expected, found, expected)
    assert noise < 0.05 < limit
