"""Patterns: units live and die together, groups keep their number."""

import json
import pathlib
import re

import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks
from keras_sparse import topology
from keras_sparse.patterns import Block, Channels, ConstantFanIn, NofM
from keras_sparse.score_masks import masks_from_scores
from keras_sparse.topk import top_magnitude_mask_of_rows

CASES = json.loads(
    (pathlib.Path(__file__).parents[1] / "cases" / "patterns.json").read_text()
)
SHAPES = [(8, 4), (3, 3, 4, 8), (2, 12, 6)]
PATTERNS = [Block(4, 1), Block(1, 2), Block(2, 2), NofM(2, 4), Channels()]
PATTERNS += [NofM(1, 2, axis=-1), ConstantFanIn(), ConstantFanIn(0.3)]
PATTERNS += [ks.DenseBlocks(4)]
every_pattern = pytest.mark.parametrize("pattern", PATTERNS, ids=repr)
every_shape = pytest.mark.parametrize("shape", SHAPES)


def net():
    return keras.Sequential(
        [keras.Input((8,)), keras.layers.Dense(8), keras.layers.Dense(4)]
    )


def array(values, dtype="float32"):
    return ops.convert_to_tensor(np.array(values, dtype))


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


@pytest.mark.parametrize(
    "make, shapes, message",
    [
        (
            lambda: ks.RigL(0.9, pattern=Block(3, 1)),
            {"a": (8, 4), "b": (9, 4), "c": (7, 2)},
            "`pattern` must divide the weights that it masks. Received: "
            "Block(rows=3, columns=1) with a (8, 4): dimension -2 is not "
            "divisible by rows=3; c (7, 2): dimension -2 is not divisible by "
            "rows=3. Leave these weights dense with `custom={path: 0.0}`",
        ),
        (
            lambda: ks.Static(0.5, pattern=NofM(2, 4, axis=5)),
            {"a": (8, 4)},
            "a (8, 4): it has no dimension 5",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.ConstantSparsity(0.5, 10), pattern=NofM(2, 4)
            ),
            {"a": (9, 4)},
            "a (9, 4): dimension -2 is not divisible by m=4",
        ),
    ],
)
def test_all_shapes_that_do_not_fit_are_named(make, shapes, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        make().initial_masks({p: np.zeros(s) for p, s in shapes.items()})


def test_custom_leaves_an_unfit_weight_dense():
    method = ks.RigL(0.5, custom={"b": 0.0}, pattern=NofM(2, 4))
    weights = {"a": np.zeros((8, 4)), "b": np.zeros((3, 4))}
    masks = method.initial_masks(weights)
    assert masks["b"].all() and NofM(2, 4).holds(masks["a"])


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


def test_units_of_the_largest_mean_score_are_kept():
    scores = {"a": np.array([[5, -9], [-4, 1], [0, 2], [0, 3]], "float32")}
    # Means 0.5, -4, 0 and 2.5: signs count, as in GraSP.
    masks = masks_from_scores(scores, {"a": 2}, pattern=Block(2, 1))
    assert masks["a"].astype(int).tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    equal = {"a": np.ones((4, 1), "float32")}
    masks = masks_from_scores(equal, {"a": 2}, pattern=NofM(2, 4))
    assert masks["a"].ravel().tolist() == [True, True, False, False]


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


@pytest.mark.parametrize(
    "act, message",
    [
        (
            lambda: ks.SNFS(0.5, pattern=Channels()),
            "`redistribution` must be None with a pattern",
        ),
        (
            lambda: ks.ACDC(0.5, 1, 1, 1, pattern=Channels()),
            '`scope` must be "layer" with a pattern',
        ),
        (
            lambda: ks.ACDC(0.6, 1, 1, 1, scope="layer", pattern=NofM(2, 4)),
            "`sparsity` must be 0.5 with NofM",
        ),
        (
            lambda: ks.magnitude(net(), 0.5, pattern=Channels()),
            '`scope` must be "layer" with a pattern',
        ),
        (
            lambda: ks.magnitude(net(), 0.5, "layer", pattern=Block(3, 1)),
            "`pattern` must divide the weights that it masks",
        ),
        (lambda: Block(0, 1), "`rows` must be an integer of at least 1"),
        (lambda: NofM(4, 4), "`n` must be less than `m`, the size of a group"),
        (lambda: NofM(2, 4, axis=None), "`axis` must be an integer"),
        (lambda: ConstantFanIn(1.0), "`min_salient` must be a number in"),
        (
            lambda: ks.RigL(0.9, pattern="2:4"),
            "`pattern` must be Block(rows, columns), NofM(n, m), Channels(), "
            "ConstantFanIn() or None. Received: pattern='2:4'.",
        ),
        (
            lambda: ks.RigL(0.9, pattern=NofM(2, 4)),
            "`sparsity` must be 0.5 with NofM(n=2, m=4, axis=-2), which allows "
            "no other. Received: sparsity=0.9. Pass 0.5, or another pattern.",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.PolynomialDecay(0, 0.8, 0, 9), pattern=NofM(2, 4)
            ),
            "`sparsity` must be 0.5 with NofM",
        ),
        (
            lambda: ks.MagnitudePruning(
                ks.ConstantSparsity(0.5, 9), "global", pattern=Channels()
            ),
            '`scope` must be "layer" with a pattern',
        ),
    ],
)
def test_bad_patterns(act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act()


def test_given_masks_must_follow_the_pattern(bench):
    mask = np.zeros((8, 6), bool)
    mask[:3] = True
    with pytest.raises(ValueError, match="`masks` must follow the method's"):
        bench("sgd", ks.Static(0.5, pattern=NofM(2, 4)), {"m/a/kernel": mask})
    mask[:] = [[1], [1], [0], [0]] * 2
    bench("sgd", ks.Static(0.5, pattern=NofM(2, 4)), {"m/a/kernel": mask})


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
