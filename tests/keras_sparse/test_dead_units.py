import json
import pathlib

import keras
import numpy as np
import pytest
from keras import layers, ops
from numpy.testing import assert_allclose, assert_array_equal

from keras_sparse.compact_mlp import compact_mlp
from keras_sparse.dead_units import remove_dead_units

FOLDER = pathlib.Path(__file__).parents[1] / "cases"
CASES = json.loads((FOLDER / "dead_units.json").read_text())


def relu(x):
    return np.maximum(x, 0)


def outputs_of(kernels, biases, activation, x):
    for kernel, bias in zip(kernels[:-1], biases[:-1], strict=True):
        x = activation(x @ kernel + bias)
    return x @ kernels[-1] + biases[-1]


def random_net(seed, sizes=(12, 9, 8, 7, 3), density=0.12):
    generator = np.random.default_rng(seed)
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    kernels = [
        generator.normal(size=s) * (generator.random(s) < density)
        for s in shapes
    ]
    return kernels, [generator.normal(size=units) for _, units in shapes]


@pytest.mark.parametrize(
    "case", CASES["compressed_fc_rigl"], ids=lambda case: case["name"]
)
def test_no_larger_than_the_authors_single_sweep_leaves(case):
    masks = [np.array(mask) for mask in case["masks"]]
    biases = [np.zeros(mask.shape[1]) for mask in masks]
    found = remove_dead_units(masks, biases, [relu] * (len(masks) - 1))
    assert found.sizes == case["sizes_without_dead"]
    assert all(np.array(found.sizes) <= case["sizes"])


def test_constants_are_folded_and_cascades_followed_by_hand():
    kernels = [
        np.array([[2.0, 0, 0], [0, 0, 5]]),  # nothing comes into unit 1
        np.array([[1.0, 0], [3, -1], [0, 0]]),  # so none but it into unit 1
        np.array([[1.0], [10]]),
    ]
    biases = [np.array([0.5, 2, 7]), np.array([1.0, 9]), np.array([4])]
    found = remove_dead_units(kernels, biases, [relu, relu])
    assert found.sizes == [1, 1, 1, 1]
    assert [list(inputs) for inputs in found.live] == [[0], [0], [0]]
    assert_array_equal(np.concatenate(found.kernels), [[2], [1], [1]])
    # 1 + 3 relu(2) = 7; 9 - relu(2) = 7, so 4 + 10 * 7 = 74.
    assert_array_equal(np.concatenate(found.biases), [0.5, 7, 74])


@pytest.mark.parametrize("activation", [relu, np.tanh])
@pytest.mark.parametrize("seed", range(10))
def test_the_function_stays_and_nothing_dead_is_left(seed, activation):
    kernels, biases = random_net(seed)
    before = [kernel.copy() for kernel in kernels]
    found = remove_dead_units(kernels, biases, [activation] * 3)
    x = np.random.default_rng(seed + 100).normal(size=(20, 12))
    assert_allclose(
        outputs_of(
            found.kernels, found.biases, activation, x[:, found.live[0]]
        ),
        outputs_of(kernels, biases, activation, x),
        atol=1e-9,
    )
    assert sum(found.sizes) < 12 + 9 + 8 + 7 + 3
    for kernel in found.kernels:
        assert kernel.any(axis=1).all()
    for kernel in found.kernels[:-1]:
        assert kernel.any(axis=0).all()
    for kernel, old in zip(kernels, before, strict=True):
        assert_array_equal(kernel, old)


def test_dense_layers_stay_as_they_are():
    kernels, biases = random_net(0, density=1.0)
    found = remove_dead_units(kernels, biases, [relu] * 3)
    for new, old in zip(found.kernels, kernels, strict=True):
        assert_array_equal(new, old)
    assert found.layer_sparsity == [0, 0, 0, 0]


def test_outputs_stay_where_nothing_is_left():
    found = remove_dead_units(
        [np.zeros((2, 3)), np.ones((3, 2))], [np.ones(3), np.zeros(2)], [relu]
    )
    assert found.sizes == [0, 0, 2]
    assert_array_equal(found.biases[1], [3, 3])


