"""SNFS: weights move to the layers and places of large momentum."""

import re

import numpy as np
import pytest
from keras import ops, optimizers

from keras_sparse.snfs import SNFS, drop_and_redistribute


def redistributed(weights, masks, momenta, fraction):
    tensors = [
        [ops.convert_to_tensor(np.asarray(a, kind)) for a in arrays]
        for arrays, kind in (
            (weights, "float32"),
            (masks, "bool"),
            (momenta, "float32"),
        )
    ]
    moved = drop_and_redistribute(*tensors, fraction)
    return [ops.convert_to_numpy(mask).astype(int).tolist() for mask in moved]


def test_redistribution_by_hand():
    # Each layer drops 2 of its 4 weights (the smallest). Mean |momentum| of
    # live weights is 1 and 3: of the 4 dropped, 1 and 3 grow again.
    weights = [[1, 2, -3, 4, 0, 0, 0, 0], [0, 0, 0, 0, 4, -3, 2, 1]]
    masks = np.array(weights) != 0
    momenta = [[1, 1, 1, 1, 0, -5, 2, 0], [7, 8, 9, -9, 3, 3, -3, 3]]
    assert redistributed(weights, masks, momenta, 0.5) == [
        [0, 0, 1, 1, 0, 1, 0, 0],
        [0, 1, 1, 1, 1, 1, 0, 0],
    ]


def test_a_dropped_weight_may_come_back_by_its_momentum():
    weights, momenta = [[1, 2, 0, 0]], [[9, 0, 1, 0]]
    masks = [[1, 1, 0, 0]]
    assert redistributed(weights, masks, momenta, 0.5) == [[1, 1, 0, 0]]


def test_a_live_zero_is_dropped_before_live_others_and_counts_as_live():
    weights, masks = [[0, 2, 0, 0]], [[1, 1, 0, 0]]
    momenta = [[0, 1, 5, 6]]
    assert redistributed(weights, masks, momenta, 0.5) == [[0, 1, 0, 1]]


