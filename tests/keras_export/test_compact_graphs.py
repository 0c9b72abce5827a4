"""compact: shared layers, nested models, operations, masks."""

import keras
import numpy as np
import pytest
from compact_planted import (
    compacted,
    find,
    plant,
    planted,
)
from keras import layers

from keras_export import compact, compaction


def test_a_layer_called_twice_stays_whole():
    inputs = keras.Input((4,))
    twice = layers.Dense(4, name="first")
    x = layers.ReLU()(twice(twice(inputs)))
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    assert find(compacted(model), "first").units == 4
    assert compaction(model)[0].reason == "it is called more than once"


def test_a_layer_without_weights_may_be_called_twice():
    inputs = keras.Input((4,))
    relu = layers.ReLU()
    x = relu(layers.Dense(4, name="first")(inputs))
    x = relu(layers.Dense(4, name="second")(x))
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    small = compacted(model)
    assert find(small, "first").units == 3 and find(small, "second").units == 3


def nested(times=1, sequential=False):
    inner_input = keras.Input((6,))
    chain = [layers.Dense(4, name="first"), layers.ReLU()]
    if sequential:
        inner = keras.Sequential([keras.Input((6,)), *chain], name="inner")
    else:
        x = chain[1](chain[0](inner_input))
        inner = keras.Model(inner_input, x, name="inner")
    inputs = keras.Input((3,))
    x = inner(layers.Dense(6, name="before")(inputs))
    for _ in range(times - 1):
        x = layers.Add()([x, inner(layers.Dense(6)(inputs))])
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    kernel = np.array(chain[0].kernel)
    kernel[3:] = 0
    chain[0].kernel.assign(kernel)
    return model


@pytest.mark.parametrize("sequential", [False, True])
def test_nested_models_are_cut_inside(sequential):
    model = nested(sequential=sequential)
    small = compacted(model)
    inner = small.get_layer("inner")
    assert type(inner) is type(model.get_layer("inner"))
    assert (find(small, "before").units, find(small, "first").units) == (3, 2)
    assert inner.input_shape == (None, 3)
    assert [w.path for w in small.weights] == [w.path for w in model.weights]
    assert "inner/first" in [row.name for row in compaction(model)]


def test_a_nested_model_called_twice_stays_whole():
    model = nested(times=2)
    small = compacted(model)
    assert (find(small, "before").units, find(small, "first").units) == (6, 4)


def test_a_nested_model_called_twice_has_one_shape():
    inner = keras.Sequential([keras.Input((4,)), layers.ReLU()])
    inputs = keras.Input((6,))
    first = layers.Dense(4, name="first")(inputs)
    second = layers.Dense(4, name="second")(inputs)
    x = layers.Concatenate()([inner(first), inner(second)])
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    # Unit 1 of the first is dead, and unit 2 of the second.
    small = compacted(model)
    assert find(small, "first").units == find(small, "second").units == 4


def test_models_in_models_in_models():
    model = planted(layers.ReLU())
    for _ in range(2):
        model = keras.Sequential([keras.Input((6,)), model, layers.ReLU()])
    assert compacted(model).count_params() == 6 * 2 + 2 + 2 * 2 + 2
    assert len(compaction(model)) == 2


def test_operations_of_keras_ops():
    inputs = keras.Input((6,))
    x = layers.Dense(4, name="first")(inputs)
    x = keras.ops.relu(x) * 2.0 + keras.ops.maximum(1.0 - x, x)
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    assert find(compacted(model), "first").units == 2
    x = find(model, "first").output
    x = keras.ops.flip(x + np.ones(4, "float32"), axis=-1)
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    assert find(compacted(model), "first").units == 4
    reasons = {row.reason for row in compaction(model)} - {""}
    assert "it has an array among its arguments" in reasons
    assert "Flip may mix all its channels" in reasons


def test_masks_make_merged_constants_vary():
    # Where a token is masked, Maximum skips its embedding, here 5.
    tokens = keras.Input((3,), dtype="int32")
    x = layers.Embedding(5, 4, mask_zero=True, name="first")(tokens)
    y = layers.Embedding(5, 4, name="second")(tokens)
    outputs = layers.Dense(2, name="last")(layers.Maximum()([x, y]))
    model = keras.Model(tokens, outputs)
    generator = np.random.default_rng(0)
    for weight in model.weights:
        weight.assign(generator.normal(size=weight.shape))
    for name, value in [("first", 5), ("second", 3)]:
        table = np.array(find(model, name).embeddings)
        table[:, 1] = value
        find(model, name).embeddings.assign(table)
    small = compact(model)
    x = np.array([[0, 1, 2], [4, 0, 0]])
    np.testing.assert_allclose(small(x), model(x), atol=1e-5)


@pytest.mark.parametrize(
    "masking",
    [
        layers.Masking(),
        layers.Embedding(5, 4, mask_zero=True),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_a_sequential_model_may_have_masks(masking):
    shape = (3,) if isinstance(masking, layers.Embedding) else (3, 4)
    hidden = layers.Dense(4, name="first")
    model = keras.Sequential(
        [keras.Input(shape), masking, hidden, layers.SimpleRNN(2)]
    )
    hidden.kernel.assign(np.ones((4, 4)) * [1, 0, 1, 0])
    small = compact(model)
    x = np.random.default_rng(0).integers(0, 3, (6, *shape))
    x[:, 1] = 0
    np.testing.assert_allclose(small(x), model(x), atol=1e-5)
    names = {layer.name for layer in model.layers}
    assert {row.name for row in compaction(model)} <= names


def test_several_inputs_and_outputs_keep_their_structure():
    left, right = keras.Input((3,), name="a"), keras.Input((4,), name="b")
    hidden = layers.Dense(4, name="first")(layers.Concatenate()([left, right]))
    outputs = {"y": layers.Dense(2, name="last")(hidden), "x": left}
    model = plant(keras.Model({"a": left, "b": right}, outputs))
    small = compact(model)
    x = {"a": np.ones((2, 3), "float32"), "b": np.ones((2, 4), "float32")}
    expected, actual = model(x), small(x)
    assert set(actual) == {"x", "y"}
    np.testing.assert_allclose(actual["y"], expected["y"], atol=1e-5)
    assert find(small, "first").units == 2


def test_all_kinds_of_models_keep_their_outputs(named_model, make_inputs):
    name, model = named_model
    if name == "subclassed":
        with pytest.raises(ValueError, match="functional or Sequential"):
            compact(model)
        return
    small, x = compact(model), make_inputs(name, 3)
    expected, actual = map(keras.tree.flatten, (model(x), small(x)))
    for one, other in zip(expected, actual, strict=True):
        np.testing.assert_allclose(other, one, rtol=0, atol=1e-5)


def test_frozen_models_stay_frozen():
    model = planted(layers.ReLU())
    model.trainable = False
    small = compact(model)
    assert not small.trainable and not small.trainable_variables
