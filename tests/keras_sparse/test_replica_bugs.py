"""The three bugs of the RigL paper's appendix M, and what replicas exchange.

Evci et al. 2020, arXiv:1911.11134, found in their own code: replicas that draw
their own random numbers, replicas that grow by their own gradients, and SNIP
by the gradient without the weight.
"""

import json
import os
import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_sparse as ks

PROGRAM = pathlib.Path(__file__).parents[1] / "helpers/replica_steps.py"
KERNELS, BIASES = 640, 36
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)


@pytest.fixture(scope="module")
def steps():
    """What two replicas do; in a process of their own."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    return json.loads(done.stdout.splitlines()[-1])


@needs_tensorflow
def test_replicas_draw_the_same_random_growth(steps):
    start, one = np.array(steps["masks"]["set"]["one"])
    _, first, second = np.array(steps["masks"]["set"]["two"])
    assert (one != start).any() and one.sum() == start.sum()
    np.testing.assert_array_equal(first, second)
    np.testing.assert_array_equal(first, one)


def rigl_reference(weight, mask, gradient, fraction):
    """Drops the smallest live weights, grows where gradients are largest."""
    live = np.flatnonzero(mask)
    number = int(len(live) * fraction)
    order = np.argsort(-abs(weight.ravel()[live]), kind="stable")
    grown = np.zeros(mask.size, bool)
    grown[live[order[: len(live) - number]]] = True
    others = np.flatnonzero(~grown)
    best = np.argsort(-abs(gradient.ravel()[others]), kind="stable")
    grown[others[best[:number]]] = True
    return grown.reshape(mask.shape)


@needs_tensorflow
def test_replicas_grow_by_the_gradient_of_the_whole_batch(steps):
    weight, *own = np.random.default_rng(0).normal(size=(3, 8, 6))
    start, first, second = np.array(steps["masks"]["rigl"]["two"])
    expected = rigl_reference(weight, start, sum(own), 0.5)
    for gradient in own:  # what a replica would do by itself
        alone = rigl_reference(weight, start, gradient, 0.5)
        assert (alone != expected).any()
    np.testing.assert_array_equal(first, expected)
    np.testing.assert_array_equal(second, expected)


def test_snip_weighs_the_gradient_by_the_weight():
    generator = np.random.default_rng(0)
    x = generator.normal(size=(32, 20)).astype("float32")
    y = generator.normal(size=(32, 1)).astype("float32")
    dense = keras.layers.Dense(1, use_bias=False)
    model = keras.Sequential([keras.Input((20,)), dense])
    weight = generator.normal(size=(20, 1)) * np.logspace(-2, 1, 20)[:, None]
    dense.kernel.assign(weight)
    gradient = 2 * x.T @ (x @ weight - y) / 32
    by_gradient, by_saliency = (
        np.sort(np.argsort(-abs(score[:, 0]))[:10])
        for score in (gradient, gradient * weight)
    )
    assert (by_gradient != by_saliency).any()
    (mask,) = ks.snip(model, x, y, 0.5, "mse").values()
    np.testing.assert_array_equal(np.flatnonzero(mask), by_saliency)


@needs_tensorflow
@pytest.mark.parametrize(
    "method, always, due, ordinary",
    [
        # An update takes the place of the gradient step.
        ("rigl", [], [KERNELS], [KERNELS + BIASES]),
        ("granet", [KERNELS + BIASES], [KERNELS], []),
        ("set", [KERNELS + BIASES], [], []),  # asks for no gradient
        ("snfs", [KERNELS, KERNELS + BIASES], [], []),  # averages each step's
    ],
)
def test_dense_gradients_are_reduced_only_where_they_are_due(
    steps, method, always, due, ordinary
):
    expected = {"always": always, "due": due, "else": ordinary}
    assert steps["reduced"][method] == expected
