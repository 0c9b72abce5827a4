"""Masks move exactly as the authors' code moves them, and keep their count."""

import json
import pathlib

import keras
import numpy as np
import pytest
from keras import ops

from keras_sparse import topology

CASES = json.loads(
    (pathlib.Path(__file__).parents[1] / "cases" / "engine.json").read_text()
)
SHAPES = [(1,), (5,), (4, 5), (2, 9, 1), (2, 2, 4, 4), (3, 3, 16, 24), (3000,)]
FRACTIONS = [0.0, 0.05, 0.1, 0.3, 0.5, 0.9, 1.0]
needs_tensorflow = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.function"
)


def drop_and_grow(weight, mask, grow_score, fraction):
    moved = topology.drop_and_grow(
        ops.array(weight, "float32"),
        ops.array(mask, "bool"),
        ops.array(grow_score, "float32"),
        fraction,
    )
    return ops.convert_to_numpy(moved)


def reference(weight, mask, grow_score, fraction):
    """Algorithm 1 of RigL with lists and stable sorts."""
    weight, grow_score = np.abs(weight).ravel(), np.abs(grow_score).ravel()
    live = np.flatnonzero(mask)
    dropped = int(np.float32(live.size) * np.float32(fraction))
    order = sorted(live, key=lambda i: (-weight[i], i))
    kept = set(order[: live.size - dropped])
    others = [i for i in range(weight.size) if i not in kept]
    others.sort(key=lambda i: (-grow_score[i], i))
    new = np.zeros(weight.size, bool)
    new[list(kept) + others[:dropped]] = True
    return new.reshape(np.shape(mask))


@pytest.mark.parametrize("case", CASES["drop_and_grow"])
def test_drop_and_grow_equals_the_authors(case):
    mask = np.array(case["mask"], bool)
    weight = np.where(mask, case["weights"], 0.0)
    moved = drop_and_grow(
        weight, mask, case["grow_score"], case["drop_fraction"]
    )
    expected = np.array(case["rigl_tf2_new_mask"], bool)
    np.testing.assert_array_equal(moved, expected)
    # Where the live weights of the new mask come from: those that stay keep
    # their value, the others start at 0.
    new_weight = np.where(moved & mask, weight, 0.0)
    theirs = np.where(expected, case["rigl_tf2_new_weights"], 0.0)
    np.testing.assert_allclose(new_weight, theirs, rtol=1e-6)
    if "not abs" not in case["note"]:
        np.testing.assert_array_equal(moved, case["jaxpruner_new_mask"])


def test_an_inactive_weight_never_survives_a_tie_with_a_live_zero():
    # The authors' TF2 code gives [1, 0, 1, 0, 0, 1]: index 0 was not live and
    # is kept as if it had been. jaxpruner gives what we give.
    weight, mask = [0, 0, 0, 0, 0, 5], [0, 0, 0, 1, 1, 1]
    moved = drop_and_grow(weight, mask, [1, 2, 3, 0, 0, 0], 0.34)
    assert moved.astype(int).tolist() == [0, 0, 1, 1, 0, 1]


@pytest.mark.parametrize(
    "fraction, expected",
    [
        (0.0, [0, 1, 0, 1, 0, 1, 1, 0]),  # nothing moves
        (0.25, [1, 1, 0, 0, 0, 1, 1, 0]),  # drops -1 at index 3, grows 9
        (0.5, [1, 0, 0, 0, 1, 1, 1, 0]),  # drops 1 too, grows 9 and 5
        (1.0, [1, 0, 1, 0, 1, 1, 0, 0]),  # the 4 largest scores
    ],
)
def test_drop_and_grow_by_hand(fraction, expected):
    weight = [0, 1, 0, -1, 0, 8, -2, 0]
    mask, grow_score = [0, 1, 0, 1, 0, 1, 1, 0], [9, 1, 4, 1, -5, 8, 2, 3]
    moved = drop_and_grow(weight, mask, grow_score, fraction)
    assert moved.astype(int).tolist() == expected


@pytest.mark.parametrize("shape", SHAPES)
@pytest.mark.parametrize("density", [0.05, 0.5, 1.0])
def test_drop_and_grow_keeps_the_count_and_equals_algorithm_1(shape, density):
    generator = np.random.default_rng([len(shape), int(density * 100)])
    size = int(np.prod(shape))
    kept = max(1, round(size * density))
    mask = topology.random_mask(shape, kept, seed=3, path="kernel")
    weight = np.where(mask, np.round(generator.normal(size=shape), 1), 0)
    weight = weight.astype("float32")
    score = generator.normal(size=shape).astype("float32")
    for fraction in FRACTIONS:
        moved = drop_and_grow(weight, mask, score, fraction)
        assert moved.sum() == mask.sum() == kept
        np.testing.assert_array_equal(
            moved, reference(weight, mask, score, fraction)
        )


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.55, 0.9, 0.999, 1.0])
@pytest.mark.parametrize("shape", [(1,), (7,), (20, 31)])
def test_magnitude_mask_keeps_the_largest_of_what_is_left(shape, sparsity):
    generator = np.random.default_rng(5)
    weight = np.round(generator.normal(size=shape), 1).astype("float32")
    size = weight.size
    for share in (0.2, 1.0):
        mask = generator.random(shape) < share
        found = topology.magnitude_mask(
            ops.array(weight), ops.array(mask), sparsity
        )
        found = ops.convert_to_numpy(found)
        wanted = max(1, round(size * (1 - sparsity)))
        assert found.sum() == min(wanted, mask.sum())
        assert not (found & ~mask).any()
        order = np.argsort(
            -np.where(mask, np.abs(weight), -1).ravel(), kind="stable"
        )
        expected = np.zeros(size, bool)
        expected[order[: found.sum()]] = True
        np.testing.assert_array_equal(found.ravel(), expected)


@needs_tensorflow
@pytest.mark.parametrize("jit_compile", [False, True])
def test_graphs_move_as_eager_mode_does(jit_compile):
    import tensorflow as tf

    moved = tf.function(topology.drop_and_grow, jit_compile=jit_compile)
    generator = np.random.default_rng(6)
    mask = topology.random_mask((40, 50), 333, seed=1, path="a")
    weight = np.where(mask, generator.normal(size=mask.shape), 0)
    arrays = [weight.astype("float32"), mask]
    arrays.append(generator.normal(size=mask.shape).astype("float32"))
    for fraction in (0.0, 0.3, 1.0):
        found = moved(*map(tf.constant, arrays), tf.constant(fraction))
        expected = reference(*arrays, fraction)
        np.testing.assert_array_equal(found.numpy(), expected)
