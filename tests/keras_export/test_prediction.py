"""predict: outputs of whole files on fitting inputs, an error for all else."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_export

EXPORTERS = {
    "model.tflite": keras_export.litert,
    "served": keras_export.saved_model,
}


@pytest.fixture(scope="module", params=sorted(EXPORTERS))
def exported(request, tmp_path_factory):
    """A model of ones, as each kind of artefact: `(model, path)`."""
    layer = keras.layers.Dense(3, kernel_initializer="ones")
    model = keras.Sequential([keras.Input((4,)), layer])
    path = tmp_path_factory.mktemp("exported") / request.param
    EXPORTERS[request.param](model, path, verify=False)
    return model, path


def test_equals_the_model(exported):
    model, path = exported
    inputs = np.random.default_rng(0).random((300, 4))
    found = keras_export.predict(path, inputs)
    np.testing.assert_allclose(found, model(inputs), rtol=1e-5)


def test_fills_up_a_fixed_batch_size(tiny, tmp_path):
    path = tmp_path / "fixed.tflite"
    keras_export.litert(tiny, path, batch_size=2, verify=False)
    inputs = np.random.default_rng(0).random((5, 4))
    found = keras_export.predict(path, inputs)
    np.testing.assert_allclose(found, tiny(inputs), rtol=1e-5)


@pytest.mark.parametrize("shape", [(4, 8), (5, 2, 2), (8,), (1, 16), (0, 4)])
def test_refuses_other_shapes(shape, exported):
    _, path = exported
    with pytest.raises(ValueError, match="`inputs` must fit.*Received: shape"):
        keras_export.predict(path, np.ones(shape))


def test_refuses_other_image_sizes(tmp_path):
    pooling = keras.layers.GlobalAveragePooling2D()
    model = keras.Sequential([keras.Input((8, 8, 1)), pooling])
    keras_export.litert(model, tmp_path / "m.tflite", verify=False)
    with pytest.raises(ValueError, match=r"\(None, 8, 8, 1\).*\(1, 9, 9, 1\)"):
        keras_export.predict(tmp_path / "m.tflite", np.ones((1, 9, 9, 1)))


def test_names_a_file_that_is_cut(tiny, tmp_path):
    path = tmp_path / "cut.tflite"
    keras_export.litert(tiny, path, verify=False)
    whole = path.read_bytes()
    path.write_bytes(whole[: len(whole) // 2])
    for read in (
        keras_export.read_weights,
        lambda path: keras_export.predict(path, np.ones((1, 4))),
    ):
        with pytest.raises(ValueError, match=r"cut\.tflite.*Write it again"):
            read(path)


def test_a_file_that_crashes_raises(damaged):
    with pytest.raises(keras_export.InterpreterError, match="SIGSEGV"):
        keras_export.predict(damaged, np.ones((1, 64)))


def test_a_file_without_examples_is_refused(tmp_path):
    module = tf.Module()
    module.half = tf.function(
        lambda x: x / 2, input_signature=[tf.TensorSpec((), tf.float32)]
    )
    concrete = module.half.get_concrete_function()
    converter = tf.lite.TFLiteConverter.from_concrete_functions(
        [concrete], module
    )
    path = tmp_path / "scalar.tflite"
    with keras_export.quiet():
        path.write_bytes(converter.convert())
    with pytest.raises(ValueError, match="scalar.tflite.*scalar input"):
        keras_export.predict(path, np.ones((3,), "float32"))
