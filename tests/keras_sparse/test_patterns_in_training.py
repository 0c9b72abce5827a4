"""Masks follow their pattern, before training, in it and after."""

import keras
import numpy as np
import pytest
from every_pattern import every_pattern, net

import keras_sparse as ks
from keras_sparse.patterns import ConstantFanIn, NofM


def test_the_last_masked_layer_keeps_its_neurons(bench):
    method = ks.RigL(
        0.5,
        "uniform",
        update_every=1,
        drop_schedule="constant",
        pattern=ConstantFanIn(0.9),
    )
    sut = bench(keras.optimizers.SGD(0.1), method)
    for seed in range(6):
        sut.step(sut.gradients(seed))
    first, last = sut.optimizer.masks.values()
    assert not first.any(axis=0).all()
    assert len(set(first.sum(axis=0))) == 2  # 0 and the fan-in
    assert set(last.sum(axis=0)) == {3}


X, Y = np.eye(8, dtype="float32"), np.eye(8, 4, dtype="float32")
BEFORE_TRAINING = {
    "snip": lambda model, **more: ks.snip(model, X, Y, loss="mse", **more),
    "grasp": lambda model, **more: ks.grasp(
        model, X, Y, loss="mse", outputs="logits", **more
    ),
    "synflow": lambda model, **more: ks.synflow(model, rounds=5, **more),
    "magnitude": lambda model, **more: ks.magnitude(model, **more),
    "random": lambda model, scope, **more: ks.random(
        model, distribution="uniform", **more
    ),
}


@every_pattern
@pytest.mark.parametrize("prune", BEFORE_TRAINING)
def test_masks_before_training_follow_the_pattern(prune, pattern):
    keras.utils.set_random_seed(0)
    model = net()
    sparsity = pattern.sparsity or 0.5
    masks = BEFORE_TRAINING[prune](
        model, sparsity=sparsity, scope="layer", pattern=pattern
    )
    for mask in masks.values():
        assert pattern.holds(mask) and mask.sum() == mask.size // 2
    ks.sparsify(model, "sgd", ks.Static(sparsity, pattern=pattern), masks)


@every_pattern
@pytest.mark.parametrize(
    "make",
    [
        lambda sparsity, pattern: ks.ACDC(
            sparsity, 1, 1, 3, scope="layer", pattern=pattern
        ),
        lambda sparsity, pattern: ks.SNFS(
            sparsity,
            update_every=1,
            redistribution=None,
            drop_schedule="constant",
            pattern=pattern,
        ),
    ],
    ids=["ACDC", "SNFS"],
)
def test_every_step_follows_the_pattern(make, pattern):
    keras.utils.set_random_seed(0)
    model = net()
    method = make(pattern.sparsity or 0.5, pattern)
    model.compile(ks.sparsify(model, keras.optimizers.SGD(0.1), method), "mse")
    for _ in range(4):
        model.fit(X, Y, batch_size=8, verbose=0)
        for mask in ks.masks(model).values():
            assert mask.all() or pattern.holds(mask)
    assert not mask.all()


def test_a_ticket_follows_the_pattern():
    def model_fn():
        keras.utils.set_random_seed(0)
        model = net()
        model.compile("sgd", "mse")
        return model

    def train_fn(model, callbacks):
        return model.fit(X, Y, verbose=0, callbacks=callbacks)

    found = ks.lottery_ticket(
        model_fn, train_fn, 0.5, 2, scope="layer", pattern=NofM(2, 4)
    )
    assert all(NofM(2, 4).holds(mask) for mask in found.masks.values())
    assert set(ks.sparsity(found.model).values()) == {0.5}


@every_pattern
def test_patterns_survive_save_and_load(tmp_path, pattern):
    model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
    method = ks.RigL(pattern.sparsity or 0.5, pattern=pattern)
    model.compile(ks.SparseOptimizer("adam", method), "mse")
    model.fit(np.ones((2, 8)), np.ones((2, 4)), verbose=0)
    model.save(tmp_path / "m.keras")
    loaded = keras.models.load_model(tmp_path / "m.keras")
    assert repr(loaded.optimizer.method) == repr(method)
    assert pattern.holds(next(iter(ks.masks(loaded).values())))
