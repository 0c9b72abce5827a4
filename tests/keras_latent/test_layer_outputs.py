"""Activations of named layers, however the model is built."""

import keras
import numpy as np
import pytest
from keras import layers

from keras_latent.layer_outputs import layer_outputs

POINTS = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")


def inner(kind):
    if kind == "sequential":
        parts = [keras.Input((3,)), layers.Dense(3, "tanh")]
        return keras.Sequential(parts, name="inner")
    start = keras.Input((3,))
    return keras.Model(start, layers.Dense(3, "tanh")(start), name="inner")


@pytest.mark.parametrize("outer", ["sequential", "functional"])
@pytest.mark.parametrize("kind", ["sequential", "functional"])
def test_a_model_within_a_model_gives_what_it_gives_there(kind, outer):
    within, first = inner(kind), layers.Dense(3, name="first")
    last = layers.Dense(2)
    if outer == "sequential":
        model = keras.Sequential([keras.Input((3,)), first, within, last])
    else:
        start = keras.Input((3,))
        model = keras.Model(start, last(within(first(start))))
    found = layer_outputs(model, ["inner", "first"])(POINTS)
    np.testing.assert_allclose(found[1], first(POINTS), rtol=1e-6)
    np.testing.assert_allclose(found[0], within(first(POINTS)), rtol=1e-6)
    np.testing.assert_allclose(model(POINTS), last(found[0]), rtol=1e-6)


def test_a_layer_of_another_model_gives_what_it_gives_in_this_one():
    shared = layers.Dense(3, "tanh", name="shared")
    keras.Sequential([keras.Input((3,)), shared])
    first = layers.Dense(3)
    model = keras.Sequential([keras.Input((3,)), first, shared])
    found = layer_outputs(model, "shared")(POINTS)
    np.testing.assert_allclose(found, model(POINTS), rtol=1e-6)


def test_weights_are_shared_and_the_model_can_still_be_saved(tmp_path):
    model = keras.Sequential([keras.Input((3,)), layers.Dense(2, name="a")])
    made = layer_outputs(model, ["a"])
    model.layers[0].kernel.assign(np.ones((3, 2)))
    np.testing.assert_array_equal(made(POINTS), model(POINTS))
    model.save(tmp_path / "model.keras")
    again = keras.models.load_model(tmp_path / "model.keras")
    np.testing.assert_array_equal(again(POINTS), model(POINTS))


def twice():
    shared, start = layers.Dense(3, name="shared"), keras.Input((3,))
    return keras.Model(start, shared(shared(start)))


@pytest.mark.parametrize(
    "wanted, model, named",
    [
        ("called once", twice(), ["shared"]),
        ("dense.*third", inner("functional"), ["third"]),
        ("at least one", twice(), []),
        ("function", keras.Sequential([layers.Dense(2)]), ["dense"]),
        ("function", layers.Dense(2), ["dense"]),
    ],
    ids=["used twice", "unknown", "none", "not built", "no model"],
)
def test_bad_input_is_told(wanted, model, named):
    with pytest.raises(ValueError, match=f"(?s)`layers`.*{wanted}"):
        layer_outputs(model, named)
