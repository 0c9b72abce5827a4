import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks
from keras_sparse.acdc import ACDC
from keras_sparse.method import Moment, SparseWeight


def phases(method, steps):
    """One letter per step: C compressed, D dense."""
    return "".join(
        "C" if method.compressed(step) else "D" for step in range(steps)
    )


@pytest.mark.parametrize(
    "arguments, expected",
    [
        ((2, 2, 8), "DDCCDDDDCCCC"),  # steps 6 and 7 would meet the end
        ((2, 2, 10), "DDCCDDCCDDCC"),
        ((0, 2, 8), "CCDDCCDDCCCC"),
        ((1, 3, 9, 2), "DCCCDDDDDCCC"),
        ((1, 3, 11, 2), "DCCCDDCCCDDCC"[:12]),
        ((4, 5, 4), "DDDDCCCCCCCC"),  # dense, then pruned once
        ((0, 5, 0), "CCCCCCCCCCCC"),
        ((3, 4, 6), "DDDDDDCCCCCC"),  # no room for a phase in between
    ],
)
def test_phases_by_hand(arguments, expected):
    method = ACDC(0.5, *arguments)
    assert phases(method, 12) == expected
    begins = [step for step in range(1, 12) if method.due(step)]
    changes = [
        step for step in range(1, 12) if expected[step] != expected[step - 1]
    ]
    assert begins == changes
    assert bool(method.due(0)) == (expected[0] == "C")


def test_authors_schedules():
    # IST-DASLab/ACDC, configs/neurips: epochs of pruners and recyclers.
    imagenet = ACDC(0.9, warmup_steps=10, phase_steps=5, compress_from=85)
    assert [step for step in range(1, 100) if imagenet.due(step)] == sorted(
        [*range(10, 71, 10), 85] + [*range(15, 66, 10), 75]
    )
    freq20 = ACDC(0.9, warmup_steps=10, phase_steps=20, compress_from=170)
    assert [step for step in range(1, 200) if freq20.due(step)] == sorted(
        [*range(10, 172, 40)] + [*range(30, 162, 40)]
    )
    dense13 = ACDC(0.9, 10, 20, compress_from=175, dense_steps=13)
    assert [step for step in range(1, 200) if dense13.due(step)] == sorted(
        [*range(10, 181, 33)] + [*range(30, 171, 33)]
    )


EIGHT = {
    "a": np.array([[1.0, -5.0], [2.0, 0.0]], "float32"),
    "b": np.array([-3.0, 4.0, 0.5, 6.0], "float32"),
}


def updated(method, step, masks=None):
    masks = masks or {path: np.ones(v.shape, bool) for path, v in EIGHT.items()}
    weights = [
        SparseWeight(
            path, ops.array(value * masks[path]), ops.array(masks[path])
        )
        for path, value in EIGHT.items()
    ]
    new = method.update(weights, Moment(step, 1.0))
    return [ops.convert_to_numpy(mask).astype(int).tolist() for mask in new]


@pytest.mark.parametrize(
    "scope, expected",
    [
        ("global", [[[0, 1], [0, 0]], [1, 1, 0, 1]]),  # 5, 3, 4, 6
        ("layer", [[[0, 1], [1, 0]], [0, 1, 0, 1]]),  # 5, 2; 4, 6
    ],
)
def test_compression_keeps_the_largest(scope, expected):
    method = ACDC(0.5, 2, 2, 10, scope=scope)
    assert updated(method, 2) == expected
    live = dict(zip(EIGHT, map(np.array, expected), strict=True))
    live = {path: mask.astype(bool) for path, mask in live.items()}
    assert updated(method, 4, live) == [[[1, 1], [1, 1]], [1, 1, 1, 1]]


def test_a_closed_weight_never_wins():
    masks = {"a": np.array([[0, 0], [0, 1]], bool), "b": np.zeros(4, bool)}
    method = ACDC(0.5, 2, 2, 10)  # would keep 4, and only one is live
    assert updated(method, 2, masks) == [[[0, 0], [0, 1]], [0, 0, 0, 0]]


@pytest.mark.parametrize("sparsity", [0.0, 0.3, 0.5, 0.9])
@pytest.mark.parametrize("scope", ["global", "layer"])
def test_exact_count_with_ties(sparsity, scope):
    method = ACDC(sparsity, 0, 2, 10, scope=scope)
    values = {"a": np.ones((7, 3), "float32"), "b": np.ones(10, "float32")}
    masks = method.initial_masks(values)
    kept = [int(mask.sum()) for mask in masks.values()]
    if scope == "global":
        assert sum(kept) == 31 - int(np.floor(sparsity * 31))
    else:
        assert kept == [n - int(np.floor(sparsity * n)) for n in (21, 10)]


