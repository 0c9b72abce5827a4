import json
import math
import pathlib
import re

import keras
import numpy as np
import pytest
from keras import layers

from keras_sparse import counting, distributions, layer_calls, layer_counts

FOLDER = pathlib.Path(__file__).parents[1] / "cases"
CASES = json.loads((FOLDER / "counting.json").read_text())
RESNET = json.loads((FOLDER / "distributions.json").read_text())["models"][
    "resnet50"
]


@pytest.mark.parametrize("case", CASES["mlp_counting"])
def test_dense_nets_equal_micronet_and_the_paper(case):
    found = counting.fully_connected(case["sizes"], case["layer_sparsity"])
    assert found.flops == case["flops"] and found.bytes == case["bytes"]
    if case["paper_bytes"]:
        assert found.bytes == case["paper_bytes"]
        assert round(found.flops / 1000, 1) == case["paper_kflops"]


@pytest.mark.parametrize("case", CASES["paper_table2"])
def test_sparse_nets_are_near_the_paper_whose_sparsity_is_rounded(case):
    sizes = [*case["arch"], 10]
    found = counting.fully_connected(sizes, [case["sparsity"]] * 3)
    assert found.flops / 1000 == pytest.approx(case["inf_KFLOPs"], rel=0.015)
    assert found.bytes == pytest.approx(case["bytes"], rel=0.002)


def resnet_position_counts():
    for name in RESNET:
        if name == "fc":
            yield name, 1
        elif name == "conv1":
            size = counting.convolution_output_size(224, 7, stride=2)
            yield name, size**2
        else:
            group, block = int(name[1]), int(name[3])
            size = 56 // 2**group
            first = group > 0 and block == 0 and name.endswith("conv1")
            yield name, (2 * size if first else size) ** 2


def resnet_operations(sparsities):
    return sum(
        (
            counting.operations(
                RESNET[name], sparsities[name], positions, use_activation=True
            )
            for name, positions in resnet_position_counts()
        ),
        counting.Operations(),
    )


def test_dense_resnet50_equals_micronet():
    found = resnet_operations(dict.fromkeys(RESNET, 0.0))
    assert found.flops == CASES["resnet50"]["dense_flops"]
    assert found.bytes / 1e6 == CASES["resnet50"]["dense_MB"]


@pytest.mark.parametrize("case", CASES["resnet50"]["rows"])
def test_sparse_resnet50_equals_micronet(case):
    first_dense = {"conv1": 0.0}
    by_kernel = distributions.erdos_renyi_kernel
    for name, sparsities in {
        "erk": by_kernel(RESNET, case["S"]),
        "erk_firstdense": by_kernel(RESNET, case["S"], first_dense),
        "uniform": distributions.uniform(RESNET, case["S"], first_dense),
    }.items():
        found = resnet_operations(sparsities)
        share = found.flops / CASES["resnet50"]["dense_flops"]
        assert share == pytest.approx(case[f"{name}_flops_frac"], rel=1e-9)
        assert found.bytes / 1e6 == pytest.approx(case[f"{name}_MB"], rel=1e-9)


@pytest.mark.parametrize("case", CASES["training"])
def test_training_flops_relative_to_dense_training(case):
    dense = counting.training_flops("dense", case["fd"], case["fs"])
    for method in ("static", "snfs", "rigl"):
        found = counting.training_flops(
            method, case["fd"], case["fs"], update_every=case["dT"]
        )
        assert found / dense == pytest.approx(case[method], rel=1e-9)
    same = counting.training_flops("set", case["fd"], case["fs"])
    assert same == counting.training_flops("static", case["fd"], case["fs"])


def test_gradual_pruning_averages_over_the_steps():
    assert counting.pruning_flops(10.0, [0.0]) == 30
    assert counting.pruning_flops(10.0, [0.0, 0.8]) == pytest.approx(18)


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((32, 3, 1), 32),
        ((32, 3, 2), 16),
        ((224, 7, 2), 112),
        ((32, 3, 1, "valid"), 30),
        ((32, 5, 2, "valid"), 14),
        ((32, 2, 1), 33),  # the rules' own answer; Keras gives 32
    ],
)
def test_convolution_output_size(arguments, expected):
    assert counting.convolution_output_size(*arguments) == expected


FORMULA_ERRORS = [
    (
        lambda: counting.training_flops("snip", 1.0, 0.1),
        "`method` must be one of ['dense', 'rigl', 'set', 'snfs', 'static']. "
        "Received: method='snip'.",
    ),
    (
        lambda: counting.fully_connected([4, 3], [0, 0]),
        "Received: 2 sizes, 2 sparsities. Pass 0 for a dense layer.",
    ),
    (
        lambda: counting.convolution_output_size(8, 3, 1, "causal"),
        "Received: padding='causal'.",
    ),
]


