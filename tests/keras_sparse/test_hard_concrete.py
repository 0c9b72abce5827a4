import inspect
import math

import keras
import numpy as np
import pytest
from keras import ops
from numpy.testing import assert_allclose, assert_array_equal

from keras_sparse import hard_concrete
from keras_sparse.hard_concrete import HardConcreteGate

BETA, STRETCH = 2 / 3, (-0.1, 1.1)


def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def test_open_probability_by_hand():
    # log(0.1 / 1.1) = -2.3979, times 2/3 is -1.5986; sigmoid(1.5986) = 0.8318.
    found = hard_concrete.open_probability(
        ops.array([0.0, -1.5986]), BETA, STRETCH
    )
    assert_allclose(ops.convert_to_numpy(found), [0.8318, 0.5], atol=1e-4)


@pytest.mark.parametrize("log_alpha", [-2.0, 0.0, 1.5])
def test_open_probability_is_the_share_of_samples_above_zero(log_alpha):
    noise = (np.arange(100_000, dtype="float32") + 0.5) / 100_000
    gates = hard_concrete.sampled_gates(
        ops.array(log_alpha), ops.array(noise), BETA, STRETCH
    )
    expected = hard_concrete.open_probability(
        ops.array(log_alpha), BETA, STRETCH
    )
    share = (ops.convert_to_numpy(gates) > 0).mean()
    assert_allclose(share, float(expected), atol=1e-4)


def test_sampled_gates_by_hand():
    # log(0.5 / 0.5) = 0; sigmoid(0) = 0.5 stretches to 0.5; a noise of 0.01
    # gives sigmoid(-4.595 * 1.5) = 0.001 and -0.0988, cut to 0; 0.99 gives 1.
    noise = ops.array([0.5, 0.01, 0.99])
    found = hard_concrete.sampled_gates(ops.zeros(3), noise, BETA, STRETCH)
    assert_allclose(ops.convert_to_numpy(found), [0.5, 0, 1], atol=1e-6)


def test_gates_at_inference_by_hand():
    gate = HardConcreteGate()
    gate.build((None, 4))
    gate.log_alpha.assign([-3.0, math.log(1 / 3), 0.0, 3.0])
    # sigmoid: 0.0474, 0.25, 0.5, 0.9526; times 1.2 minus 0.1, cut to [0, 1].
    assert_allclose(gate.gates(), [0, 0.2, 0.5, 1], atol=1e-6)
    assert_array_equal(gate.open_units(), [False, True, True, True])
    x = np.array([[1.0, 2, 3, 4]], "float32")
    outputs = ops.convert_to_numpy(gate(x))
    assert_allclose(outputs, [[0, 0.4, 1.5, 4]], atol=1e-6)
    assert_array_equal(ops.convert_to_numpy(gate(x)), outputs)


def test_the_loss_is_weight_times_the_expected_number_of_open_units():
    gate = HardConcreteGate(weight=0.5)
    for training in (True, False):
        gate(np.ones((2, 3), "float32"), training=training)
        assert_allclose(float(sum(gate.losses)), 0.5 * 3 * 0.8318, atol=1e-4)
    without = HardConcreteGate()
    without(np.ones((2, 3), "float32"), training=True)
    assert without.losses == []


def test_drop_rate_is_the_share_of_gates_below_one_half():
    gate = HardConcreteGate(drop_rate=0.2, seed=3)
    outputs = gate(np.ones((1, 20_000), "float32"), training=True)
    share = (ops.convert_to_numpy(outputs) < 0.5).mean()
    assert_allclose(share, 0.2, atol=0.01)


@pytest.mark.parametrize("per_example", [False, True])
def test_gates_are_drawn_per_batch_or_per_example(per_example):
    gate = HardConcreteGate(per_example=per_example, seed=1)
    x = np.ones((2, 50), "float32")
    first, second = (
        ops.convert_to_numpy(gate(x, training=True)) for _ in range(2)
    )
    assert (first[0] == first[1]).all() != per_example
    assert (first != second).any()


def model_of(**arguments):
    keras.utils.set_random_seed(2)
    gate = HardConcreteGate(seed=4, name="gate", **arguments)
    dense = keras.layers.Dense(
        1, kernel_regularizer=keras.regularizers.L2(0.01)
    )
    return keras.Sequential([keras.Input((4,)), gate, dense])


def data():
    generator = np.random.default_rng(5)
    x = generator.normal(size=(256, 4)).astype("float32")
    return x, x[:, :1] - 2 * x[:, 1:2]


