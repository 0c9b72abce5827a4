"""compact: one small example per rule, worked by hand."""

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

from keras_export import compact, compaction

RELU = "relu"


def test_a_constant_unit_goes_into_the_next_bias():
    first, last = layers.Dense(3, RELU), layers.Dense(1)
    model = sequential((2,), first, last)
    first.set_weights([np.array([[1, 0, 0], [1, 0, 0]]), np.array([0, 2, -1])])
    last.set_weights([np.array([[1.0], [10.0], [100.0]]), np.array([5.0])])
    small = compacted(model, 2)
    kernel, bias, following, last_bias = small.get_weights()
    np.testing.assert_array_equal(kernel, [[1], [1]])
    np.testing.assert_array_equal(bias, [0])
    np.testing.assert_array_equal(following, [[1]])
    np.testing.assert_array_equal(last_bias, [5 + 10 * 2 + 100 * 0])


def test_a_bias_is_added_where_there_was_none():
    first, last = layers.Dense(2), layers.Dense(1, use_bias=False)
    model = sequential((1,), first, last)
    first.set_weights([np.array([[1, 0]]), np.array([0, 2])])
    last.set_weights([np.array([[1.0], [10.0]])])
    small = compacted(model, 1)
    assert small.layers[-1].use_bias
    np.testing.assert_array_equal(small.layers[-1].bias, [20])
    first.set_weights([np.array([[1, 0]]), np.array([0, 0])])
    assert not compacted(model, 1).layers[-1].use_bias


def test_dead_units_uncover_others_until_none_is_left():
    chain = [layers.Dense(2, use_bias=False) for _ in range(4)]
    model = sequential((2,), *chain, layers.Dense(1, use_bias=False))
    for layer in model.layers:
        layer.set_weights([np.ones(layer.kernel.shape)])
    # Unit 1 of the last hidden layer is unread. Those before it lead only to
    # it, in the first three layers.
    zero_rows(model.layers[-1].kernel, 1)
    for layer in chain[1:]:
        layer.kernel.assign([[1, 0], [0, 1]])
    small = compacted(model, 2)
    assert [layer.units for layer in small.layers] == [1, 1, 1, 1, 1]
    assert compact(small).count_params() == small.count_params()


def test_a_chain_of_constants_is_folded_whole():
    chain = [layers.Dense(2, "tanh") for _ in range(3)]
    model = randomise(sequential((2,), *chain, layers.Dense(1)))
    chain[0].kernel.assign([[1, 0], [1, 0]])
    chain[1].kernel.assign([[1, 0], [0, 3]])
    chain[2].kernel.assign([[1, 0], [0, 3]])
    small = compacted(model, 2)
    assert [layer.units for layer in small.layers] == [1, 1, 1, 1]


def test_batch_normalisation_is_folded():
    first, last = layers.Dense(2), layers.Dense(1)
    norm = layers.BatchNormalization(epsilon=0)
    model = randomise(sequential((3,), first, norm, layers.ReLU(), last))
    zero_columns(first.kernel, 1)
    first.bias.assign([0, 5])
    # (5 - 1) / sqrt(4) * 3 + 2 = 8
    norm.set_weights(np.array([[1, 3], [0, 2], [0, 1], [1, 4]]))
    last.kernel.assign([[1], [10]])
    last.bias.assign([0])
    small = compacted(model, 3)
    np.testing.assert_allclose(small.layers[-1].bias, [80])
    assert small.layers[1].gamma.shape == (1,)
    # A scale of 0 makes a constant of a channel that varies.
    first.kernel.assign(np.ones((3, 2)))
    norm.set_weights(np.array([[1, 0], [0, 2], [0, 1], [1, 4]]))
    np.testing.assert_allclose(compacted(model, 3).layers[-1].bias, [20])


def convolutions(padding, bias, *between, size=3):
    first = layers.Conv2D(2, 1, activation=RELU)
    last = layers.Conv2D(1, size, padding=padding)
    model = randomise(sequential((5, 5, 1), first, *between, last))
    zero_columns(first.kernel, 1)
    first.bias.assign([0.1, bias])
    return model


@pytest.mark.parametrize(
    "padding, bias, between, size, left",
    [
        ("valid", 2.0, [], 3, 1),
        ("same", -2.0, [], 3, 1),  # relu(-2) = 0 is 0 at the border too
        ("same", 2.0, [], 3, 2),  # 2 inside, 0 outside: not a constant
        ("same", 2.0, [], 1, 1),  # nothing to pad
        ("valid", 2.0, [layers.ZeroPadding2D(1)], 3, 2),
        ("valid", -2.0, [layers.ZeroPadding2D(1)], 3, 1),
        ("valid", 2.0, [layers.MaxPooling2D(2)], 1, 1),
        ("valid", 2.0, [layers.AveragePooling2D(2)], 1, 1),
        ("valid", 2.0, [layers.AveragePooling2D(2, padding="same")], 1, 2),
        ("valid", 2.0, [layers.UpSampling2D(2)], 3, 1),
    ],
)
def test_a_constant_stays_where_padding_makes_it_none(
    padding, bias, between, size, left
):
    model = convolutions(padding, bias, *between, size=size)
    compacted(model, 5, 5, 1)
    assert next(iter(after(model).values())) == left


