"""Random masks and scores are functions of seed, path and step alone."""

import json
import os
import subprocess
import sys
import zlib

import keras
import numpy as np
import pytest
from keras import ops

from keras_sparse import topology

SHAPES = [(1,), (5,), (4, 5), (2, 9, 1), (2, 2, 4, 4), (3000,)]
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.function"
)


@pytest.mark.parametrize("shape", SHAPES)
def test_a_random_mask_has_exactly_the_number(shape):
    size = int(np.prod(shape))
    for kept in {0, 1, size // 3, size}:
        mask = topology.random_mask(shape, kept, seed=1, path="a")
        assert mask.shape == shape and mask.dtype == bool
        assert mask.sum() == kept


def test_random_masks_differ_by_seed_and_path_and_are_uniform():
    def draw(seed, path):
        return topology.random_mask((40, 50), 200, seed=seed, path=path)

    assert (draw(0, "a") == draw(0, "a")).all()
    for other in (draw(1, "a"), draw(0, "b")):
        assert 0 < (other & draw(0, "a")).sum() < 60  # by chance 20
    share = np.mean([draw(seed, "a") for seed in range(300)], axis=0)
    assert abs(share - 0.1).max() < 6 * np.sqrt(0.1 * 0.9 / 300)


EXPECTED_MASK = [0, 0, 1, 0, 1, 0, 1, 1, 0, 0, 0, 0]
EXPECTED_SCORES = [
    0.04655367136001587,
    0.19318491220474243,
    0.02899909019470215,
]
PRINT = """
import sys
from keras import ops
from keras_sparse.topology import random_mask, random_scores
mask = random_mask((12,), 4, seed=7, path="dense/kernel")
scores = random_scores((3,), seed=7, path="dense/kernel", step=100)
scores = ops.convert_to_numpy(scores)
sys.stdout.write(str(mask.astype(int).tolist() + scores.tolist()))
"""


@pytest.mark.parametrize("hash_seed", [None, "123"])
def test_random_draws_are_the_same_in_every_process(hash_seed):
    if hash_seed is None:
        mask = topology.random_mask((12,), 4, seed=7, path="dense/kernel")
        scores = topology.random_scores((3,), 7, "dense/kernel", step=100)
        found = [*mask.astype(int), *ops.convert_to_numpy(scores)]
    else:
        shown = subprocess.run(
            [sys.executable, "-c", PRINT],
            env={**os.environ, "PYTHONHASHSEED": hash_seed},
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        found = json.loads(shown)
    assert found == EXPECTED_MASK + EXPECTED_SCORES


def murmur_scores(size, seed, path, step):
    """The same hash with numpy's unsigned integers."""

    def mix(bits):
        bits = bits ^ (bits >> np.uint32(16))
        bits = bits * np.uint32(0x85EBCA6B)
        bits = bits ^ (bits >> np.uint32(13))
        bits = bits * np.uint32(0xC2B2AE35)
        return bits ^ (bits >> np.uint32(16))

    stream = np.array(zlib.crc32(f"{seed}/{path}".encode()), "uint32")
    with np.errstate(over="ignore"):
        state = mix(mix(np.array(step, "uint32") ^ stream) + stream)
        bits = mix(mix(np.arange(size, dtype="uint32") ^ state) + state)
    return (bits >> np.uint32(8)).astype("float32") / 2.0**24


@pytest.mark.parametrize("seed, path, step", [(0, "a", 0), (3, "b/k", 12345)])
def test_random_scores_are_the_murmur_finaliser(seed, path, step):
    found = topology.random_scores((50, 41), seed, path, step)
    found = ops.convert_to_numpy(found)
    assert found.shape == (50, 41) and found.dtype == "float32"
    expected = murmur_scores(2050, seed, path, step)
    np.testing.assert_array_equal(found.ravel(), expected)


def test_random_scores_are_uniform_and_uncorrelated():
    size, bins = 200_000, 100
    draws = [
        ops.convert_to_numpy(topology.random_scores((size,), seed, path, step))
        for seed, path, step in [(0, "a", 0), (0, "a", 1), (0, "b", 0)]
    ]
    for scores in draws:
        assert 0 <= scores.min() and scores.max() < 1
        assert abs(scores.mean() - 0.5) < 5 / np.sqrt(12 * size)
        counts = np.histogram(scores, bins, (0, 1))[0]
        chi_square = ((counts - size / bins) ** 2 / (size / bins)).sum()
        # 99 degrees of freedom: mean 99, standard deviation 14.
        assert 40 < chi_square < 170
        neighbours = np.corrcoef(scores[:-1], scores[1:])[0, 1]
        assert abs(neighbours) < 5 / np.sqrt(size)
    for other in draws[1:]:
        assert abs(np.corrcoef(draws[0], other)[0, 1]) < 5 / np.sqrt(size)


@needs_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_graphs_draw_as_eager_mode_does(jit_compile):
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def scores(step):
        return topology.random_scores((40, 50), 1, "a", step)

    for step in (0, 77, 2**31 - 1):
        expected = murmur_scores(2000, 1, "a", step).reshape(40, 50)
        found = scores(tf.constant(step, "int64")).numpy()
        np.testing.assert_array_equal(found, expected)
