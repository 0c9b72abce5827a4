"""Mutations and fitness against NumPy."""

import keras
import numpy as np
import pytest
import tensorflow as tf

from keras_latent.evolution_fitness import (
    diversity_fitness,
    measure_fitness,
    quality_fitness,
    real_gradients,
)
from keras_latent.evolution_mutations import (
    MUTATIONS,
    find_mutations,
    mutations_config,
)
from keras_latent.evolution_steps import in_turn, select


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


# Name -> the loss of logits, and its derivative by each of `n` of them.
EXPECTED = {
    "minimax": (
        lambda x: np.log(1 - sigmoid(x)).mean(),
        lambda x: -sigmoid(x) / x.size,
    ),
    "heuristic": (
        lambda x: -np.log(sigmoid(x)).mean(),
        lambda x: (sigmoid(x) - 1) / x.size,
    ),
    "least_squares": (
        lambda x: ((sigmoid(x) - 1) ** 2).mean(),
        lambda x: -2 * (1 - sigmoid(x)) ** 2 * sigmoid(x) / x.size,
    ),
    "least_squares_logit": (
        lambda x: ((x - 1) ** 2).mean(),
        lambda x: 2 * (x - 1) / x.size,
    ),
}


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_and_its_gradient_are_as_written(name):
    logits = np.random.default_rng(0).normal(0, 2, (40, 1))
    value, slope = EXPECTED[name]
    given = tf.constant(logits, "float32")
    with tf.GradientTape() as tape:
        tape.watch(given)
        loss = MUTATIONS[name](given)
    assert loss.shape == () and loss.dtype == "float32"
    np.testing.assert_allclose(loss, value(logits), rtol=1e-6, atol=1e-6)
    gradient = tape.gradient(loss, given)
    np.testing.assert_allclose(gradient, slope(logits), atol=1e-7)


@pytest.mark.parametrize("name", MUTATIONS)
def test_a_mutation_of_large_logits_is_finite(name):
    assert np.isfinite(float(MUTATIONS[name]([-1e4, 1e4])))


def test_names_and_functions_are_mutations():
    def mine(logits):
        return keras.ops.mean(logits)

    names, functions = find_mutations(["minimax", mine])
    assert names == ["minimax", "mine"]
    assert functions == [MUTATIONS["minimax"], mine]


@pytest.mark.parametrize(
    "mutations, told",
    [
        (["minimax", "wgan"], "known names.*'wgan'.*least_squares_logit"),
        ([3, "minimax"], "known names.*3"),
        ([keras.losses.MeanSquaredError()], "functions of logits"),
        ([], "at least one"),
        ("minimax", "must be a list.*'minimax'"),
    ],
)
def test_other_mutations_are_refused(mutations, told):
    with pytest.raises(ValueError, match=f"`mutations`.*{told}"):
        find_mutations(mutations)


def test_a_function_that_could_not_be_loaded_is_not_saved():
    with pytest.raises(ValueError, match="`mutations`.*registered"):
        mutations_config(["minimax", lambda logits: logits])


def test_quality_is_the_mean_probability():
    logits = np.random.default_rng(1).normal(0, 3, (50, 1))
    found = quality_fitness(logits)
    np.testing.assert_allclose(found, sigmoid(logits).mean(), atol=1e-6)


def test_diversity_is_finite_at_no_gradient_at_all():
    assert float(diversity_fitness([np.zeros(3)])) == pytest.approx(34.54, 1e-3)


def by_hand(real, fake, weights):
    """Quality, and -log of the gradient's norm, of one hidden tanh layer."""
    kernel, bias, head, last = (w.astype("float64") for w in weights)
    gradients = [np.zeros_like(w) for w in (kernel, bias, head, last)]
    for examples, label in ((real, 1.0), (fake, 0.0)):
        hidden = np.tanh(examples @ kernel + bias)
        logits = hidden @ head + last
        # Derivative of the cross-entropy of a sigmoid.
        error = (sigmoid(logits) - label) / len(examples)
        inner = (error @ head.T) * (1 - hidden**2)
        parts = examples.T @ inner, inner.sum(0), hidden.T @ error, error.sum(0)
        gradients = [a + b for a, b in zip(gradients, parts, strict=True)]
    norm = np.sqrt(sum((gradient**2).sum() for gradient in gradients))
    return sigmoid(logits).mean(), -np.log(norm)


def test_fitness_equals_a_gradient_derived_by_hand():
    generator = np.random.default_rng(2)
    layers = keras.layers
    discriminator = keras.Sequential(
        [
            keras.Input((3,)),
            layers.Dense(5, "tanh", kernel_initializer="ones"),
            layers.Dense(1),
        ]
    )
    shapes = [weight.shape for weight in discriminator.weights]
    weights = [generator.normal(size=shape) for shape in shapes]
    discriminator.set_weights(weights)
    real = generator.normal(size=(12, 3))
    fake = generator.normal(1.0, 1.0, size=(20, 3))
    shared = real_gradients(discriminator, real.astype("float32"))
    found = measure_fitness(discriminator, shared, fake.astype("float32"), 0.7)
    quality, diversity = by_hand(real, fake, weights)
    np.testing.assert_allclose(found.quality, quality, atol=1e-6)
    np.testing.assert_allclose(found.diversity, diversity, atol=1e-6)
    expected = quality + 0.7 * diversity
    np.testing.assert_allclose(found.fitness, expected, atol=1e-6)


def test_fitness_of_half_precision_does_not_vanish():
    def judge(policy):
        layers, init = keras.layers, keras.initializers.Constant(1e-3)
        dense = layers.Dense(1, kernel_initializer=init, dtype=policy)
        network = keras.Sequential([keras.Input((2,)), dense])
        ones = np.ones((4096, 2), "float32")
        shared = real_gradients(network, ones)
        # Nearly the same examples: gradients of the two parts all but cancel.
        return measure_fitness(network, shared, ones * 1.01, 1.0)

    half, full = judge("mixed_float16"), judge("float32")
    np.testing.assert_allclose(half.diversity, full.diversity, rtol=0.02)


def test_the_first_of_equals_survives_and_nan_never_first():
    nan = float("nan")
    assert [int(i) for i in select([nan, 1.0, 2.0, 2.0], 2)] == [2, 3]
    assert [int(i) for i in select([0.5, 0.5, 0.5], 1)] == [0]
    assert [int(i) for i in select([nan, -1e30], 2)] == [1, 0]


def test_samples_of_survivors_take_turns():
    samples = [np.full((2, 3), place, "float32") for place in range(4)]
    mixed = in_turn(samples, [3, 1])
    assert mixed.shape == (4, 3)
    assert mixed.numpy()[:, 0].tolist() == [3, 1, 3, 1]