def test_a_kept_constant_is_named():
    row = compaction(convolutions("same", 2.0))[0]
    assert (row.before, row.after) == (2, 2)
    assert row.reason == "1 dead stay: others need their place"


def residual():
    inputs = keras.Input((3,))
    stem = layers.Dense(3, RELU, name="stem")(inputs)
    branch = layers.Dense(3, RELU, name="branch")(stem)
    outputs = layers.Dense(1, name="head")(layers.Add()([stem, branch]))
    return randomise(keras.Model(inputs, outputs))


def test_a_residual_channel_goes_if_it_is_dead_in_all_branches():
    model = residual()
    zero_columns(model.get_layer("stem").kernel, 0, 1)
    zero_columns(model.get_layer("branch").kernel, 1, 2)
    model.get_layer("stem").bias.assign([1, 2, 0.5])
    model.get_layer("branch").bias.assign([1, 3, 0.5])
    compacted(model, 3)
    # Channel 1 is 2 + 3; channels 0 and 2 need their place for one branch.
    assert after(model) == {"stem": 2, "branch": 2, "head": 1}


def test_an_unread_sum_keeps_only_what_others_read():
    model = residual()
    zero_rows(model.get_layer("head").kernel, 0)
    compacted(model, 3)
    # The branch reads channel 0 of the stem, so the sum keeps the place.
    assert after(model) == {"stem": 3, "branch": 3, "head": 1}
    zero_rows(model.get_layer("branch").kernel, 0)
    compacted(model, 3)
    assert after(model) == {"stem": 2, "branch": 2, "head": 1}


def test_a_place_that_stays_unread_needs_no_inputs():
    inputs = keras.Input((3,))
    stem = layers.Dense(2, name="stem")(inputs)
    inner = layers.Dense(2, name="inner")(inputs)
    branch = layers.Dense(2, name="branch")(inner)
    total = layers.Dense(1, name="head")(layers.Add()([stem, branch]))
    also = layers.Dense(1, name="also")(stem)
    model = randomise(keras.Model(inputs, [total, also]))
    zero_rows(model.get_layer("head").kernel, 0)
    model.get_layer("branch").kernel.assign([[1, 0], [1, 1]])
    compacted(model, 3)
    # branch[0] only fills a place beside stem[0]: inner[0] is for nothing.
    assert after(model)["inner"] == 1 and after(model)["branch"] == 2
    kernel = compact(model).get_layer("branch").kernel
    np.testing.assert_array_equal(kernel, [[0, 1]])


def test_a_constant_that_stays_keeps_its_value():
    inputs = keras.Input((3,))
    stem = layers.Dense(2)(inputs)
    branch = layers.ReLU()(layers.Dense(2)(stem))
    outputs = [layers.LayerNormalization()(x) for x in (stem, branch)]
    model = randomise(keras.Model(inputs, outputs))
    zero_columns(model.layers[1].kernel, 1)
    model.layers[1].bias.assign([0, 2])
    model.layers[2].kernel.assign([[1, 0], [0, 1]])
    compacted(model, 3)
    assert list(after(model).values())[:2] == [2, 2]


@pytest.mark.parametrize("merge", ["Add", "Subtract", "Average", "Maximum"])
def test_merges_of_constants_are_folded(merge):
    inputs = keras.Input((3,))
    branches = [layers.Dense(3)(inputs) for _ in range(2)]
    merged = getattr(layers, merge)()(branches)
    model = randomise(keras.Model(inputs, layers.Dense(2)(merged)))
    for layer in model.layers[1:3]:
        zero_columns(layer.kernel, 1)
    compacted(model, 3)
    assert list(after(model).values()) == [2, 2, 2]


def squeeze_and_excite():
    inputs = keras.Input((4, 4, 2))
    x = layers.Conv2D(3, 1, name="body")(inputs)
    gate = layers.GlobalAveragePooling2D()(x)
    gate = layers.Reshape((1, 1, 3))(gate)
    gate = layers.Conv2D(2, 1, activation=RELU, name="squeeze")(gate)
    gate = layers.Conv2D(3, 1, activation="sigmoid", name="excite")(gate)
    x = layers.Multiply()([x, gate])
    outputs = layers.Conv2D(2, 3, padding="same", name="head")(x)
    return randomise(keras.Model(inputs, outputs))


def test_zero_times_anything_is_zero():
    model = squeeze_and_excite()
    zero_columns(model.get_layer("body").kernel, 1)
    model.get_layer("body").bias.assign([1, 0, 1])
    small = compacted(model, 4, 4, 2)
    assert after(model) == {"body": 2, "squeeze": 2, "excite": 2, "head": 2}
    reshape = next(x for x in small.layers if isinstance(x, layers.Reshape))
    assert reshape.target_shape == (1, 1, 2)
    model.get_layer("body").bias.assign([1, 1, 1])
    compacted(model, 4, 4, 2)
    assert after(model)["body"] == 3


def test_one_gate_for_all_channels_ties_none():
    inputs = keras.Input((3,))
    body, gate = layers.Dense(3)(inputs), layers.Dense(1, "sigmoid")(inputs)
    gated = layers.Multiply()([body, gate])
    model = randomise(keras.Model(inputs, layers.Dense(2)(gated)))
    zero_rows(model.layers[-1].kernel, 0, 1)
    compacted(model, 3)
    assert list(after(model).values()) == [1, 1, 2]
