"""Scores become masks: exactly k, ties by order, no layer lost unnoticed."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_sparse as ks
from keras_sparse.kth_largest import kth_largest
from keras_sparse.saliency import magnitude, random, snip, synflow
from keras_sparse.saliency_scores import synflow_counts
from keras_sparse.score_masks import budget, masks_from_scores


def array(*numbers):
    return np.array(numbers, dtype="float32")


def kept(masks):
    return {path: np.flatnonzero(mask).tolist() for path, mask in masks.items()}


SCORES = {"a": array(4, 1, 4, 0), "b": array(2, 2), "c": array(2, 0)}


@pytest.mark.parametrize(
    "num_kept, expected",
    [
        (0, {"a": [], "b": [], "c": []}),
        (1, {"a": [0], "b": [], "c": []}),  # of the two 4s the first
        (2, {"a": [0, 2], "b": [], "c": []}),
        (4, {"a": [0, 2], "b": [0, 1], "c": []}),  # of three 2s two
        (6, {"a": [0, 1, 2], "b": [0, 1], "c": [0]}),
        (8, {"a": [0, 1, 2, 3], "b": [0, 1], "c": [0, 1]}),
        ({"a": 1, "b": 2, "c": 1}, {"a": [0], "b": [0, 1], "c": [0]}),
    ],
)
def test_masks_by_hand(num_kept, expected):
    assert kept(masks_from_scores(SCORES, num_kept)) == expected


@pytest.mark.parametrize(
    "num_kept, expected",
    [
        (3, {"a": [0], "b": [0], "c": [0]}),
        (4, {"a": [0, 2], "b": [0], "c": [0]}),
        (5, {"a": [0, 2], "b": [0, 1], "c": [0]}),
    ],
)
def test_no_layer_is_emptied_and_the_total_stays(num_kept, expected):
    masks = masks_from_scores(SCORES, num_kept, never_empty=True)
    assert kept(masks) == expected


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_masks_equal_a_stable_sort(dtype):
    generator = np.random.default_rng(0)
    for _ in range(20):
        shapes = [(3, 4), (5,), (2, 2, 3)]
        scores = {
            str(shape): generator.integers(-3, 4, shape).astype(dtype)
            for shape in shapes
        }
        flat = np.concatenate([score.ravel() for score in scores.values()])
        num_kept = int(generator.integers(0, flat.size + 1))
        best = np.argsort(-flat, kind="stable")[:num_kept]
        masks = masks_from_scores(scores, num_kept).values()
        found = np.flatnonzero(np.concatenate([m.ravel() for m in masks]))
        np.testing.assert_array_equal(found, np.sort(best))


@pytest.mark.parametrize("dtype", ["float32", "float64"])
def test_kth_largest_equals_a_sort(dtype):
    generator = np.random.default_rng(1)
    for _ in range(50):
        sizes, spread = generator.integers(0, 9, 3), generator.integers(-30, 30)
        arrays = [
            (generator.normal(size=n) * 10.0**spread).astype(dtype)
            for n in sizes
        ]
        arrays.append(np.array([0.0, -0.0, 1.0], dtype))
        flat = -np.sort(-np.concatenate(arrays))
        k = int(generator.integers(1, flat.size + 1))
        number, equal = kth_largest(arrays, k)
        assert number == flat[k - 1]
        assert equal == k - (flat > number).sum()


def test_scores_that_only_float64_tells_apart():
    scores = {"a": np.array([1e200, 1e201]), "b": np.array([1.0, 1 + 1e-12])}
    assert kept(masks_from_scores(scores, 1)) == {"a": [1], "b": []}
    assert kept(masks_from_scores(scores, {"a": 1, "b": 1}))["b"] == [1]


def test_scores_that_are_not_finite_are_named():
    scores = {"a": array(1, np.nan), "b": array(1, 2), "c": array(np.inf)}
    with pytest.raises(ValueError, match="NaN or infinity in a, c. Check"):
        masks_from_scores(scores, 2)


@pytest.mark.parametrize("sparsity", [0.0, 0.29, 0.5, 0.9, 0.99])
def test_budgets(sparsity):
    shapes = {"a": (10, 10), "b": (3, 7)}
    assert budget(shapes, sparsity) == 121 - int(np.floor(sparsity * 121))
    layer = budget(shapes, sparsity, "layer")
    assert layer == {
        "a": 100 - int(np.floor(sparsity * 100)),
        "b": 21 - int(np.floor(sparsity * 21)),
    }
    custom = budget(shapes, sparsity, "layer", "erk", {"a": 0.5})
    assert custom["a"] == 50


def test_rounds_of_synflow_end_exactly_and_never_rise():
    for size, num_kept in ((35, 10), (1000, 1), (7, 7), (10**6, 100)):
        for rounds in (1, 2, 3, 100):
            counts = synflow_counts(size, num_kept, rounds)
            assert len(counts) == rounds and counts[-1] == num_kept
            assert counts == sorted(counts, reverse=True)


def net():
    keras.utils.set_random_seed(2)
    return keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(8, activation="relu", name="wide"),
            layers.Dense(2, name="last"),
        ],
        name="net",
    )


X, Y = np.eye(6, dtype="float32"), np.eye(6, 2, dtype="float32")
METHODS = {
    "magnitude": magnitude,
    "snip": lambda model, sparsity, **more: snip(
        model, X, Y, sparsity, "mse", **more
    ),
    "synflow": lambda model, sparsity, **more: synflow(
        model, sparsity, 3, **more
    ),
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.9])
def test_exactly_the_wanted_number_is_kept(method, sparsity):
    model = net()
    masks = METHODS[method](model, sparsity)
    assert sum(mask.sum() for mask in masks.values()) == 64 - int(64 * sparsity)
    layer = METHODS[method](model, sparsity, scope="layer")
    assert [mask.sum() for mask in layer.values()] == [
        48 - int(48 * sparsity),
        16 - int(16 * sparsity),
    ]


def test_magnitude_keeps_the_largest_weights():
    model = net()
    kernels = [
        model.layers[0].get_weights()[0],
        model.layers[1].get_weights()[0],
    ]
    masks = magnitude(model, 0.5)
    threshold = min(
        np.abs(kernel[mask]).min()
        for kernel, mask in zip(kernels, masks.values(), strict=True)
    )
    for kernel, mask in zip(kernels, masks.values(), strict=True):
        assert (np.abs(kernel[~mask]) <= threshold).all()


def test_a_layer_that_is_lost_is_named():
    model = net()
    first, last = model.layers
    last.set_weights([np.full((8, 2), 1e-6), np.zeros(2)])
    with pytest.warns(UserWarning, match="No weight is left in net/last/"):
        masks = magnitude(model, 0.9)
    assert not masks["net/last/kernel"].any()
    masks = magnitude(model, 0.9, never_empty=True)
    assert (
        masks["net/last/kernel"].sum() == 1
        and masks["net/wide/kernel"].sum() == 6
    )


@pytest.mark.parametrize("distribution", ["erk", "uniform"])
def test_random_masks_are_those_that_training_starts_from(distribution):
    model = net()
    found = random(model, 0.7, distribution, seed=4)
    method = ks.Static(0.7, distribution, seed=4)
    started = ks.sparsify(net(), "sgd", method).masks
    assert found.keys() == started.keys()
    for path in found:
        np.testing.assert_array_equal(found[path], started[path])


def test_sparsify_takes_the_masks():
    model = net()
    masks = magnitude(model, 0.5, filters="wide")
    assert list(masks) == ["net/wide/kernel"]
    optimizer = ks.sparsify(model, "sgd", ks.Static(0.5), masks=masks)
    np.testing.assert_array_equal(
        optimizer.masks["net/wide/kernel"], masks["net/wide/kernel"]
    )
    kernel = model.layers[0].get_weights()[0]
    assert not kernel[~masks["net/wide/kernel"]].any()
