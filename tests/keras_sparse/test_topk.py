"""Exactly k are marked, ties go to the lower index, in every dtype."""

import json
import math
import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from keras_sparse.topk import top_k_mask, top_magnitude_mask

CASES = json.loads(
    (pathlib.Path(__file__).parents[1] / "cases" / "engine.json").read_text()
)
SIZES = [1, 3, 1023, 1024, 1025, 5000]
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.function"
)


def reference(score, k):
    """The k first of a stable descending order."""
    flat = np.asarray(score, "float32").ravel() + 0.0
    mask = np.zeros(flat.size, bool)
    mask[np.argsort(-flat, kind="stable")[: max(k, 0)]] = True
    return mask.reshape(np.shape(score))


def assert_top_k(score, k):
    found = ops.convert_to_numpy(top_k_mask(ops.convert_to_tensor(score), k))
    assert found.dtype == bool
    np.testing.assert_array_equal(found, reference(score, k))


def scores_of(kind, size, seed=0):
    generator = np.random.default_rng([seed, size])
    normal = generator.normal(size=size)
    return {
        "normal": normal,
        "negative": -np.abs(normal),
        "few values": generator.integers(-2, 3, size).astype(float),
        "all ties": np.full(size, 0.3),
        "all zero": np.zeros(size),
        "signed zeros": np.where(normal > 0, 0.0, -0.0),
        "tiny": normal * 1e-38,
        "huge": normal * 1e37,
        "infinite": np.where(normal > 1, np.inf, normal),
        "close": 1 + np.round(normal * 4) * 2.0**-23,
    }[kind].astype("float32")


KINDS = [
    "normal",
    "negative",
    "few values",
    "all ties",
    "all zero",
    "signed zeros",
    "huge",
    "infinite",
    "close",
]


@pytest.mark.parametrize("case", CASES["top_k"])
def test_equals_jaxpruner(case):
    kept = max(1, round(len(case["scores"]) * (1 - case["sparsity"])))
    scores = ops.array(case["scores"], "float32")
    found = ops.convert_to_numpy(top_k_mask(scores, kept))
    np.testing.assert_array_equal(found, np.array(case["mask"], bool))


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", SIZES)
def test_equals_a_stable_sort(kind, size):
    score = scores_of(kind, size)
    for k in {0, 1, size // 3, size // 2, size - 1, size}:
        assert_top_k(score, k)


@pytest.mark.parametrize("kind", ["normal", "few values", "all zero"])
def test_equals_a_stable_sort_above_131072_entries(kind):
    score = scores_of(kind, 2**17 + 2**15 + 7)
    for k in (1, 1000, 2**17 + 1):
        assert_top_k(score, k)


@pytest.mark.parametrize(
    "k, number", [(-3, 0), (0, 0), (6, 6), (7, 6), (99, 6)]
)
def test_k_is_clipped_to_the_number_of_entries(k, number):
    score = ops.array([3.0, -1.0, 0.0, -0.0, 2.0, 2.0])
    assert int(ops.sum(ops.cast(top_k_mask(score, k), "int32"))) == number


@pytest.mark.parametrize("shape", [(0,), (3, 0), (1,), (2, 3), (3, 3, 2, 4)])
def test_the_mask_has_the_shape_of_the_score(shape):
    score = np.random.default_rng(1).normal(size=shape).astype("float32")
    assert_top_k(score, math.prod(shape) // 2)


@pytest.mark.parametrize("dtype", ["bfloat16", "float16"])
@pytest.mark.parametrize("k", [1, 100, 700])
def test_half_precision_scores_are_compared_without_loss(dtype, k):
    score = ops.cast(scores_of("normal", 1500), dtype)
    exact = ops.convert_to_numpy(ops.cast(score, "float32"))
    assert len(np.unique(exact)) < 1500  # there are ties to break
    found = ops.convert_to_numpy(top_k_mask(score, k))
    np.testing.assert_array_equal(found, reference(exact, k))


def test_denormal_scores_never_change_the_count():
    # Whether they differ from 0 is up to the device.
    score = ops.convert_to_tensor(scores_of("tiny", 3000))
    for k in (1, 1500, 2999):
        assert int(ops.sum(ops.cast(top_k_mask(score, k), "int32"))) == k


@needs_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_k_may_be_traced(jit_compile):
    import tensorflow as tf

    @tf.function(jit_compile=jit_compile)
    def compiled(score, k):
        return top_k_mask(score, k)

    for kind in ("normal", "few values", "signed zeros"):
        score = scores_of(kind, 3000)
        for k in (0, 1, 1024, 2999, 3000):
            found = compiled(tf.constant(score), tf.constant(k)).numpy()
            np.testing.assert_array_equal(found, reference(score, k))
    assert compiled.experimental_get_tracing_count() == 1


def magnitude_reference(values, k, among):
    score = np.where(among, np.abs(values), -1.0)
    return reference(score, k)


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("size", [1, 5, 1025])
def test_largest_magnitudes_come_from_among_only(kind, size):
    values = scores_of(kind, size)
    generator = np.random.default_rng(size)
    for share in (0.0, 0.1, 0.9, 1.0):
        among = generator.random(size) < share
        for k in {0, min(1, among.sum()), among.sum() // 2, among.sum()}:
            found = top_magnitude_mask(
                ops.convert_to_tensor(values), k, ops.convert_to_tensor(among)
            )
            found = ops.convert_to_numpy(found)
            assert found.sum() == k and not (found & ~among).any()
            np.testing.assert_array_equal(
                found, magnitude_reference(values, k, among)
            )


def test_a_zero_among_wins_over_a_giant_outside():
    values, among = [9.0, 0.0, -9.0], [False, True, False]
    found = top_magnitude_mask(ops.array(values), 1, ops.array(among))
    assert ops.convert_to_numpy(found).tolist() == among


@needs_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_magnitudes_with_traced_k(jit_compile):
    import tensorflow as tf

    compiled = tf.function(top_magnitude_mask, jit_compile=jit_compile)
    values = scores_of("few values", 2500)
    among = np.random.default_rng(3).random(2500) < 0.4
    for k in (0, 1, 500, int(among.sum())):
        found = compiled(
            tf.constant(values), tf.constant(k), tf.constant(among)
        )
        np.testing.assert_array_equal(
            found.numpy(), magnitude_reference(values, k, among)
        )
