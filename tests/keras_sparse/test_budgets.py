"""A budget is split among layers exactly, in proportion, within bounds."""

import keras
import numpy as np
import pytest
from keras import ops

from keras_sparse.budgets import share_out

needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.function"
)


def shared_out(total, shares, capacities):
    return ops.convert_to_numpy(share_out(total, shares, capacities)).tolist()


@pytest.mark.parametrize(
    "total, shares, capacities, expected",
    [
        (10, [5, 3, 2], [9, 9, 9], [5, 3, 2]),
        (10, [5, 3, 2], [3, 9, 9], [3, 4, 3]),  # 7 left in 3 : 2
        (10, [0.005, 0.003, 0.002], [9, 9, 9], [5, 3, 2]),  # their scale: no
        (7, [1, 1], [9, 9], [4, 3]),  # of equal claims the first one's
        (0, [1, 1], [9, 9], [0, 0]),
        (18, [1, 0], [9, 9], [9, 9]),
        (30, [1, 2], [9, 9], [9, 9]),  # more than there is room
        (4, [0, 1, 0], [9, 2, 9], [1, 2, 1]),  # share 0: what others leave
        (4, [0, 0], [9, 9], [2, 2]),
        (4, [float("nan"), 1, -1], [9, 9, 9], [0, 4, 0]),
        (3, [1], [5], [3]),
        (3, [1e-38, 3e38], [9, 2], [1, 2]),
    ],
)
def test_shares_by_hand(total, shares, capacities, expected):
    assert shared_out(total, shares, capacities) == expected


def webster(total, shares, capacities):
    """One weight after the other to the layer with the strongest claim."""
    counts = np.zeros(len(shares), dtype=int)
    for _ in range(total):
        claims = np.where(counts < capacities, shares / (counts + 0.5), -1.0)
        counts[claims.argmax()] += 1
    return counts.tolist()


@pytest.mark.parametrize("seed", range(8))
def test_shares_are_those_of_the_divisor_method(seed):
    generator = np.random.default_rng(seed)
    layers = int(generator.integers(1, 12))
    shares = generator.random(layers) * 10.0 ** generator.integers(-6, 6)
    capacities = generator.integers(0, 40, size=layers)
    for total in generator.integers(0, capacities.sum() + 1, size=4):
        expected = webster(int(total), shares, capacities)
        assert shared_out(int(total), shares, capacities) == expected


def test_sums_are_exact_in_large_networks():
    generator = np.random.default_rng(0)
    capacities = generator.integers(0, 40_000_000, size=50)
    shares = generator.random(50) ** 8
    for total in generator.integers(0, capacities.sum(), size=10):
        counts = np.array(shared_out(int(total), shares, capacities))
        assert counts.sum() == total
        assert (counts >= 0).all() and (counts <= capacities).all()


@needs_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_graphs_share_out_as_eager_mode_does(jit_compile):
    import tensorflow as tf

    traced = tf.function(share_out, jit_compile=jit_compile)
    generator = np.random.default_rng(1)
    shares = generator.random(9).astype("float32")
    capacities = generator.integers(0, 99, size=9).astype("int32")
    for total in (0, 1, 57, int(capacities.sum())):
        found = traced(tf.constant(total), shares, capacities).numpy()
        assert found.tolist() == shared_out(total, shares, capacities)
