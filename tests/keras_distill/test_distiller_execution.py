"""However Keras runs the steps, and whatever feeds them, training is equal."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = RNG.integers(0, 2, size=48)
WEIGHTS = RNG.uniform(0, 2, size=48).astype("float32")
TENSORFLOW = keras.backend.backend() == "tensorflow"


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def network(width, seed, **hidden):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu", **hidden)]
    return keras.Sequential([keras.Input((6,)), *layers, keras.layers.Dense(4)])


def train(data=(X, Y, WEIGHTS), optimizer=None, batch_size=8, **compiled):
    student = network(8, 2, kernel_regularizer=keras.regularizers.L2(0.01))
    losses = [kd.SubclassDistillation(), kd.PenultimateDistillation(4)]
    distiller = kd.Distiller(network(16, 1), student, losses, [0.4, 0.3])
    distiller.compile(
        keras.optimizers.SGD(0.05, **optimizer or {}),
        kd.SubclassCrossentropy(2, diversity_weight=0.0),
        **compiled,
    )
    options = dict(epochs=2, shuffle=False, verbose=0)
    if isinstance(data, tuple):
        x, y, weights = data
        options |= dict(y=y, sample_weight=weights, batch_size=batch_size)
        data = x
    history = distiller.fit(data, **options)
    return [numpy_of(v) for v in distiller.variables], history.history


@pytest.fixture(scope="module")
def expected():
    """Variables and logs of steps that run one by one, not compiled."""
    return train(run_eagerly=True)


def assert_equal(result, expected, names=None):
    for value, other in zip(result[0], expected[0], strict=True):
        np.testing.assert_allclose(value, other, atol=2e-6)
    assert set(result[1]) == set(expected[1])
    for name in names or expected[1]:
        np.testing.assert_allclose(
            result[1][name], expected[1][name], rtol=1e-5, err_msg=name
        )


@pytest.mark.parametrize(
    "compiled",
    [{"jit_compile": True}, {"jit_compile": False, "steps_per_execution": 3}],
    ids=["jit", "several steps"],
)
def test_compiled_steps_equal_eager_ones(expected, compiled):
    if keras.backend.backend() == "torch":
        pytest.skip("no such steps on PyTorch")
    assert_equal(train(**compiled), expected)


@pytest.mark.skipif(not TENSORFLOW, reason="tf.data")
def test_a_tf_dataset_trains_as_arrays_do(expected):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices((X, Y, WEIGHTS)).batch(8)
    assert_equal(train(data, run_eagerly=True), expected)


class Batches(keras.utils.PyDataset):
    """The arrays, in batches of 8."""

    def __len__(self):
        return 6

    def __getitem__(self, index):
        rows = slice(8 * index, 8 * index + 8)
        return X[rows], Y[rows], WEIGHTS[rows]


def test_a_py_dataset_trains_as_arrays_do(expected):
    assert_equal(train(Batches(workers=1), run_eagerly=True), expected)


def test_accumulated_gradients_of_two_batches_are_those_of_one():
    data = X, Y, None
    halves = train(
        data, {"gradient_accumulation_steps": 2}, batch_size=8, run_eagerly=True
    )
    whole = train(data, batch_size=16, run_eagerly=True)
    for value, other in zip(halves[0], whole[0], strict=True):
        np.testing.assert_allclose(value, other, atol=2e-6)