@pytest.mark.parametrize("jit_compile", [False, True])
def test_fit_closes_the_gates_of_what_does_not_help(jit_compile):
    model, (x, y) = model_of(weight=0.1), data()
    model.compile(keras.optimizers.Adam(0.1), "mse", jit_compile=jit_compile)
    model.fit(x, y, batch_size=32, epochs=25, verbose=0)
    assert_array_equal(
        model.get_layer("gate").open_units(), [True, True, False, False]
    )


def test_gates_stay_within_the_bounds_from_which_they_can_come_back():
    model, (x, y) = model_of(weight=10.0), data()
    model.compile(keras.optimizers.SGD(1.0), "mse")
    model.fit(x, 0 * y, batch_size=64, verbose=0)
    log_alpha = ops.convert_to_numpy(model.get_layer("gate").log_alpha)
    assert_allclose(log_alpha, -math.log(100), rtol=1e-6)


def test_the_gradient_is_that_of_finite_differences():
    noise = np.array([0.3, 0.5, 0.7], "float64")
    start = np.array([-0.5, 0.2, 0.4], "float64")

    def by_numpy(log_alpha):
        concrete = sigmoid((np.log(noise / (1 - noise)) + log_alpha) / BETA)
        gates = np.clip(concrete * 1.2 - 0.1, 0, 1)
        opened = sigmoid(log_alpha - BETA * math.log(0.1 / 1.1))
        return (gates**2).sum() + 0.3 * opened.sum()

    steps = 1e-6 * np.eye(3)
    expected = [
        (by_numpy(start + step) - by_numpy(start - step)) / 2e-6
        for step in steps
    ]

    # One step of SGD at rate 1 moves by the gradient, on every backend.
    class Objective(keras.layers.Layer):
        def build(self, shape):
            self.log_alpha = self.add_weight(shape=(3,), name="log_alpha")

        def call(self, inputs):
            gates = hard_concrete.sampled_gates(
                self.log_alpha, ops.array(noise, "float32"), BETA, STRETCH
            )
            opened = hard_concrete.open_probability(
                self.log_alpha, BETA, STRETCH
            )
            return inputs * (ops.sum(gates**2) + 0.3 * ops.sum(opened))

    model = keras.Sequential([keras.Input((1,)), Objective()])
    model.layers[0].log_alpha.assign(start)
    model.compile(keras.optimizers.SGD(1.0), loss=lambda y, z: z)
    model.fit(np.ones((1, 1)), np.ones((1, 1)), verbose=0)
    moved = start - ops.convert_to_numpy(model.layers[0].log_alpha)
    assert_allclose(moved, expected, atol=1e-5)


def test_saved_models_give_the_same_gates_and_outputs(tmp_path):
    model, (x, y) = model_of(weight=0.01), data()
    model.compile("sgd", "mse")
    model.fit(x, y, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    gates = [m.get_layer("gate").gates() for m in (model, loaded)]
    assert (gates[0] != HardConcreteGate().drop_rate).all()
    assert_array_equal(*gates)
    assert_array_equal(*(m.predict(x, verbose=0) for m in (model, loaded)))


def test_the_config_holds_the_arguments_and_makes_the_same_layer():
    arguments = {
        "weight": 0.1,
        "drop_rate": 0.2,
        "temperature": 0.5,
        "stretch": [-0.2, 1.3],
        "per_example": True,
        "seed": 7,
    }
    gate = HardConcreteGate(**arguments, name="named")
    config = gate.get_config()
    assert {name: config[name] for name in arguments} == arguments
    signature = inspect.signature(HardConcreteGate.__init__).parameters
    assert set(signature) - {"self", "kwargs"} == set(arguments)
    assert HardConcreteGate.from_config(config).get_config() == config


def test_mixed_precision_keeps_the_gates_in_float32():
    gate = HardConcreteGate(dtype="mixed_bfloat16")
    outputs = gate(ops.ones((2, 3), "bfloat16"), training=True)
    assert keras.backend.standardize_dtype(outputs.dtype) == "bfloat16"
    assert gate.log_alpha.dtype == "float32"


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"weight": -1.0}, "weight=-1.0"),
        ({"drop_rate": 0.0}, "drop_rate=0.0"),
        ({"drop_rate": 1.0, "temperature": 0.0}, "drop_rate=1.0.*temperature"),
        ({"stretch": (0.0, 1.1)}, "stretch"),
        ({"stretch": (-0.1, 1.0)}, "stretch"),
        ({"stretch": (-0.1,)}, "stretch"),
    ],
)
def test_arguments_out_of_range_are_refused(arguments, words):
    with pytest.raises(ValueError, match=words):
        HardConcreteGate(**arguments)