@pytest.mark.parametrize("act, message", FORMULA_ERRORS)
def test_errors_of_the_formulas(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()


# What each layer costs: input shape, layer, positions, weights, biases.
LAYERS = {
    "vector": ((5,), lambda: layers.Dense(3), 1, 5 * 3, 3),
    "tokens": ((7, 5), lambda: layers.Dense(3), 7, 5 * 3, 3),
    "no_bias": ((5,), lambda: layers.Dense(3, use_bias=False), 1, 15, 0),
    "conv1d": ((9, 2), lambda: layers.Conv1D(4, 3), 7, 3 * 2 * 4, 4),
    "conv2d": (
        (9, 8, 2),
        lambda: layers.Conv2D(4, 3, strides=2, padding="same"),
        5 * 4,
        9 * 2 * 4,
        4,
    ),
    "grouped": (
        (6, 6, 4),
        lambda: layers.Conv2D(8, 3, groups=2),
        4 * 4,
        9 * 2 * 8,
        8,
    ),
    "dilated": (
        (9, 9, 2),
        lambda: layers.Conv2D(4, 3, dilation_rate=2),
        5 * 5,
        9 * 2 * 4,
        4,
    ),
    "conv3d": ((4, 4, 4, 2), lambda: layers.Conv3D(3, 2), 27, 8 * 2 * 3, 3),
    "transpose": (
        (4, 5, 2),
        lambda: layers.Conv2DTranspose(3, 3, strides=2, padding="same"),
        4 * 5,
        9 * 2 * 3,
        3,
    ),
    "depthwise": (
        (6, 6, 4),
        lambda: layers.DepthwiseConv2D(3, depth_multiplier=2),
        16,
        9 * 4 * 2,
        8,
    ),
    "separable": (
        (6, 6, 4),
        lambda: layers.SeparableConv2D(5, 3),
        16,
        9 * 4 + 4 * 5,
        5,
    ),
    "einsum": (
        (7, 5),
        lambda: layers.EinsumDense("abc,cd->abd", (None, 3), bias_axes="d"),
        7,
        15,
        3,
    ),
    "einsum_heads": (
        (7, 5),
        lambda: layers.EinsumDense("...c,cde->...de", (2, 3)),
        7,
        30,
        0,
    ),
    "einsum_experts": (
        (4, 7, 5),  # each of 4 experts has a kernel of its own
        lambda: layers.EinsumDense("aebc,ecd->aebd", (4, 7, 3)),
        7,
        4 * 5 * 3,
        0,
    ),
    "lstm": ((6, 3), lambda: layers.LSTM(2), 6, 4 * (3 * 2 + 2 * 2), 8),
    "gru": ((6, 3), lambda: layers.GRU(2), 6, 3 * (3 * 2 + 2 * 2), 12),
    "stacked": (
        (6, 3),
        lambda: layers.RNN([layers.LSTMCell(2), layers.SimpleRNNCell(3)]),
        6,
        4 * (3 * 2 + 2 * 2) + 2 * 3 + 3 * 3,
        8 + 3,
    ),
    "bidirectional": (
        (6, 3),
        lambda: layers.Bidirectional(layers.LSTM(2, return_sequences=True)),
        6,
        2 * 4 * (3 * 2 + 2 * 2),
        16,
    ),
    "time_distributed": (
        (6, 8, 2),
        lambda: layers.TimeDistributed(layers.Dense(3)),
        6 * 8,
        2 * 3,
        3,
    ),
}


@pytest.mark.parametrize("name", LAYERS)
def test_one_layer_counts_as_by_hand(name):
    shape, make, positions, weights, biases = LAYERS[name]
    inputs = keras.Input(shape)
    model = keras.Model(inputs, make()(inputs))
    (row,) = layer_counts.count(model)
    assert row.positions == positions
    assert row.weights == row.live_weights == weights
    assert row.dense_multiply_adds == positions * weights
    assert row.sparse_multiply_adds == positions * weights
    assert row.dense_bytes == row.sparse_bytes == 4 * (weights + biases)
    assert row.sparsity == 0 and type(row.live_weights) is int


def small_net():
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            layers.Conv2D(4, 3, name="conv"),
            layers.BatchNormalization(name="norm"),
            layers.Flatten(),
            layers.Dense(10, name="dense"),
        ]
    )


def test_zeros_in_the_weights_are_not_counted():
    model = small_net()
    kernel = model.get_layer("conv").kernel
    values = np.ones(kernel.shape, "float32")
    values.flat[:27] = 0
    kernel.assign(values)
    conv, norm, dense = layer_counts.count(model)
    assert conv.path.endswith("/conv") and conv.kind == "Conv2D"
    assert (conv.weights, conv.live_weights) == (36, 9)
    assert (conv.dense_multiply_adds, conv.sparse_multiply_adds) == (1296, 324)
    assert conv.dense_bytes == 4 * 36 + 4 * 4
    assert conv.sparse_bytes == 4 * 9 + math.ceil(36 / 8) + 4 * 4
    assert conv.sparsity == 0.75
    assert (norm.positions, norm.weights, norm.dense_bytes) == (0, 0, 64)
    assert norm.dense_multiply_adds == norm.sparse_multiply_adds == 0
    assert dense.sparsity == 0


