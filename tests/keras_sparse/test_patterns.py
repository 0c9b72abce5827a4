"""Patterns: units live and die together, groups keep their number."""

import json
import pathlib

import numpy as np
import pytest
from every_pattern import PATTERNS, array, every_pattern, every_shape
from keras import ops

import keras_sparse as ks
from keras_sparse import topology
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM
from keras_sparse.score_masks import masks_from_scores
from keras_sparse.topk import top_magnitude_mask_of_rows

CASES = json.loads(
    (pathlib.Path(__file__).parents[1] / "cases" / "patterns.json").read_text()
)


def moved(weight, mask, score, fraction, pattern):
    found = topology.drop_and_grow(
        array(weight), array(mask, bool), array(score), fraction, pattern
    )
    return ops.convert_to_numpy(found)


@every_pattern
@every_shape
def test_weights_undoes_units(pattern, shape):
    tensor = np.arange(np.prod(shape), dtype="float32").reshape(shape)
    units = ops.convert_to_numpy(pattern.units(tensor))
    assert sorted(units.ravel()) == sorted(tensor.ravel())
    for unit in np.ndindex(units.shape[:2]):
        chosen = np.zeros(units.shape[:2], bool)
        chosen[unit] = True
        mask = ops.convert_to_numpy(pattern.weights(chosen, shape))
        assert set(tensor[mask]) == set(units[unit])
        np.testing.assert_array_equal(pattern.live(mask), chosen)


WEIGHT = [[4, 0], [1, 0], [0, 3], [2, 1]]  # 4 inputs, 2 outputs
SCORE = [[1, 9], [0, 8], [5, 1], [1, 0]]
SLANTED = [[1, 0], [1, 0], [0, 1], [0, 1]]


@pytest.mark.parametrize(
    "pattern, mask, expected",
    [
        # Drops both 1, grows 9 and 8 wherever they are.
        (None, SLANTED, [[1, 1], [0, 1], [0, 1], [0, 0]]),
        # Drops both 1; the left output grows its 5, the right one its 9.
        (ConstantFanIn(), SLANTED, [[1, 1], [0, 0], [1, 1], [0, 0]]),
        # Means 2.5 and 2: drops the lower right block, grows the 9 and 8.
        (Block(2, 1), SLANTED, [[1, 1], [1, 1], [0, 0], [0, 0]]),
        # Means 2 and 1.5: drops the last row, grows the second.
        (
            Block(1, 2),
            [[1, 1], [0, 0], [0, 0], [1, 1]],
            [[1, 1], [1, 1], [0, 0], [0, 0]],
        ),
        # Drops 1 and 2; the second row grows its 8, the last its 1 again.
        (
            NofM(1, 2, axis=-1),
            [[1, 0], [1, 0], [0, 1], [1, 0]],
            [[1, 0], [0, 1], [0, 1], [1, 0]],
        ),
        # Half of one channel is none.
        (Channels(), [[1, 0]] * 4, [[1, 0]] * 4),
    ],
    ids=lambda value: repr(value) if isinstance(value, Block) else None,
)
def test_drop_and_grow_by_hand(pattern, mask, expected):
    found = moved(np.where(mask, WEIGHT, 0), mask, SCORE, 0.5, pattern)
    assert found.astype(int).tolist() == expected


@every_pattern
@every_shape
def test_rigl_keeps_units_whole_and_groups_equal(pattern, shape):
    if pattern.misfit(shape):
        pytest.skip("the pattern does not divide this shape")
    sparsity = pattern.sparsity or 0.6
    method = ks.RigL(sparsity, "uniform", seed=2, pattern=pattern)
    mask = method.initial_masks({"a": np.zeros(shape)})["a"]
    units = ops.convert_to_numpy(pattern.units(mask)).shape[1]
    kept = ops.convert_to_numpy(pattern.live(mask)).sum(axis=1)
    assert set(kept) == {pattern.num_kept(units, sparsity)}
    generator = np.random.default_rng(3)
    for step in range(4):
        weight = np.where(mask, generator.normal(size=shape), 0)
        score = generator.normal(size=shape)
        before, mask = mask, moved(weight, mask, score, 0.5, pattern)
        assert pattern.holds(mask), step
        assert pattern == PATTERNS[-1] or mask.sum() == before.sum()
    assert (mask != before).any()