def test_starts_dense_with_a_warm_up():
    masks = ACDC(0.9, 1, 2, 10).initial_masks(EIGHT)
    assert all(mask.all() for mask in masks.values())


@pytest.mark.parametrize("steps_per_execution", [1, 4])
def test_fit_alternates_and_ends_compressed(each_step, steps_per_execution):
    keras.utils.set_random_seed(0)
    model = keras.Sequential(
        [
            keras.Input((8,)),
            keras.layers.Dense(16, activation="relu"),
            keras.layers.Dense(1),
        ]
    )
    method = ACDC(0.75, warmup_steps=4, phase_steps=4, compress_from=20)
    model.compile(
        ks.SparseOptimizer(keras.optimizers.Adam(0.01), method),
        "mse",
        steps_per_execution=steps_per_execution,
    )
    seen = {}

    def note(model, _):
        masks = ks.masks(model)
        values = {w.path: np.array(w) for w in model.trainable_variables}
        for path, mask in masks.items():
            assert not values[path][~mask].any()
        zeros = sum((~mask).sum() for mask in masks.values())
        live = sum(np.count_nonzero(values[path]) for path in masks)
        seen[int(model.optimizer.iterations)] = (int(zeros), int(live))

    x = np.random.default_rng(0).normal(size=(96, 8)).astype("float32")
    y = x[:, :1] * x[:, 1:2]
    history = model.fit(
        x,
        y,
        batch_size=4,
        verbose=0,
        shuffle=False,
        callbacks=[each_step(note)],
    )
    assert np.isfinite(history.history["loss"]).all()
    size, zeros = 8 * 16 + 16, 108
    for step, (closed, live) in seen.items():
        if phases(method, step + 1)[-1] == "C":
            assert (closed, live) == (zeros, size - zeros), step
        else:
            assert closed == 0, step
    if steps_per_execution == 1:
        for opened in (8, 16):
            assert seen[opened] == (0, size - zeros)  # 0 until they train
            assert seen[opened + 1][1] > size - zeros
    assert seen[24] == (zeros, size - zeros)


def test_weights_that_come_back_have_zero_slots(bench):
    method = ACDC(0.5, warmup_steps=1, phase_steps=1, compress_from=9)
    rig = bench(keras.optimizers.Adam(0.1), method)
    rig.step(rig.gradients(1))  # dense, then compressed
    closed = {p: ~m for p, m in rig.optimizer.masks.items()}
    assert sum(c.sum() for c in closed.values()) == (8 * 6 + 6 * 3) // 2
    rig.step(rig.gradients(2))  # compressed, then opened
    for path, (value, mask, slots) in rig.snapshot().items():
        if mask is None:
            continue
        assert mask.all() and len(slots) == 2
        for array in (value, *slots):
            assert not array[closed[path]].any()
            assert array[~closed[path]].all()


def test_config_round_trip():
    method = ACDC(0.9, 10, 5, 85, dense_steps=3, scope="layer")
    config = keras.saving.serialize_keras_object(method)
    again = keras.saving.deserialize_keras_object(config)
    assert again.get_config() == method.get_config()
    assert set(method.get_config()) == {
        "sparsity",
        "warmup_steps",
        "phase_steps",
        "compress_from",
        "dense_steps",
        "scope",
        "pattern",
    }


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sparsity": 1.0}, "`sparsity` must be a number in"),
        ({"sparsity": 90}, "Write 0.9 for 90 %"),
        ({"warmup_steps": -1}, "`warmup_steps` must be an integer"),
        ({"phase_steps": 0}, "`phase_steps` must be an integer of at least 1"),
        ({"dense_steps": 0}, "`dense_steps` must be an integer of at least 1"),
        ({"compress_from": 8.5}, "`compress_from` must be an integer"),
        (
            {"compress_from": 1},
            "`compress_from` must not lie before the end of the warm-up. "
            "Received: compress_from=1, warmup_steps=2. Raise",
        ),
        ({"scope": "model"}, "`scope` must be one of 'global', 'layer'"),
    ],
)
def test_bad_arguments(changes, message):
    arguments = {
        "sparsity": 0.5,
        "warmup_steps": 2,
        "phase_steps": 2,
        "compress_from": 8,
    }
    with pytest.raises(ValueError, match=message):
        ACDC(**arguments | changes)
