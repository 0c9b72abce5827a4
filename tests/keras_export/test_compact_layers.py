"""compact: one small example per layer that moves or mixes channels."""

import keras
import numpy as np
import pytest
from compact_by_hand import (
    after,
    compacted,
    randomise,
    sequential,
    zero_columns,
    zero_rows,
)
from keras import layers

from keras_export import compact

RELU = "relu"


def test_concatenation_keeps_count_of_both_sides():
    inputs = keras.Input((3,))
    left, right = layers.Dense(2, RELU)(inputs), layers.Dense(3, RELU)(inputs)
    joined = layers.Concatenate()([left, right])
    model = randomise(keras.Model(inputs, layers.Dense(1)(joined)))
    zero_columns(model.layers[1].kernel, 0)
    zero_rows(model.layers[-1].kernel, 3)
    small = compacted(model, 3)
    assert list(after(model).values()) == [1, 2, 1]
    assert small.layers[-1].kernel.shape == (3, 1)


def test_concatenation_of_tokens_ties_the_channels():
    inputs = keras.Input((4, 3))
    left, right = layers.Dense(3)(inputs), layers.Dense(3)(inputs)
    joined = layers.Concatenate(axis=1)([left, right])
    model = randomise(keras.Model(inputs, layers.Dense(1)(joined)))
    zero_columns(model.layers[1].kernel, 0, 1)
    zero_columns(model.layers[2].kernel, 0, 1)
    model.layers[1].bias.assign([2, 2, 0])
    model.layers[2].bias.assign([2, 3, 0])
    compacted(model, 4, 3)
    assert list(after(model).values()) == [2, 2, 1]


@pytest.mark.parametrize(
    "flatten", [layers.Flatten, lambda: layers.Reshape((8,))]
)
def test_flatten_spreads_a_channel_over_the_positions(flatten):
    convolution, dense = layers.Conv2D(2, 1), layers.Dense(1)
    model = sequential((2, 2, 1), convolution, flatten(), dense)
    randomise(model)
    convolution.kernel.assign(np.array([3.0, 0.0]).reshape(1, 1, 1, 2))
    convolution.bias.assign([0, 2])
    dense.kernel.assign(np.arange(8.0)[:, None])
    dense.bias.assign([0])
    small = compacted(model, 2, 2, 1)
    np.testing.assert_array_equal(small.layers[-1].kernel[:, 0], [0, 2, 4, 6])
    np.testing.assert_array_equal(small.layers[-1].bias, [2 * (1 + 3 + 5 + 7)])


def test_a_channel_stays_if_any_position_of_it_is_read():
    convolution, dense = layers.Conv2D(2, 1), layers.Dense(1)
    model = randomise(
        sequential((2, 2, 1), convolution, layers.Flatten(), dense)
    )
    kernel = np.array(dense.kernel)
    kernel[[1, 3, 5]] = 0
    dense.kernel.assign(kernel)
    compacted(model, 2, 2, 1)
    assert list(after(model).values()) == [2, 1]
    kernel[7] = 0
    dense.kernel.assign(kernel)
    compacted(model, 2, 2, 1)
    assert list(after(model).values()) == [1, 1]


@pytest.mark.parametrize("multiplier", [1, 2])
@pytest.mark.parametrize("padding", ["valid", "same"])
def test_depthwise(multiplier, padding):
    model = randomise(
        sequential(
            (5, 5, 1),
            layers.Conv2D(4, 1, activation=RELU),
            layers.DepthwiseConv2D(
                3, depth_multiplier=multiplier, padding=padding
            ),
            layers.ReLU(),
            layers.Conv2D(2, 1),
        )
    )
    first, depthwise, _, last = model.layers
    zero_columns(first.kernel, 0, 1)
    first.bias.assign([-1, 1, 0.1, 0.2])  # channel 0 is 0, channel 1 is 1
    kernel = np.array(depthwise.kernel)
    kernel[:, :, 2] = 0
    depthwise.kernel.assign(kernel)
    compacted(model, 5, 5, 1)
    left = 1 if padding == "valid" else 2
    expected = [left, left * multiplier, 2]
    assert list(after(model).values()) == expected
    zero_rows(last.kernel, 3 * multiplier)
    compacted(model, 5, 5, 1)
    if multiplier == 2:  # the other half of the channel is still read
        assert list(after(model).values()) == expected


@pytest.mark.parametrize("multiplier", [1, 2])
def test_separable(multiplier):
    model = randomise(
        sequential(
            (5, 5, 1),
            layers.Conv2D(4, 1),
            layers.SeparableConv2D(
                3, 3, depth_multiplier=multiplier, activation=RELU
            ),
            layers.Conv2D(2, 1),
        )
    )
    first, separable, _ = model.layers
    zero_columns(first.kernel, 0)  # constant, folded
    depthwise = np.array(separable.depthwise_kernel)
    depthwise[:, :, 1] = 0  # unread by the depthwise part
    separable.depthwise_kernel.assign(depthwise)
    rows = range(2 * multiplier, 3 * multiplier)  # unread by the pointwise part
    zero_rows(separable.pointwise_kernel, *rows)
    zero_columns(separable.pointwise_kernel, 2)
    compacted(model, 5, 5, 1)
    assert list(after(model).values()) == [1, 2, 2]


def test_transposed_convolutions_fold_only_zeros():
    model = randomise(
        sequential(
            (4, 4, 1),
            layers.Conv2D(3, 1),
            layers.Conv2DTranspose(3, 3, strides=2),
            layers.Conv2D(1, 1),
        )
    )
    first, transposed, last = model.layers
    zero_columns(first.kernel, 0, 1)
    first.bias.assign([0, 1, 0])
    zero_rows(last.kernel, 1)
    zero_rows(transposed.kernel, 2)  # the kernel's outputs come first
    compacted(model, 4, 4, 1)
    assert list(after(model).values()) == [2, 1, 1]


def test_prelu():
    slope = layers.PReLU(shared_axes=[1])
    model = sequential((4, 2), layers.Dense(3), slope, layers.Dense(1))
    randomise(model)
    zero_columns(model.layers[0].kernel, 1)
    model.layers[0].bias.assign([0, -2, 0])
    small = compacted(model, 4, 2)
    assert small.layers[1].alpha.shape == (1, 2)


def test_prelu_slopes_that_differ_keep_a_negative_constant():
    model = sequential((4, 2), layers.Dense(3), layers.PReLU(), layers.Dense(1))
    randomise(model)
    zero_columns(model.layers[0].kernel, 1, 2)
    model.layers[0].bias.assign([0, -2, 2])
    compacted(model, 4, 2)
    assert list(after(model).values()) == [2, 2, 1]


def test_embedding_columns():
    table, dense = layers.Embedding(5, 4), layers.Dense(1)
    model = randomise(sequential((3,), table, dense))
    values = np.array(table.embeddings)
    values[:, 1] = 2  # constant
    table.embeddings.assign(values)
    zero_rows(dense.kernel, 3)
    small = compact(model)
    tokens = np.array([[0, 1, 4]])
    np.testing.assert_allclose(model(tokens), small(tokens), atol=1e-6)
    assert small.layers[0].embeddings.shape == (5, 2)


def test_everything_dead_leaves_one_unit_per_layer():
    model = randomise(
        sequential((3,), layers.Dense(4), layers.Dense(5), layers.Dense(2))
    )
    model.layers[1].kernel.assign(np.zeros((4, 5)))
    compacted(model, 3)
    assert list(after(model).values()) == [1, 1, 2]
