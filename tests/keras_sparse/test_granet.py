"""GraNet: the whole model is pruned on schedule, each layer regrows."""

import re

import numpy as np
import pytest
from keras import ops

from keras_sparse.granet import GraNet
from keras_sparse.method import Moment, SparseWeight


def updated(method, weights, masks, gradients, step):
    seen = [
        SparseWeight(
            path=str(i),
            value=ops.convert_to_tensor(np.asarray(weight, "float32")),
            mask=ops.convert_to_tensor(np.asarray(mask, bool)),
            gradient=ops.convert_to_tensor(np.asarray(gradient, "float32")),
        )
        for i, (weight, mask, gradient) in enumerate(
            zip(weights, masks, gradients, strict=True)
        )
    ]
    moved = method.update(seen, Moment(step=step, learning_rate_ratio=1.0))
    return [ops.convert_to_numpy(mask).astype(int).tolist() for mask in moved]


def test_an_update_by_hand():
    # 50 % zeros: 8, 7, 6, -5 stay, wherever they are. Half of each layer's
    # move: 7 and -5 go, the largest gradients outside what is left grow.
    method = GraNet(0.0, 0.5, 0, 4, drop_fraction=0.5, drop_schedule="constant")
    weights = [[8, 7, 1, 2], [3, -4, -5, 6]]
    gradients = [[9, 1, -3, 2], [-4, 5, 6, 9]]
    found = updated(method, weights, np.ones((2, 4)), gradients, step=4)
    assert found == [[1, 0, 1, 0], [0, 0, 1, 1]]  # -5 comes back by its 6


def test_a_layer_may_lose_all_its_weights():
    method = GraNet(0.0, 0.5, 0, 4)
    weights = [[1, 1, 1, 1], [9, 9, 9, 9]]
    found = updated(method, weights, np.ones((2, 4)), weights, step=4)
    assert found == [[0] * 4, [1] * 4]


def wanted(step, start, final, begin, end, size):
    """Live weights after an update, by Zhu & Gupta's formula."""
    progress = min(max((step - begin) / (end - begin), 0.0), 1.0)
    sparsity = final + (start - final) * (1 - progress) ** 3
    return max(1, round(size * (1 - sparsity)))


@pytest.mark.parametrize("start", [0.0, 0.5])
def test_the_sparsity_follows_the_schedule_and_ends_exactly(bench, start):
    method = GraNet(start, 0.9, begin_step=2, end_step=11, update_every=3)
    run = bench("adam", method)
    size = 8 * 6 + 6 * 3
    live = sum(mask.sum() for mask in run.optimizer.masks.values())
    assert size * (1 - start) <= live <= size * (1 - start) + 2
    for step in range(1, 18):
        before = run.optimizer.masks
        run.step(run.gradients(step))
        after = run.optimizer.masks
        if step in (2, 5, 8, 11, 14, 17):
            live = min(live, wanted(step, start, 0.9, 2, 11, size))
        else:
            assert all((after[path] == before[path]).all() for path in after)
        assert sum(mask.sum() for mask in after.values()) == live
    assert live == 7  # 66 * 0.1, rounded


def test_the_last_pruning_comes_whatever_the_frequency_is():
    method = GraNet(0.0, 0.9, 10, 95, update_every=20, update_until=150)
    due = [step for step in range(200) if method.due(step)]
    assert due == [10, 30, 50, 70, 90, 95, 110, 130]


def test_the_numbers_left_by_pruning_are_conserved_by_the_regrowth(bench):
    kept, moved = (
        bench("sgd", GraNet(0.3, 0.8, 0, 6, update_every=2, drop_fraction=f))
        for f in (0.0, 0.5)
    )
    for step in range(2):
        for run in (kept, moved):
            run.step(run.gradients(step))
    differ = []
    for path, mask in kept.optimizer.masks.items():
        other = moved.optimizer.masks[path]
        assert mask.sum() == other.sum()
        differ.append((mask != other).any())
    assert any(differ)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(initial_sparsity=1.0), "`initial_sparsity` must be a number in"),
        (
            dict(final_sparsity=90),
            "`final_sparsity` must be a number in [0, 1)",
        ),
        (
            dict(initial_sparsity=0.95),
            "`final_sparsity` must be at least `initial_sparsity`. Received: "
            "initial_sparsity=0.95, final_sparsity=0.9. Swap them.",
        ),
        (dict(begin_step=-1), "`begin_step` must be an integer of at least 0"),
        (dict(end_step=5), "`end_step` must not lie before `begin_step`."),
        (dict(update_every=0), "`update_every` must be an integer of at least"),
        (
            dict(update_until=100),
            "`update_until` must lie after `end_step`, or the last pruning is "
            "missed. Received: update_until=100, end_step=100. Pass",
        ),
        (dict(drop_fraction=2), "`drop_fraction` must be a number in [0, 1]"),
    ],
)
def test_errors_name_the_argument(arguments, message):
    usual = dict(
        initial_sparsity=0.0, final_sparsity=0.9, begin_step=10, end_step=100
    )
    with pytest.raises(ValueError, match=re.escape(message)):
        GraNet(**{**usual, **arguments})