@pytest.mark.parametrize(
    "kernels, biases, num_activations",
    [
        ([], [], 0),
        ([np.ones((2, 3)), np.ones((2, 1))], [np.ones(3), np.ones(1)], 1),
        ([np.ones((2, 3))], [np.ones(2)], 0),
        ([np.ones((2, 3))], [np.ones(3)], 1),
        ([np.ones((2, 2, 3))], [np.ones(3)], 0),
        ([np.ones((2, 3))], [], 0),
    ],
)
def test_layers_that_do_not_fit_are_refused(kernels, biases, num_activations):
    with pytest.raises(ValueError, match="`kernels` must be a chain"):
        remove_dead_units(kernels, biases, [relu] * num_activations)


def sparse_mlp(activation, seed=0, use_bias=True, dtype=None):
    keras.utils.set_random_seed(seed)
    dense = [
        layers.Dense(9, activation, use_bias=True, name="one"),
        layers.Dense(8, activation, use_bias=use_bias, name="two"),
        layers.Dense(3, "softmax", use_bias=use_bias, name="three"),
    ]
    model = keras.Sequential([keras.Input((4, 3)), layers.Flatten(), *dense])
    sizes = (12, 9, 8, 3)
    kernels, biases = random_net(seed, sizes, density=0.2)
    for layer, kernel, bias in zip(dense, kernels, biases, strict=True):
        layer.set_weights([kernel, bias] if layer.use_bias else [kernel])
    return model


@pytest.mark.parametrize("activation", ["relu", "tanh", "softplus"])
@pytest.mark.parametrize("use_bias", [True, False])
def test_a_keras_model_keeps_its_outputs(activation, use_bias):
    model = sparse_mlp(activation, seed=3, use_bias=use_bias)
    small, live = compact_mlp(model)
    assert small.count_params() < model.count_params()
    x = np.random.default_rng(0).normal(size=(16, 4, 3)).astype("float32")
    expected = ops.convert_to_numpy(model(x))
    found = ops.convert_to_numpy(small(x.reshape(16, 12)[:, live]))
    assert_allclose(found, expected, atol=1e-6)
    names = [layer.name for layer in small.layers[1:]]
    assert names == ["one", "two", "three"]
    assert len(live) == small.input_shape[1] < 12


def test_a_functional_model_with_dtypes_of_its_own_stays_so():
    inputs = keras.Input((4,))
    hidden = layers.Dense(4, "relu", dtype="mixed_bfloat16")(inputs)
    model = keras.Model(inputs, layers.Dense(2, dtype="float32")(hidden))
    first = model.layers[1]
    first.kernel.assign(ops.eye(4) * ops.array([1.0, 0, 1, 0]))
    small, live = compact_mlp(model)
    assert [layer.compute_dtype for layer in small.layers[1:]] == [
        "bfloat16",
        "float32",
    ]
    assert_array_equal(live, [0, 2])


def branching():
    inputs = keras.Input((4,))
    shared = layers.Dense(4, "relu")
    return keras.Model(inputs, shared(shared(inputs)))


def subclassed():
    class Own(keras.Model):
        pass

    return Own()


def sequential(*chain, shape=(4,)):
    return keras.Sequential([keras.Input(shape), *chain])


@pytest.mark.parametrize(
    "make, words",
    [
        (subclassed, "built Sequential or functional"),
        (lambda: keras.Sequential([layers.Dense(2)]), "Begin it with"),
        (branching, "called twice"),
        (lambda: sequential(layers.Flatten()), "not at all"),
        (lambda: sequential(layers.Dense(2), shape=(3, 4)), "not at all"),
        (
            lambda: sequential(
                layers.Dense(4, "softmax", name="a"),
                layers.Dropout(0.5, name="b"),
                layers.Dense(2, lambda x: x * x, name="c"),
                layers.Dense(2),
            ),
            "'a' .Dense. has the activation 'softmax'; 'b' .Dropout. is "
            "neither; 'c' .Dense. has the activation '<lambda>'",
        ),
        (
            lambda: sequential(
                layers.Flatten("channels_first", name="f"),
                layers.Dense(2),
                shape=(2, 2, 3),
            ),
            "'f' .Flatten. moves the channels",
        ),
        (
            lambda: sequential(
                layers.Dense(2, kernel_initializer="zeros"), layers.Dense(1)
            ),
            "output is constant",
        ),
    ],
)
def test_models_that_are_no_such_chain_are_refused(make, words):
    with pytest.raises(ValueError, match=words):
        compact_mlp(make())