def test_masks_decide_where_they_are_given():
    model = small_net()
    conv = model.get_layer("conv").kernel
    dense = model.get_layer("dense").kernel
    conv.assign(np.zeros(conv.shape))
    mask = np.zeros(dense.shape, bool)
    mask[:, 0] = True
    rows = layer_counts.count(model, masks={dense.path: mask})
    assert rows[0].live_weights == 36  # not masked: dense, zeros and all
    assert rows[2].live_weights == 144
    as_numbers = {dense.path: keras.ops.cast(mask, "float32")}
    assert layer_counts.count(model, masks=as_numbers) == rows


def test_rows_agree_with_the_formulas():
    model = small_net()
    total = layer_counts.total(
        [r for r in layer_counts.count(model) if r.weights]
    )
    expected = counting.operations((3, 3, 1, 4), positions=36)
    expected += counting.operations((144, 10))
    assert 2 * total.dense_multiply_adds == expected.flops
    assert total.dense_bytes == expected.bytes


def test_total_adds_up_and_keeps_what_is_not_known():
    rows = layer_counts.count(small_net())
    total = layer_counts.total(rows)
    assert (total.path, total.kind, total.positions) == ("total", "total", None)
    assert total.weights == 36 + 1440
    assert total.dense_multiply_adds == 36 * 36 + 1440
    unknown = layer_counts.LayerCount("x", "X", None, None, None, 5, 5, 20, 20)
    total = layer_counts.total([*rows, unknown])
    assert total.dense_multiply_adds is None
    assert total.sparse_multiply_adds is None
    assert total.weights == 36 + 1440 + 5
    assert layer_counts.total([]).dense_multiply_adds == 0


def test_embeddings_are_looked_up_not_multiplied():
    model = keras.Sequential(
        [
            keras.Input((6,), dtype="int32"),
            layers.Embedding(100, 4),
            layers.GlobalAveragePooling1D(),
        ]
    )
    (row,) = layer_counts.count(model)
    assert (row.kind, row.positions, row.weights) == ("Embedding", 6, 400)
    assert row.dense_multiply_adds == row.sparse_multiply_adds == 0


def test_attention_is_its_projections():
    inputs = keras.Input((6, 8))
    attention = layers.MultiHeadAttention(num_heads=2, key_dim=3)
    rows = layer_counts.count(keras.Model(inputs, attention(inputs, inputs)))
    assert [row.kind for row in rows] == ["EinsumDense"] * 4
    assert [row.dense_multiply_adds for row in rows] == [6 * 8 * 6] * 4


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
    def __init__(self):
        super().__init__()
        self.blocks = [Block(4), Block(6)]
        self.head = small_net()
        self.spare = layers.Dense(2)
        self.spare.build((None, 9))

    def call(self, inputs):
        for block in self.blocks:
            inputs = block(inputs)
        return self.head(inputs[..., :1])


def test_subclassed_and_nested_layers_are_found():
    model = Net()
    model(np.zeros((2, 8, 8, 3)))
    rows = layer_counts.count(model)
    assert [row.weights for row in rows] == [12, 16, 24, 36, 36, 0, 1440, 18]
    assert [row.positions for row in rows] == [64] * 4 + [36, 0, 1, None]
    # Nobody calls the last layer: that its weights are idle is not certain.
    assert layer_counts.total(rows).dense_multiply_adds is None
    held = sum(math.prod(w.shape) for w in model.weights)
    assert sum(row.dense_bytes for row in rows) == 4 * held


def test_counting_leaves_the_model_as_it_was():
    model = Net()
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


def test_other_types_take_their_own_bytes():
    model = keras.Sequential(
        [keras.Input((5,)), layers.Dense(3, dtype="float16")]
    )
    (row,) = layer_counts.count(model)
    assert row.dense_bytes == 2 * (15 + 3)


MODEL_ERRORS = [
    (
        lambda model, path: layer_counts.count(
            keras.Sequential([layers.Dense(3)], name="new")
        ),
        "`model` must be built, so that its weights exist. Received: 'new', "
        "not built.",
    ),
    (
        lambda model, path: layer_counts.count(model, masks={"dense/bias": 1}),
        "`masks` must be keyed by paths of kernels. Received: ['dense/bias'].",
    ),
    (
        lambda model, path: layer_counts.count(model, masks={path: [1, 0]}),
        "(2,)}. Expected: {",
    ),
]


@pytest.mark.parametrize("act, message", MODEL_ERRORS)
def test_errors_of_count(act, message):
    model = small_net()
    with pytest.raises(ValueError, match=re.escape(message)):
        act(model, model.get_layer("dense").kernel.path)
