"""DeepR: weights wander, and move when they cross zero."""

import re

import keras
import numpy as np
import pytest
from keras import ops, optimizers

import keras_sparse as ks
from keras_sparse.deepr import DeepR, gaussian, rewire
from keras_sparse.topology import random_scores


def test_rewiring_by_hand():
    # Shrinks by 0.25 towards its own sign's other side; 3 cross zero.
    weight = [1.0, -1, 0.25, 0.125, -0.125, 0.5, 0, 0]
    sign = [1, -1, 1, 1, -1, 1, 1, -1]
    noise = [0.0, -0.5, 0, 0, 0, -0.5, 9, -9]
    score = [9, 9, 0, 0.5, 0, 0.25, 0.75, 0.625]
    mask = [True] * 6 + [False] * 2
    value, moved = rewire(
        ops.convert_to_tensor(weight),
        ops.convert_to_tensor(mask),
        ops.convert_to_tensor(sign),
        0.25,
        ops.convert_to_tensor(noise),
        ops.convert_to_tensor(np.array(score, "float32")),
    )
    expected = [0.75, -1.25, 0, 0, 0, 0, 0, 0]
    assert ops.convert_to_numpy(value).tolist() == expected
    moved = ops.convert_to_numpy(moved).astype(int).tolist()
    # 0 is no crossing; the best three of the five dormant grow.
    assert moved == [1, 1, 1, 1, 0, 0, 1, 1]


def test_noise_is_normal_and_depends_on_its_arguments_alone():
    draws = [
        ops.convert_to_numpy(gaussian((400, 500), seed, path, step))
        for seed, path, step in [(0, "a", 1), (0, "a", 1), (1, "a", 1)]
        + [(0, "b", 1), (0, "a", 2)]
    ]
    size = draws[0].size
    np.testing.assert_array_equal(draws[0], draws[1])
    for noise in draws:
        assert np.isfinite(noise).all()
        assert abs(noise.mean()) < 5 / np.sqrt(size)
        assert abs(noise.var() - 1) < 5 * np.sqrt(2 / size)
        assert abs((noise**4).mean() - 3) < 5 * np.sqrt(96 / size)
        beyond = (abs(noise) > 1.959964).mean()
        assert abs(beyond - 0.05) < 5 * np.sqrt(0.05 * 0.95 / size)
    for other in draws[2:]:
        correlation = np.corrcoef(draws[0].ravel(), other.ravel())[0, 1]
        assert abs(correlation) < 5 / np.sqrt(size)


def test_noise_is_box_muller_on_two_draws():
    radius, angle = (
        ops.convert_to_numpy(random_scores((9,), 4, f"a/{name}", 7))
        for name in ("radius", "angle")
    )
    radius, angle = radius.astype("float64"), angle.astype("float64")
    expected = np.sqrt(-2 * np.log1p(-radius)) * np.cos(2 * np.pi * angle)
    found = ops.convert_to_numpy(gaussian((9,), 4, "a", 7))
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-6)


def kernels(run):
    return {
        path: value
        for path, (value, mask, _) in run.snapshot().items()
        if mask is not None
    }


def no_gradients(run):
    return [np.zeros(v.shape, "float32") for v in run.variables]


def test_without_forces_nothing_moves(bench):
    run = bench("sgd", DeepR(0.6, l1=0, temperature=0))
    masks, start = run.optimizer.masks, kernels(run)
    for _ in range(3):
        run.step(no_gradients(run))
    for path, value in kernels(run).items():
        np.testing.assert_array_equal(value, start[path])
        np.testing.assert_array_equal(run.optimizer.masks[path], masks[path])


def test_live_weights_shrink_by_learning_rate_times_l1_a_step(bench):
    method = DeepR(0.6, l1=0.01, temperature=0, update_every=4)
    run = bench(optimizers.SGD(0.1), method)
    start = kernels(run)
    for _ in range(4):
        run.step(no_gradients(run))
    for path, value in kernels(run).items():
        old, stays = start[path], abs(start[path]) > 4 * 0.1 * 0.01
        shrunk = old - 4 * 0.1 * 0.01 * np.sign(old)
        assert stays.any()
        np.testing.assert_allclose(value[stays], shrunk[stays], atol=1e-7)


