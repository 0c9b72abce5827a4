"""Weights in awkward places: shared, read twice, padded, read as data."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export


def sparse_blocks(model, zeros=0.9, block=4):
    generator = np.random.default_rng(0)
    for weight in model.weights:
        value = generator.normal(size=weight.shape)
        if len(weight.shape) > 1:
            places = -(-weight.shape[-2] // block)
            shape = (*weight.shape[:-2], places, weight.shape[-1])
            stays = (generator.random(shape) > zeros).repeat(block, axis=-2)
            value *= stays[..., : weight.shape[-2], :]
        weight.assign(value)
    return model


def normal(*shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def export(model, inputs, path, **options):
    """Exports; returns `{operator: [(shape, encoding)]}` and the reasons."""
    report = keras_export.litert(model, path, samples=inputs, **options)
    assert not any("failed verification" in row.reason for row in report.layers)
    found = {}
    for row in report.weights:
        found.setdefault(row.operator, []).append((row.shape, row.encoding))
    return found, [row.reason for row in report.layers]


@pytest.mark.parametrize("quantize, block", [(None, 4), ("dynamic", 16)])
def test_inputs_are_padded_to_whole_blocks(quantize, block, tmp_path):
    """Along the last of three dimensions, without a bias, at any batch size."""
    model = sparse_blocks(
        keras.Sequential(
            [keras.Input((3, 70)), layers.Dense(64, use_bias=False)]
        ),
        block=block,
    )
    found, reasons = export(
        model,
        normal(35, 3, 70),
        tmp_path / "m.tflite",
        quantize=quantize,
        sparse=True,
    )
    width = -(-70 // block) * block
    assert found["FULLY_CONNECTED"] == [((64, width), f"block 1x{block}")]
    assert f"Whole blocks need {width - 70} inputs more." in reasons[0]
    # Positions of an open number of examples: how many cannot be read.
    assert "slower than dense" in reasons[0]
    assert "rows per call: unknown" in reasons[0]
    assert "PAD" in keras_export.flatbuffer.operator_names(
        tmp_path / "m.tflite"
    )


def test_fixed_batch_size(tmp_path):
    model = sparse_blocks(
        keras.Sequential([keras.Input((70,)), layers.Dense(64)])
    )
    path = tmp_path / "m.tflite"
    options = {"batch_size": 1, "sparse": True}
    found, _ = export(model, normal(3, 70), path, **options)
    assert found == {"FULLY_CONNECTED": [((64, 72), "block 1x4")]}
    options |= {"batch_size": 2, "overwrite": True}
    found, reasons = export(model, normal(3, 70), path, **options)
    assert found == {"FULLY_CONNECTED": [((64, 72), "block 1x4")]}
    assert "slower than dense" in reasons[0]
    assert "never pays" in reasons[0] and "rows per call: 2" in reasons[0]


def test_a_layer_called_twice_stays_dense(tmp_path):
    inputs = keras.Input((32,))
    shared = layers.Dense(32)
    model = sparse_blocks(keras.Model(inputs, shared(shared(inputs))))
    found, reasons = export(model, normal(5, 32), tmp_path / "m.tflite")
    assert {encoding for _, encoding in found["FULLY_CONNECTED"]} == {"dense"}
    assert all("Read by 2" in r or "shared with" in r for r in reasons)


def test_equal_weights_of_two_layers(tmp_path):
    """The converter may store them once."""
    model = keras.Sequential(
        [keras.Input((32,)), layers.Dense(32), layers.Dense(32)]
    )
    sparse_blocks(model)
    model.layers[1].set_weights(model.layers[0].get_weights())
    export(model, normal(5, 32), tmp_path / "m.tflite", sparse=True)


@pytest.mark.parametrize("quantize", [None, "float16", "int8"])
def test_other_operations(quantize, tmp_path):
    """Embedding, transposed convolution, einsum and matmul by a constant."""

    class Mixed(layers.Layer):
        def build(self, shape):
            self.kernel = self.add_weight((shape[-1], 64), name="kernel")

        def call(self, x):
            return keras.ops.einsum("btc,cd->btd", x, self.kernel)

    numbers = keras.Input((4,), dtype="int32")
    hidden = Mixed()(layers.Embedding(50, 32)(numbers))
    hidden = layers.Reshape((4, 4, 16))(hidden)
    hidden = layers.Conv2DTranspose(16, 3)(hidden)
    model = sparse_blocks(keras.Model(numbers, layers.Flatten()(hidden)))
    inputs = np.arange(20).reshape(5, 4).astype("int32")
    found, _ = export(
        model,
        inputs,
        tmp_path / "m.tflite",
        sparse=True,
        quantize=quantize,
        representative_data=inputs,
    )
    assert found["GATHER"][0][1] == "dense"
    encoding = "dense" if quantize else "csr"
    assert [e for _, e in found["TRANSPOSE_CONV"]] == [encoding]


def test_attention_with_blocks(make_model, make_inputs, tmp_path):
    model = make_model("attention", 0.9, "1x4")
    inputs = make_inputs("attention", 5)
    path = tmp_path / "m.tflite"
    export(model, inputs, path, sparse=True, quantize="float16")


def test_a_weight_of_zeros_alone(tmp_path):
    model = keras.Sequential([keras.Input((64,)), layers.Dense(32)])
    model.set_weights([np.zeros((64, 32)), np.arange(32)])
    path = tmp_path / "m.tflite"
    found, reasons = export(model, normal(3, 64), path, sparse=True)
    assert found == {"FULLY_CONNECTED": [((32, 64), "dense")]}
    assert reasons == ["All zeros: a file cannot hold no value at all."]


def test_recurrent_layer_with_blocks(make_model, make_inputs, tmp_path):
    """In a loop the weights are inputs of a graph inside the graph."""
    model = make_model("recurrent", 0.5, unroll=False)
    inputs = make_inputs("recurrent", 3)
    path = tmp_path / "m.tflite"
    export(model, inputs, path, sparse=True, batch_size=1)
