"""DSR: one threshold prunes all layers, the fullest grow most."""

import re

import numpy as np
import pytest
from keras import ops

from keras_sparse.dsr import DSR, next_threshold, prune_and_regrow


def regrown(weights, masks, threshold, scores):
    weights, scores = (
        [ops.convert_to_tensor(np.asarray(a, "float32")) for a in arrays]
        for arrays in (weights, scores)
    )
    masks = [ops.convert_to_tensor(np.asarray(mask, bool)) for mask in masks]
    moved, pruned = prune_and_regrow(weights, masks, threshold, scores)
    moved = [ops.convert_to_numpy(mask).astype(int).tolist() for mask in moved]
    return moved, int(pruned)


def test_pruning_and_growth_by_hand():
    # 0.4, -0.1 and 0.2 go; 4 and 2 stay: of 3 new ones 2 and 1 grow.
    weights = [[3, -2, 5, 1, 0.4, 0, 0, 0], [-0.1, 0.2, 2, -1, 0, 0, 0, 0]]
    masks = np.array(weights) != 0
    scores = [[0, 0, 0, 0, 1, 2, 4, 3], [1, 2, 0, 0, 3, 7, 5, 6]]
    assert regrown(weights, masks, 0.5, scores) == (
        [[1, 1, 1, 1, 0, 0, 1, 1], [0, 0, 1, 1, 0, 1, 0, 0]],
        3,
    )


@pytest.mark.parametrize(
    "weights, threshold, expected",
    [
        ([[1, 2, 0, 0]], 1.0, [[1, 1, 0, 0]]),  # at the threshold: stays
        ([[1, 2, 3, 4], [0.1, 0.2, 5, 0]], 0.5, [[1] * 4, [1, 1, 1, 0]]),
        ([[0.1, 0, 0, 0], [3, 4, 0, 0]], 0.5, [[0] * 4, [1, 1, 1, 0]]),
        ([[0.1, 0.2, 0, 0], [0.3, 0, 0, 0]], 0.5, [[1, 1, 0, 0], [1, 0, 0, 0]]),
    ],
    ids=["equal", "a full layer's share", "an empty layer", "nothing left"],
)
def test_pruning_and_growth_at_the_edges(weights, threshold, expected):
    masks = np.array(weights) != 0
    scores = np.tile([4, 3, 2, 1], (len(weights), 1))
    assert regrown(weights, masks, threshold, scores)[0] == expected


def test_a_live_zero_is_pruned():
    moved = regrown([[0, 2, 0, 0]], [[1, 1, 0, 0]], 1e-30, [[0, 0, 0, 1]])
    assert moved == ([[0, 1, 0, 1]], 1)


@pytest.mark.parametrize(
    "threshold, num_pruned, expected",
    [
        (0.5, 0, 1.0),
        (0.5, 89, 1.0),
        (0.5, 90, 0.5),
        (0.5, 110, 0.5),
        (0.5, 111, 0.25),
        (1e-30, 500, 1e-30),  # comes back from the smallest
        (1e30, 0, 1e30),
    ],
)
def test_the_threshold_is_doubled_or_halved(threshold, num_pruned, expected):
    found = next_threshold(threshold, num_pruned, 100, 0.1)
    np.testing.assert_allclose(float(found), expected, rtol=1e-6)


def threshold_of(optimizer):
    named = [v for v in optimizer.variables if v.name == "threshold"]
    assert len(named) == 1
    return float(ops.convert_to_numpy(named[0]))


def test_the_threshold_finds_the_wanted_number(bench):
    method = DSR(0.5, update_every=1, threshold=1e-4, target_fraction=0.2)
    run = bench("sgd", method)
    assert threshold_of(run.optimizer) == pytest.approx(1e-4)
    thresholds, moved = [], []
    for step in range(24):
        before = run.optimizer.masks
        run.step(run.gradients(step))
        thresholds.append(threshold_of(run.optimizer))
        after = run.optimizer.masks
        moved.append(
            sum((before[path] & ~after[path]).sum() for path in before)
        )
    assert thresholds[4] == pytest.approx(1e-4 * 2**5)
    total = sum(mask.sum() for mask in run.optimizer.masks.values())
    assert 0.05 < np.mean(moved[-12:]) / total < 0.3


def test_growth_is_random_by_seed_and_step():
    class Weight:
        path, value = "a/kernel", np.zeros((4, 5))

    class Moment:
        step = 3

    draws = []
    for seed, step in [(0, 3), (0, 3), (1, 3), (0, 4)]:
        Moment.step = step
        scores = DSR(0.9, seed=seed)._random(Weight, Moment)
        draws.append(ops.convert_to_numpy(scores))
    assert (draws[0] == draws[1]).all()
    assert (draws[0] != draws[2]).any() and (draws[0] != draws[3]).any()


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(sparsity=-0.1), "`sparsity` must be a number in [0, 1)"),
        (dict(update_every=0), "`update_every` must be an integer of at least"),
        (dict(threshold=0), "`threshold` must be a positive number"),
        (dict(threshold=True), "`threshold` must be a positive number"),
        (dict(threshold="1"), "Received: threshold='1'. Start with 1e-3"),
        (dict(target_fraction=1.5), "`target_fraction` must be a number in"),
        (dict(tolerance=1), "`tolerance` must be a number in [0, 1)"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        DSR(**{"sparsity": 0.9, **arguments})