def layer(size, num_live, importance):
    """Live weights 1, 2, 3, ...; the larger half has all the momentum."""
    weight, momentum = np.zeros(size), np.full(size, 1e-6)
    weight[:num_live] = np.arange(1, num_live + 1)
    momentum[:num_live] = 0
    momentum[num_live - num_live // 2 : num_live] = 2 * importance
    return weight, weight != 0, momentum


@pytest.mark.parametrize(
    "first, second, num_kept",
    [
        ((100, 90, 2), (100, 10, 1), [81, 5]),  # grows: drops 10 %, its zeros
        ((100, 90, 1), (100, 10, 9), [45, 5]),  # shrinks: drops 50 %
        # Not below 20 % zeros: drops 40; 10 of its 30 new ones come back.
        ((100, 80, 2), (100, 10, 1), [50, 5]),
    ],
)
def test_a_full_layer_that_grows_drops_no_more_than_its_share_of_zeros(
    first, second, num_kept
):
    weights, masks, momenta = zip(layer(*first), layer(*second), strict=True)
    moved = redistributed(weights, masks, momenta, 0.5)
    kept = [
        int((np.array(new) & old).sum())
        for new, old in zip(moved, masks, strict=True)
    ]
    assert kept == num_kept
    assert sum(map(sum, moved)) == sum(mask.sum() for mask in masks)


def test_a_layer_leaves_one_percent_of_its_free_places():
    weights, masks, momenta = zip(
        layer(100, 50, 1.0), layer(1000, 800, 0.0), strict=True
    )
    moved = redistributed(weights, masks, momenta, 0.5)
    # 75 places are free in the first layer after 25 dropped: 74 grow.
    assert [sum(mask) for mask in moved] == [99, 751]


def test_a_network_without_zeros_stays_dense():
    weights, masks, momenta = zip(layer(9, 9, 1), layer(5, 5, 0), strict=True)
    moved = redistributed(weights, masks, momenta, 0.5)
    assert moved == [[1] * 9, [1] * 5]


def oracle(weights, masks, momenta, fraction):
    """The same in plain numpy, one weight after the other."""
    live = np.array([mask.sum() for mask in masks])
    sizes = np.array([mask.size for mask in masks])
    share = np.array(
        [abs(m)[mask].mean() for m, mask in zip(momenta, masks, strict=True)]
    )
    zeros = (sizes - live) / sizes
    rate = np.where(
        (zeros < 0.2) & (share > share.mean()),
        np.minimum(zeros, fraction),
        fraction,
    )
    dropped = np.floor(rate * live + 1e-9).astype(int)
    room = np.floor(0.99 * (sizes - live + dropped) + 1e-9).astype(int)
    grown = np.zeros(len(masks), dtype=int)
    for _ in range(dropped.sum()):
        grown[np.where(grown < room, share / (grown + 0.5), -1).argmax()] += 1
    moved = []
    for i, mask in enumerate(masks):
        new = mask.copy()
        by_size = np.argsort(np.where(mask, abs(weights[i]), np.inf))
        new[by_size[: dropped[i]]] = False
        by_momentum = np.argsort(np.where(new, -1, abs(momenta[i])))[::-1]
        new[by_momentum[: grown[i]]] = True
        moved.append(new.astype(int).tolist())
    return moved


@pytest.mark.parametrize("seed", range(6))
def test_redistribution_agrees_with_plain_numpy(seed):
    generator = np.random.default_rng(seed)
    sizes = generator.integers(30, 90, size=4)
    densities = [0.05, 0.3, 0.5, 0.9]
    masks = [
        generator.random(size) < density
        for size, density in zip(sizes, densities, strict=True)
    ]
    for mask in masks:
        mask[0] = True
    draws = [
        [generator.normal(size=size).astype("float32") for size in sizes]
        for _ in range(2)
    ]
    weights = [d * m for d, m in zip(draws[0], masks, strict=True)]
    expected = oracle(weights, masks, draws[1], 0.5)
    assert redistributed(weights, masks, draws[1], 0.5) == expected


def momenta_of(optimizer):
    inner = {id(v) for v in optimizer.inner_optimizer.variables}
    return [
        np.array(ops.convert_to_numpy(v))
        for v in optimizer.variables
        if v.name.endswith("momentum") and id(v) not in inner
    ]


def test_the_momentum_is_an_average_of_dense_gradients(bench):
    method = SNFS(0.8, update_every=100, momentum=0.75)
    run = bench(optimizers.Adam(0.1), method)
    expected = [0.0, 0.0]
    for step in range(5):
        grads = run.gradients(step)
        run.step(grads)
        expected = [
            0.75 * old + 0.25 * grad
            for old, grad in zip(expected, (grads[0], grads[2]), strict=True)
        ]
    found = momenta_of(run.optimizer)
    assert len(found) == 2
    for momentum, average in zip(found, expected, strict=True):
        np.testing.assert_allclose(momentum, average, rtol=1e-5, atol=1e-6)


def test_without_redistribution_each_layer_keeps_its_number(bench):
    run = bench("adam", SNFS(0.7, update_every=2, redistribution=None))
    start = run.optimizer.masks
    for step in range(8):
        run.step(run.gradients(step))
    for path, mask in run.optimizer.masks.items():
        assert mask.sum() == start[path].sum()
        assert (mask != start[path]).any()


def test_with_redistribution_the_layer_of_large_gradients_grows(bench):
    run = bench("sgd", SNFS(0.7, update_every=2, drop_schedule="constant"))
    start = run.optimizer.masks
    for step in range(8):
        grads = run.gradients(step)
        run.step([grads[0] * 10, grads[1], grads[2], grads[3]])
    first, second = (
        int(mask.sum()) - int(start[path].sum())
        for path, mask in run.optimizer.masks.items()
    )
    assert first == -second > 0


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(sparsity=1.0), "`sparsity` must be a number in [0, 1)"),
        (dict(momentum=1.0), "`momentum` must be a number in [0, 1)"),
        (dict(drop_fraction=50), "`drop_fraction` must be a number in [0, 1]"),
        (
            dict(redistribution="magnitude"),
            "`redistribution` must be one of 'momentum', None. Received: "
            "redistribution='magnitude'.",
        ),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        SNFS(**{"sparsity": 0.9, **arguments})
