import math
import re

import keras
import numpy as np
import pytest
from keras import layers

from keras_sparse import counting, layer_counts

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


def test_a_stray_zero_does_not_cost_a_mask():
    model = small_net()
    kernel = model.get_layer("dense").kernel
    values = np.ones(kernel.shape, "float32")
    values[0, 0] = 0
    kernel.assign(values)
    row = layer_counts.count(model)[2]
    assert row.live_weights == row.weights - 1
    assert row.sparse_bytes == row.dense_bytes


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
