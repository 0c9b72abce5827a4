import math

import keras
import numpy as np
import pytest
from keras import layers

from keras_sparse import layer_calls, layer_counts


def test_a_shared_layer_counts_once_per_call():
    shared = layers.Dense(3)
    first, second = keras.Input((5,)), keras.Input((7, 5))
    outputs = layers.concatenate(
        [shared(first), layers.GlobalAveragePooling1D()(shared(second))]
    )
    (row,) = layer_counts.count(keras.Model([first, second], outputs))
    assert row.positions == 1 + 7 and row.weights == 15


class Block(layers.Layer):
    def __init__(self, width, **kwargs):
        super().__init__(**kwargs)
        self.branches = {"a": [layers.Dense(width)], "b": layers.Dense(width)}

    def call(self, inputs):
        return self.branches["b"](self.branches["a"][0](inputs))


class Net(keras.Model):
    def __init__(self, head):
        super().__init__()
        self.blocks = [Block(4), Block(6)]
        self.head = head
        self.spare = layers.Dense(2)
        self.spare.build((None, 9))

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs[..., :1])


def test_subclassed_and_nested_layers_are_found(small_net):
    model = Net(small_net())
    model(np.zeros((2, 8, 8, 3)))
    rows = layer_counts.count(model)
    assert [row.weights for row in rows] == [12, 16, 24, 36, 36, 0, 1440, 18]
    assert [row.positions for row in rows] == [64] * 4 + [36, 0, 1, None]
    # Nobody calls the last layer: that its weights are idle is not certain.
    assert layer_counts.total(rows).dense_multiply_adds is None
    held = sum(math.prod(w.shape) for w in model.weights)
    assert sum(row.dense_bytes for row in rows) == 4 * held


def test_counting_leaves_the_model_as_it_was(small_net):
    model = Net(small_net())
    image = np.random.default_rng(0).normal(size=(2, 8, 8, 3))
    before = keras.ops.convert_to_numpy(model(image))
    weights = [w.copy() for w in model.get_weights()]
    layer_counts.count(model)
    np.testing.assert_array_equal(model(image), before)
    for after, kept in zip(model.get_weights(), weights, strict=True):
        np.testing.assert_array_equal(after, kept)
    held = [layer for layer, _ in layer_calls.weight_owners(model)]
    assert all("call" not in vars(layer) for layer in held)


def test_axes_of_any_length_need_a_shape():
    model = keras.Sequential(
        [
            keras.Input((None, None, 3)),
            layers.Conv2D(4, 3, padding="same"),
            layers.GlobalAveragePooling2D(),
            layers.Dense(2),
        ]
    )
    rows = layer_counts.count(model)
    assert [row.positions for row in rows] == [None, None]
    assert rows[0].dense_multiply_adds is None and rows[0].weights == 108
    rows = layer_counts.count(model, input_shape=(5, 6, 3))
    assert [row.positions for row in rows] == [30, 1]


def test_inputs_in_a_dict_are_run_as_a_dict():
    inputs = {
        "a": keras.Input((4,), name="a"),
        "b": keras.Input((2, 4), name="b"),
    }
    dense = layers.Dense(3)
    model = keras.Model(inputs, [dense(inputs["a"]), dense(inputs["b"])])
    assert layer_counts.count(model)[0].positions == 3
    rows = layer_counts.count(model, input_shape={"a": (4,), "b": (2, 4)})
    assert rows[0].positions == 3


class TwoArguments(keras.Model):
    def __init__(self):
        super().__init__()
        self.dense = layers.Dense(3)

    def call(self, first, second, training=False):
        return self.dense(first) + self.dense(second)


class DenseTwice(layers.Dense):
    def call(self, inputs):
        return super().call(inputs) + super().call(inputs)


class Scale(layers.Layer):
    def build(self, shape):
        self.scale = self.add_weight(shape=(shape[-1],), name="scale")

    def call(self, inputs):
        return inputs * self.scale


class OwnCell(layers.Layer):
    state_size = output_size = 2

    def build(self, shape):
        self.kernel = self.add_weight(shape=(shape[-1], 2), name="kernel")

    def call(self, inputs, states):
        outputs = keras.ops.matmul(inputs, self.kernel)
        return outputs, [outputs]


def quantized():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    model.layers[0].quantize("int8")
    return model


def with_lora():
    model = keras.Sequential([keras.Input((5,)), layers.Dense(3)])
    model.layers[0].enable_lora(1)
    return model


def two_arguments():
    model = TwoArguments()
    model(np.zeros((1, 4)), np.zeros((1, 4)))
    return model


UNKNOWN = {
    "several arguments": two_arguments,
    "own call": lambda: keras.Sequential([keras.Input((5,)), DenseTwice(3)]),
    "own layer": lambda: keras.Sequential([keras.Input((5,)), Scale()]),
    "own cell": lambda: keras.Sequential(
        [keras.Input((6, 3)), layers.RNN(OwnCell())]
    ),
    "quantized": quantized,
    "lora": with_lora,
}


@pytest.mark.parametrize("name", UNKNOWN)
def test_what_cannot_be_known_is_none(name):
    (row,) = layer_counts.count(UNKNOWN[name]())
    assert row.positions is None
    assert row.dense_multiply_adds is None and row.sparse_multiply_adds is None
    assert row.dense_bytes > 0
