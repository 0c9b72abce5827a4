"""compact: heads of MultiHeadAttention."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_export import compact, compaction


def attention(heads=3, shape=(5, 4), **kwargs):
    inputs = keras.Input(shape)
    attend = layers.MultiHeadAttention(heads, 2, name="attend", **kwargs)
    outputs = attend(inputs, inputs, use_causal_mask=True)
    return randomise(keras.Model(inputs, outputs)), attend


def randomise(model):
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape))
    return model


def zero(weight, *index):
    value = np.array(weight)
    value[index] = 0
    weight.assign(value)


def compacted(model):
    small = compact(model)
    shapes = [(3, *x.shape[1:]) for x in model.inputs]
    generator = np.random.default_rng(1)
    (x,) = (generator.normal(size=shape).astype("float32") for shape in shapes)
    np.testing.assert_allclose(small(x), model(x), rtol=0, atol=1e-5)
    return small


EACH = slice(None)


def test_a_head_without_values_is_a_constant():
    model, attend = attention()
    zero(attend.value_dense.kernel, EACH, 1)
    small = compacted(model).get_layer("attend")
    assert small.num_heads == 2
    values, outputs = attend.value_dense.bias, attend.output_dense.kernel
    # By hand: attention weights sum to 1, so the head emits its value bias.
    emitted = np.array(values)[1] @ np.array(outputs)[1]
    expected = np.array(attend.output_dense.bias) + emitted
    np.testing.assert_allclose(small.output_dense.bias, expected, rtol=1e-6)


def test_a_head_that_nobody_reads_goes():
    model, attend = attention()
    zero(attend.output_dense.kernel, 0)
    assert compacted(model).get_layer("attend").num_heads == 2


def test_a_head_may_be_dead_by_halves():
    model, attend = attention()
    zero(attend.value_dense.kernel, EACH, 2, 0)
    zero(attend.output_dense.kernel, 2, 1)
    assert compacted(model).get_layer("attend").num_heads == 2
    (row,) = compaction(model)
    assert (row.name, row.before, row.after) == ("attend", 3, 2)


def test_a_head_that_attends_to_all_alike_stays():
    model, attend = attention()
    zero(attend.query_dense.kernel, EACH, 1)
    assert compacted(model).get_layer("attend").num_heads == 3


def test_one_head_stays_of_none():
    model, attend = attention()
    zero(attend.value_dense.kernel)
    assert compacted(model).get_layer("attend").num_heads == 1


def test_heads_without_biases():
    model, attend = attention(use_bias=False)
    zero(attend.value_dense.kernel, EACH, 1)
    small = compacted(model).get_layer("attend")
    assert (small.num_heads, small.use_bias) == (2, False)


def test_channels_around_attention():
    inputs = keras.Input((5, 3))
    query = layers.Dense(4, name="query")(inputs)
    value = layers.Dense(4, name="value")(inputs)
    key = layers.Dense(4, name="key")(inputs)
    attend = layers.MultiHeadAttention(2, 2, name="attend")
    outputs = layers.Dense(2, name="head")(attend(query, value, key=key))
    model = randomise(keras.Model(inputs, outputs))
    zero(attend.query_dense.kernel, 0)
    zero(attend.value_dense.kernel, [0, 1])
    zero(attend.key_dense.kernel, [0, 1, 2])
    zero(attend.output_dense.kernel, EACH, EACH, 1)  # constant
    zero(model.get_layer("head").kernel, 3)  # unread
    small = compacted(model)
    names = ["query", "value", "key"]
    assert [small.get_layer(name).units for name in names] == [3, 2, 1]
    assert small.get_layer("attend").output.shape == (None, 5, 2)


def test_a_fully_masked_row_changes_nothing():
    tokens, x = keras.Input((3,)), keras.Input((3, 4))
    known = layers.Embedding(4, 4, mask_zero=True)(tokens)
    attend = layers.MultiHeadAttention(2, 2)
    model = randomise(keras.Model([tokens, x], attend(x, known)))
    zero(attend.value_dense.kernel, EACH, 1)
    small = compact(model)
    inputs = [np.array([[1, 0, 2], [0, 0, 0]]), np.ones((2, 3, 4), "float32")]
    np.testing.assert_allclose(small(inputs), model(inputs), atol=1e-5)
    assert small.layers[-1].num_heads == 1


@pytest.mark.parametrize(
    "kwargs, reason",
    [
        ({"output_shape": (2, 2)}, "its output has several axes"),
        ({"use_gate": True}, "it has a gate"),
    ],
)
def test_other_forms_stay_whole(kwargs, reason):
    model, attend = attention(**kwargs)
    zero(attend.value_dense.kernel, EACH, 1)
    assert compacted(model).get_layer("attend").num_heads == 3
    assert compaction(model)[0].reason == reason


def test_scores_among_the_outputs_keep_all_heads():
    inputs = keras.Input((5, 4))
    attend = layers.MultiHeadAttention(2, 2)
    outputs, _ = attend(inputs, inputs, return_attention_scores=True)
    model = randomise(keras.Model(inputs, outputs))
    zero(attend.value_dense.kernel, EACH, 1)
    assert compacted(model).layers[-1].num_heads == 2
