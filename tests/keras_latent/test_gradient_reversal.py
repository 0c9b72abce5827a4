"""Gradient reversal is the identity, with exactly -weight times a gradient."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

RNG = np.random.default_rng(0)
X = RNG.normal(size=(64, 5)).astype("float32")
UPSTREAM = (RNG.normal(size=(64, 5)) * 10.0 ** RNG.integers(-6, 6, 5)).astype(
    "float32"
)


def value_and_gradient(layer, dtype="float32", jit_compile=False):
    """The layer's output, and its gradient where UPSTREAM arrives."""

    @tf.function(jit_compile=jit_compile)
    def run(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        upstream = tf.cast(UPSTREAM, outputs.dtype)
        return outputs, tape.gradient(outputs, inputs, upstream)

    return [each.numpy() for each in run(tf.constant(X.astype(dtype)))]


@pytest.mark.parametrize("jit_compile", [False, True])
@pytest.mark.parametrize("weight", [0.0, 0.1, 1.0, 0.9866143])
def test_the_gradient_is_minus_weight_times_it_to_the_bit(weight, jit_compile):
    layer = kl.GradientReversal(weight)
    value, gradient = value_and_gradient(layer, jit_compile=jit_compile)
    np.testing.assert_array_equal(value, X)
    np.testing.assert_array_equal(gradient, -np.float32(weight) * UPSTREAM)


def test_a_half_precision_gradient_is_rounded_once():
    layer = kl.GradientReversal(0.3, dtype="mixed_float16")
    value, gradient = value_and_gradient(layer, "float16")
    assert value.dtype == gradient.dtype == np.float16
    np.testing.assert_array_equal(value, X.astype("float16"))
    with np.errstate(over="ignore"):
        upstream = UPSTREAM.astype("float16").astype("float32")
        expected = (-np.float32(0.3) * upstream).astype("float16")
        early = -np.float16(0.3) * UPSTREAM.astype("float16")
    np.testing.assert_array_equal(gradient, expected)
    assert (expected != early).any()  # so that this test can fail


def test_the_weight_is_a_variable_that_a_compiled_function_reads():
    layer = kl.GradientReversal(1.0)

    @tf.function
    def gradient(inputs):
        with tf.GradientTape() as tape:
            tape.watch(inputs)
            outputs = layer(inputs)
        return tape.gradient(outputs, inputs)

    inputs = tf.ones((2,))
    assert gradient(inputs).numpy().tolist() == [-1.0, -1.0]
    layer.weight = 0.25
    assert gradient(inputs).numpy().tolist() == [-0.25, -0.25]
    layer.weight.assign(0.5)
    assert gradient(inputs).numpy().tolist() == [-0.5, -0.5]
    assert not layer.trainable_variables
    assert len(layer.non_trainable_variables) == 1


@pytest.mark.parametrize(
    "jit_compile, dtype, weight",
    [
        (False, "float32", 0.3),
        (True, "float32", 0.3),
        (False, "mixed_float16", 0.5),
    ],
)
def test_in_fit_the_features_take_the_reversed_step(jit_compile, dtype, weight):
    # Zeros to begin with and rows of the identity: a step of rate 1 is the
    # negated gradient itself, and no sum rounds it.
    def kernel_after_a_step(*reversal):
        policy = dict(dtype=dtype, use_bias=False)
        dense = keras.layers.Dense
        ones = keras.initializers.Constant(0.37)
        layers = [
            dense(3, kernel_initializer="zeros", **policy),
            *reversal,
            dense(1, kernel_initializer=ones, **policy),
        ]
        model = keras.Sequential([keras.Input((8,)), *layers])
        model.compile(keras.optimizers.SGD(1.0), "mse", jit_compile=jit_compile)
        rows, goal = np.eye(8, dtype="float32"), np.full((8, 1), 0.7, "float32")
        model.fit(rows, goal, batch_size=8, shuffle=False, verbose=0)
        return layers[0].kernel.numpy()

    plain = kernel_after_a_step()
    found = kernel_after_a_step(kl.GradientReversal(weight, dtype=dtype))
    assert (plain > 0).all()
    np.testing.assert_array_equal(found, -np.float32(weight) * plain)


def test_the_function_takes_a_number_or_a_tensor():
    for weight in (0.5, tf.constant(0.5)):
        with tf.GradientTape() as tape:
            inputs = tf.Variable([1.0, 2.0])
            outputs = kl.reverse_gradient(inputs, weight)
        assert outputs.numpy().tolist() == [1.0, 2.0]
        assert tape.gradient(outputs, inputs).numpy().tolist() == [-0.5, -0.5]


def test_saved_and_loaded_it_has_the_weight_of_the_moment(tmp_path):
    layer = kl.GradientReversal(0.3, name="reversal")
    dense = keras.layers.Dense(1)
    model = keras.Sequential([keras.Input((5,)), layer, dense])
    layer.weight = 0.75
    model.save(tmp_path / "model.keras")
    loaded = keras.saving.load_model(tmp_path / "model.keras")
    found = loaded.get_layer("reversal")
    assert float(found.weight.numpy()) == 0.75
    assert found.get_config()["weight"] == 0.3
    np.testing.assert_array_equal(loaded(X), model(X))
    clone = keras.models.clone_model(model).get_layer("reversal")
    assert np.float32(0.3) == clone.weight.numpy()


@pytest.mark.parametrize("weight", [-0.1, float("nan"), "1", None, True])
def test_a_weight_that_is_no_number_from_0_is_refused(weight):
    with pytest.raises(ValueError, match="`weight` must be a finite number"):
        kl.GradientReversal(weight)
    layer = kl.GradientReversal()
    with pytest.raises(ValueError, match="`weight` must be a finite number"):
        layer.weight = weight
    assert float(layer.weight.numpy()) == 1.0


JAX = """
import keras, numpy as np, jax
import keras_latent.gradient_reversal as reversal
import keras_latent.adversarial_schedule as schedules

layer = reversal.GradientReversal(0.3)
x = np.linspace(-2, 2, 12, dtype="float32").reshape(3, 4)
upstream = np.linspace(1, 3, 12, dtype="float32").reshape(3, 4)
outputs, backward = jax.vjp(jax.jit(lambda value: layer(value)), x)
np.testing.assert_array_equal(outputs, x)
np.testing.assert_array_equal(backward(upstream)[0], -np.float32(.3) * upstream)

keras.utils.set_random_seed(0)
dense = keras.layers.Dense
model = keras.Sequential([keras.Input((4,)), dense(3), layer, dense(1)])
model.compile(keras.optimizers.SGD(0.01), "mse")
y = np.ones((3, 1), "float32")
schedule = schedules.AdversarialSchedule(2, "linear")
model.fit(x, y, batch_size=3, epochs=2, verbose=0, callbacks=[schedule])
assert layer.weight.numpy() == 0.5, layer.weight.numpy()
model.fit(x, y, batch_size=3, verbose=0, callbacks=[schedule])
assert layer.weight.numpy() == 1.0
"""


def test_layer_and_schedule_on_jax():
    environment = {**os.environ, "KERAS_BACKEND": "jax"}
    done = subprocess.run(
        [sys.executable, "-c", JAX],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr[-3000:]