@every_pattern
def test_magnitude_pruning_keeps_the_largest_units_of_each_group(pattern):
    generator = np.random.default_rng(4)
    weight = generator.normal(size=(8, 4)).astype("float32")
    ones = np.ones((8, 4), bool)
    sparsity = pattern.sparsity or 0.5
    mask = topology.magnitude_mask(
        array(weight), array(ones, bool), sparsity, pattern
    )
    mask = ops.convert_to_numpy(mask)
    assert pattern.holds(mask)
    size = ops.convert_to_numpy(pattern.magnitudes(array(weight)))
    live = ops.convert_to_numpy(pattern.live(mask))
    for sizes, kept in zip(size, live, strict=True):
        assert kept.sum() == max(1, round(kept.size * (1 - sparsity)))
        assert sizes[kept].min() > sizes[~kept].max()


@pytest.mark.parametrize("case", CASES["nm_jaxpruner"])
def test_n_of_m_equals_jaxpruner_but_for_ties(case):
    pattern = NofM(case["n"], case["m"], case["axis"])
    # Of equal scores theirs keeps the higher index, ours the lower.
    scores = np.flip(np.array(case["scores"], "float32"), case["axis"])
    mask = topology.magnitude_mask(
        array(scores), ops.ones(scores.shape, "bool"), 0.5, pattern
    )
    found = np.flip(ops.convert_to_numpy(mask), case["axis"])
    assert found.astype(int).tolist() == case["mask"]


def test_rows_choose_exactly_k_with_ties_to_the_left():
    generator = np.random.default_rng(6)
    values = np.round(generator.normal(size=(50, 40)), 1).astype("float32")
    among = generator.random((50, 40)) < 0.7
    k = np.minimum(generator.integers(0, 30, 50), among.sum(axis=1))
    found = top_magnitude_mask_of_rows(values, k, ops.array(among))
    found = ops.convert_to_numpy(found)
    score = np.where(among, np.abs(values), -1)
    for row, number in enumerate(k):
        order = np.argsort(-score[row], kind="stable")[:number]
        np.testing.assert_array_equal(np.flatnonzero(found[row]), sorted(order))


def test_ablated_neurons_give_their_fan_in_to_the_others():
    # Four neurons with 2 of 6 inputs each. Neuron 3 has the smallest weights
    # and no gradient: nothing of it is salient, so it goes.
    weight, score = np.zeros((6, 4)), np.zeros((6, 4))
    weight[:2] = [[9, 8, 7, 0.2], [6, 5, 4, 0.1]]
    score[2:, :3] = 1 + np.arange(12).reshape(4, 3)
    mask = weight != 0
    found = moved(weight, mask, score, 0.25, ConstantFanIn(0.3))
    assert found.sum(axis=0).tolist() == [2, 2, 2, 0]  # 8 // 3 inputs each
    kept = moved(weight, mask, score, 0.25, ConstantFanIn())
    assert kept.sum(axis=0).tolist() == [2, 2, 2, 2]


def test_units_of_the_largest_mean_score_are_kept():
    scores = {"a": np.array([[5, -9], [-4, 1], [0, 2], [0, 3]], "float32")}
    # Means 0.5, -4, 0 and 2.5: signs count, as in GraSP.
    masks = masks_from_scores(scores, {"a": 2}, pattern=Block(2, 1))
    assert masks["a"].astype(int).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    equal = {"a": np.ones((4, 1), "float32")}
    masks = masks_from_scores(equal, {"a": 2}, pattern=NofM(2, 4))
    assert masks["a"].ravel().tolist() == [True, True, False, False]
