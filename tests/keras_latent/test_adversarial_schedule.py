"""The schedules are the paper's, and reach every reversal of a model."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

X = np.random.default_rng(0).normal(size=(24, 3)).astype("float32")
Y = X.sum(1)


@pytest.mark.parametrize(
    "step, expected",
    [(0, 0.0), (250, 0.848284), (500, 0.986614), (1000, 0.999909)],
)
def test_sigmoid_at_known_steps(step, expected):
    schedule = kl.AdversarialSchedule(1000)
    assert abs(float(schedule(step)) - expected) < 1e-6
    progress = step / 1000
    formula = 2 / (1 + np.exp(-10 * progress)) - 1
    assert abs(float(schedule(tf.constant(step))) - formula) < 1e-6
    slower = kl.AdversarialSchedule(1000, sharpness=4.0, peak=0.5)
    formula = 0.5 * (2 / (1 + np.exp(-4 * progress)) - 1)
    assert abs(float(slower(step)) - formula) < 1e-6


def test_after_the_last_step_the_weight_stays():
    for shape in ("sigmoid", "linear"):
        schedule = kl.AdversarialSchedule(10, shape)
        assert float(schedule(10)) == float(schedule(11)) > 0.999


@pytest.mark.parametrize(
    "ramp, steps, expected",
    [(1.0, (0, 5, 10), (0.0, 0.5, 1.0)), (0.4, (1, 4, 9), (0.25, 1.0, 1.0))],
)
def test_linear_ramp_by_hand(ramp, steps, expected):
    schedule = kl.AdversarialSchedule(10, "linear", ramp=ramp)
    found = [float(schedule(step)) for step in steps]
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_learning_rate_is_the_formula_of_the_paper():
    rate = kl.AnnealedLearningRate(200, initial=0.02, alpha=8.0, beta=0.5)
    for step in (0, 50, 200):
        expected = 0.02 / (1 + 8.0 * step / 200) ** 0.5
        assert abs(float(rate(step)) - expected) < 1e-8
    assert float(rate(201)) == float(rate(200))
    default = kl.AnnealedLearningRate(100)
    assert abs(float(default(50)) - 0.01 / 6**0.75) < 1e-8


@pytest.mark.parametrize(
    "make, fix",
    [
        (lambda: kl.AdversarialSchedule(0), "`total_steps` must be an int"),
        (lambda: kl.AdversarialSchedule(2.5), "`total_steps` must be an int"),
        (lambda: kl.AdversarialSchedule(9, "cosine"), "`shape` must be one of"),
        (lambda: kl.AdversarialSchedule(9, ramp=0.0), "`ramp` must be"),
        (lambda: kl.AdversarialSchedule(9, ramp=1.1), "`ramp` must be"),
        (lambda: kl.AdversarialSchedule(9, sharpness=0), "`sharpness` must"),
        (lambda: kl.AdversarialSchedule(9, peak=-1), "`peak` must be"),
        (lambda: kl.AnnealedLearningRate(0), "`total_steps` must be an int"),
        (lambda: kl.AnnealedLearningRate(9, initial=0), "`initial` must be"),
        (lambda: kl.AnnealedLearningRate(9, alpha=-1), "`alpha` must be"),
        (lambda: kl.AnnealedLearningRate(9, beta=-1), "`beta` must be"),
    ],
)
def test_arguments_out_of_range_are_refused(make, fix):
    with pytest.raises(ValueError, match=fix):
        make()


@pytest.mark.parametrize(
    "one",
    [
        kl.AdversarialSchedule(9, "linear", 3.0, 0.5, 2.0),
        kl.AnnealedLearningRate(9, 0.1, 2.0, 1.0, "rate"),
    ],
    ids=["weight", "rate"],
)
def test_schedules_come_back_from_their_config(one):
    text = keras.saving.serialize_keras_object(one)
    other = keras.saving.deserialize_keras_object(text)
    assert other.get_config() == one.get_config()
    assert float(other(3)) == float(one(3))


class Block(keras.layers.Layer):
    """A layer that hides a reversal from `model.layers`."""

    def __init__(self):
        super().__init__()
        self.inner = kl.GradientReversal(0.5)

    def call(self, inputs):
        return self.inner(inputs)


class Recorder(keras.callbacks.Callback):
    """The weights as each batch ends."""

    def __init__(self, layers):
        super().__init__()
        self.layers, self.seen = layers, []

    def on_train_batch_end(self, batch, logs=None):
        self.seen.append([float(each.weight.numpy()) for each in self.layers])


def test_the_callback_sets_every_reversal_also_of_nested_models():
    outer, block = kl.GradientReversal(), Block()
    nested = kl.GradientReversal()
    dense = keras.layers.Dense
    inner = keras.Sequential([keras.Input((2,)), nested, dense(2)])
    layers = [keras.Input((3,)), dense(2), outer, inner, block, dense(1)]
    model = keras.Sequential(layers)
    model.compile("sgd", "mse")
    schedule = kl.AdversarialSchedule(8, "linear")
    recorder = Recorder([outer, nested, block.inner])
    fit = dict(batch_size=8, verbose=0, callbacks=[schedule, recorder])
    model.fit(X, Y, epochs=1, **fit)
    model.fit(X, Y, epochs=2, initial_epoch=1, **fit)
    expected = [[step / 8] * 3 for step in range(6)]
    np.testing.assert_allclose(recorder.seen, expected, rtol=1e-6)


def test_as_a_callback_it_needs_a_reversal():
    dense = keras.Sequential([keras.Input((3,)), keras.layers.Dense(1)])
    dense.compile("sgd", "mse")
    with pytest.raises(ValueError, match="model with a `GradientReversal`"):
        dense.fit(X, Y, verbose=0, callbacks=[kl.AdversarialSchedule(8)])
