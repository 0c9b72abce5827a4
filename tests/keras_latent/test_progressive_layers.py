"""Layers of progressive growing against NumPy and closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl
from keras_latent.progressive_layers import FadeIn

RANDOM = np.random.default_rng(0)


def test_pixels_have_a_mean_square_of_one():
    inputs = RANDOM.normal(3.0, 5.0, (2, 3, 3, 7)).astype("float32")
    length = np.sqrt(np.square(inputs).mean(axis=-1, keepdims=True) + 1e-8)
    found = kl.PixelNormalization()(inputs)
    np.testing.assert_allclose(found, inputs / length, rtol=1e-5)


def test_pixels_of_large_half_precision_numbers_do_not_overflow():
    inputs = np.full((1, 4), 600.0, "float16")  # squared beyond float16
    found = kl.PixelNormalization(dtype="mixed_float16")(inputs)
    assert found.dtype == tf.float16
    np.testing.assert_allclose(found, 1.0, rtol=1e-3)


def spread_of_groups(inputs, group_size):
    """The channel that is appended, row by row."""
    rows = len(inputs)
    groups = -(-rows // min(group_size, rows))
    column = np.empty(rows)
    for group in range(groups):
        part = inputs[group::groups]
        column[group::groups] = np.sqrt(part.var(axis=0) + 1e-8).mean()
    return column


@pytest.mark.parametrize("rows", [1, 2, 3, 4, 5, 8, 9, 12])
@pytest.mark.parametrize("shape", [(6,), (2, 3, 4)])
def test_the_last_channel_is_the_spread_of_each_group(rows, shape):
    inputs = RANDOM.normal(size=(rows, *shape)).astype("float32")
    found = kl.MinibatchStandardDeviation(group_size=4)(inputs).numpy()
    np.testing.assert_array_equal(found[..., :-1], inputs)
    last = found[..., -1].reshape(rows, -1)
    column = spread_of_groups(inputs, 4)
    expected = np.repeat(column[:, None], last.shape[1], axis=1)
    np.testing.assert_allclose(last, expected, rtol=1e-5)


def test_groups_that_divide_are_those_of_the_authors():
    inputs = RANDOM.normal(size=(8, 2, 2, 3))
    parts = inputs.reshape(4, 2, 2, 2, 3)  # group of 4, 2 groups
    spread = np.sqrt(parts.var(axis=0) + 1e-8).mean(axis=(1, 2, 3))
    found = kl.MinibatchStandardDeviation(4, dtype="float64")(inputs)
    expected = np.tile(spread, 4)
    np.testing.assert_allclose(found[:, 0, 0, -1], expected, rtol=1e-6)


def test_equal_examples_have_no_spread_and_a_finite_gradient():
    inputs = tf.ones((4, 2))
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        found = kl.MinibatchStandardDeviation()(inputs)
    np.testing.assert_allclose(found[:, -1], 1e-4, rtol=1e-3)
    assert np.isfinite(tape.gradient(found, inputs)).all()


@pytest.mark.parametrize("alpha", [0.0, 0.25, 1.0])
def test_fading_in_blends(alpha):
    layer = FadeIn()
    old, new = RANDOM.normal(size=(2, 3, 4)).astype("float32")
    assert float(layer([old, new])[0, 0]) == pytest.approx(new[0, 0])
    layer.alpha.assign(alpha)
    expected = (1 - alpha) * old + alpha * new
    np.testing.assert_allclose(layer([old, new]), expected, rtol=1e-5)
    assert not layer.trainable_variables and len(layer.variables) == 1


LAYERS = {
    "dense": (kl.EqualizedDense, dict(units=400), (200, 300), 300),
    "convolution": (
        kl.EqualizedConv2D,
        dict(filters=50),
        (4, 16, 16, 40),
        360,
    ),
    "pixels": (
        kl.EqualizedConv2D,
        dict(filters=50, kernel_size=1),
        (4, 16, 16, 40),
        40,
    ),
}
table = pytest.mark.parametrize("name", LAYERS)


@table
def test_outputs_of_equalized_layers_have_the_variance_of_the_inputs(name):
    kind, options, shape, _ = LAYERS[name]
    inputs = RANDOM.normal(size=shape).astype("float32")
    layer = kind(gain=1.0, seed=1, **options)
    found = layer(inputs).numpy()
    if len(shape) == 4:
        found = found[:, 1:-1, 1:-1]  # zeros around the image count not
    assert found.var() == pytest.approx(1.0, abs=0.07)
    kernel = layer.kernel.numpy()
    assert kernel.var() == pytest.approx(1.0, abs=0.07)
    doubled = kind(gain=2.0, seed=1, **options)(inputs).numpy()
    if len(shape) == 4:
        doubled = doubled[:, 1:-1, 1:-1]
    np.testing.assert_allclose(doubled, 2 * found, rtol=1e-4, atol=1e-4)


@table
def test_equalized_layers_are_keras_layers_of_a_scaled_kernel(name):
    kind, options, shape, fan_in = LAYERS[name]
    inputs = tf.constant(RANDOM.normal(size=shape).astype("float32"))
    layer = kind(gain=3.0, seed=1, **options)
    layer.build(shape)
    scale = 3.0 / np.sqrt(fan_in)
    if name == "dense":
        plain = keras.layers.Dense(400)
    else:
        side = options.get("kernel_size", 3)
        plain = keras.layers.Conv2D(50, side, padding="same")
    plain.build(shape)
    bias = RANDOM.normal(size=layer.bias.shape)
    layer.bias.assign(bias)
    plain.set_weights([layer.kernel.numpy() * scale, bias])
    gradients, outputs = [], []
    for each in (layer, plain):
        with tf.GradientTape() as tape:
            made = each(inputs)
            loss = tf.reduce_mean(tf.square(made))
        outputs.append(made)
        gradients.append(tape.gradient(loss, each.trainable_variables))
    np.testing.assert_allclose(*outputs, rtol=1e-3, atol=1e-4)
    (ours, our_bias), (theirs, their_bias) = gradients
    np.testing.assert_allclose(ours, theirs * scale, rtol=1e-3, atol=1e-6)
    np.testing.assert_allclose(our_bias, their_bias, rtol=1e-3, atol=1e-6)


def test_a_seed_draws_the_same_kernel():
    kernels = []
    for seed in (1, 1, 2):
        layer = kl.EqualizedDense(3, seed=seed)
        layer.build((None, 4))
        kernels.append(layer.kernel.numpy())
    np.testing.assert_array_equal(kernels[0], kernels[1])
    assert np.abs(kernels[0] - kernels[2]).max() > 0.1


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: kl.MinibatchStandardDeviation(1), "group_size"),
        (lambda: kl.EqualizedDense(0), "units"),
        (lambda: kl.EqualizedDense(2, gain=0.0), "gain"),
        (lambda: kl.EqualizedDense(2, seed=-1), "seed"),
        (lambda: kl.EqualizedConv2D(2.5), "filters"),
        (lambda: kl.EqualizedConv2D(2, kernel_size=0), "kernel_size"),
    ],
)
def test_arguments_out_of_range(make, name):
    with pytest.raises(ValueError, match=f"`{name}` must .*Received"):
        make()
