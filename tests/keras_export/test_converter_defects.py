"""Files of the converter's sparse mode that are wrong, and ours that are not.

Where one of these tests finds the converter right, a newer version of it has
mended a defect: the matching rule in `rewriting` may then go.
"""

import warnings

import keras
import numpy as np
import pytest
import tensorflow as tf
from ai_edge_litert import schema_py_generated as schema

import keras_export
from keras_export.quiet import quiet

MENDED = "The converter's own file is right now: `rewriting` need not mend it."


def in_blocks(block, hidden=64, zeros=0.97):
    """Two dense layers, 64 to `hidden` to 32; zeros in blocks of inputs."""
    model = keras.Sequential(
        [
            keras.Input((64,)),
            keras.layers.Dense(hidden, activation="relu"),
            keras.layers.Dense(32),
        ]
    )
    generator = np.random.default_rng(0)
    for weight in model.weights:
        value = generator.normal(size=weight.shape)
        if "kernel" in weight.path:
            places = -(-weight.shape[0] // block)
            stays = generator.random((places, weight.shape[1])) > zeros
            value *= stays.repeat(block, axis=0)[: weight.shape[0]]
        weight.assign(value)
    return model


def by_the_converter(model, path, quantize, inputs):
    """Writes the file that the converter's EXPERIMENTAL_SPARSITY gives."""
    with quiet():
        converter = tf.lite.TFLiteConverter.from_keras_model(model)
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
        if quantize:
            converter.optimizations.append(tf.lite.Optimize.DEFAULT)
        if quantize == "float16":
            converter.target_spec.supported_types = [tf.float16]
        if quantize == "int8":
            converter.representative_dataset = lambda: (
                [example[None]] for example in inputs
            )
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            path.write_bytes(converter.convert())


@pytest.mark.parametrize(
    "quantize, block, hidden, symptom, encodings",
    [
        # XNNPACK reads the compressed buffer as if it were dense.
        pytest.param(
            *("dynamic", 16, 64, "", {"block 1x16"}), marks=pytest.mark.slow
        ),
        # A DEQUANTIZE reads it as if it were dense.
        ("float16", 4, 1024, "nan", {"block 1x4"}),
        # The delegate cannot prepare what reads unpacked int8 values.
        ("int8", 1, 64, "failed to prepare", {"dense"}),
        # Inputs beyond the last whole block are dropped.
        (None, 4, 66, "largest difference", {"block 1x4"}),
        ("int8", 16, 72, "", {"block 1x16"}),
    ],
)
def test_converter_is_wrong_and_we_are_right(
    quantize, block, hidden, symptom, encodings, tmp_path
):
    model = in_blocks(block, hidden)
    inputs = np.random.default_rng(1).normal(size=(32, 64)).astype("float32")
    raw = tmp_path / "raw.tflite"
    by_the_converter(model, raw, quantize, inputs)
    try:
        keras_export.verify(model, raw, inputs)
    except keras_export.VerificationError as error:
        assert symptom in str(error)
    else:
        pytest.fail(MENDED)

    report = keras_export.litert(
        model,
        tmp_path / "ours.tflite",
        target="arm",  # which has most encodings
        # Blocks of float32 are larger than single values of float16.
        sparse="auto" if quantize == "float16" or block == 1 else True,
        quantize=quantize,
        representative_data=inputs,
        samples=inputs,
    )
    assert {row.encoding for row in report.layers} == encodings
    assert {row.encoding for row in report.weights} == encodings
    assert not any("failed verification" in row.reason for row in report.layers)
    assert np.isfinite(report.difference)  # in every configuration


def test_only_sparse_layers_get_the_version_of_the_sparse_kernel(tmp_path):
    """Another version would take the dense layer away from XNNPACK."""
    model = in_blocks(16)
    model.layers[0].kernel.assign(np.ones((64, 64)))
    path = tmp_path / "m.tflite"
    options = {"quantize": "dynamic", "sparse": True, "verify": False}
    keras_export.litert(model, path, **options)
    file = keras_export.flatbuffer.read_model(path)
    (graph,) = file.subgraphs
    versions = [
        (
            graph.tensors[operator.inputs[1]].sparsity is not None,
            file.operatorCodes[operator.opcodeIndex].version,
        )
        for operator in graph.operators
        if file.operatorCodes[operator.opcodeIndex].builtinCode
        == schema.BuiltinOperator.FULLY_CONNECTED
    ]
    assert [is_sparse for is_sparse, _ in versions] == [False, True]
    assert versions[0][1] != 8 and versions[1][1] == 8