def test_the_noise_has_the_size_of_its_temperature(bench):
    method = DeepR(0.0, l1=0, temperature=0.5, update_every=2)
    run = bench(optimizers.SGD(1e-6), method)
    start = kernels(run)
    for _ in range(2):
        run.step(no_gradients(run))
    change = np.concatenate(
        [(value - start[path]).ravel() for path, value in kernels(run).items()]
    )
    change = change[change != 0]
    assert change.size > 50
    # sqrt(2 * 2 steps * 1e-6 * 0.5)
    assert 0.8 < change.std() / np.sqrt(2e-6) < 1.2


def test_the_default_noise_is_a_third_of_the_shrinkage(bench):
    run = bench(optimizers.SGD(0.1), DeepR(0.0, l1=1e-3))
    start = kernels(run)
    run.step(no_gradients(run))
    moved = np.concatenate(
        [
            ((start[path] - value) * np.sign(start[path])).ravel()
            for path, value in kernels(run).items()
        ]
    )
    assert 0.9 < moved.mean() / 1e-4 < 1.1
    assert 0.2 < moved.std() / 1e-4 < 0.45


def test_a_connection_keeps_its_sign_for_ever(bench):
    run = bench(optimizers.SGD(0.2), DeepR(0.6, l1=1e-2, temperature=1e-4))
    keras.utils.set_random_seed(1)
    signs = {
        path: np.sign(value)
        for path, value in kernels(bench("sgd", ks.Static(0.0))).items()
    }
    grown = {path: np.zeros(sign.shape, bool) for path, sign in signs.items()}
    for step in range(12):
        before = run.optimizer.masks
        run.step([0.1 * grad for grad in run.gradients(step)])
        for path, value in kernels(run).items():
            assert (value * signs[path] >= 0).all()
            mask = run.optimizer.masks[path]
            assert mask.sum() == before[path].sum()
            grown[path] |= mask & ~before[path]
    assert all(places.any() for places in grown.values())


def test_zeros_get_random_signs():
    method = DeepR(0.5)
    start = {"a": np.array([[0.0] * 500, [-2.0] * 500])}
    sign = method.initial_memory(start, {})["sign"]["a"]
    assert (sign[1] == -1).all()
    assert set(sign[0]) == {-1, 1} and abs(sign[0].mean()) < 0.2


def test_every_dormant_connection_is_equally_likely_to_grow():
    live = np.arange(20_000) % 5 == 0  # 4000, all to be replaced
    _, moved = rewire(
        ops.convert_to_tensor(np.where(live, -1.0, 0.0).astype("float32")),
        ops.convert_to_tensor(live),
        ops.ones(20_000),
        0.0,
        ops.zeros(20_000),
        random_scores((20_000,), 0, "a", 3),
    )
    counts = ops.convert_to_numpy(moved).reshape(-1, 5).sum(axis=0)
    assert counts.sum() == 4000
    # Each fifth gets 800, with a standard deviation of 23.
    assert abs(counts - 800).max() < 5 * 23


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow",
    reason="there `fit` builds the model first",
)
def test_a_model_that_is_not_built_is_refused():
    model = keras.Sequential([keras.layers.Dense(3)])
    model.compile(ks.SparseOptimizer("sgd", DeepR(0.5)), "mse")
    with pytest.raises(ValueError, match="`model` must be built before"):
        model.fit(np.ones((4, 2)), np.ones((4, 3)), verbose=0)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (dict(sparsity=None), "`sparsity` must be a number in [0, 1)"),
        (dict(update_every=0), "`update_every` must be an integer of at least"),
        (dict(l1=-1), "`l1` must be a number from 0. Received: l1=-1."),
        (dict(temperature="hot"), "`temperature` must be a number from 0."),
    ],
)
def test_errors_name_the_argument(arguments, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        DeepR(**{"sparsity": 0.9, **arguments})
