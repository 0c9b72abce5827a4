"""Every Keras optimizer stays sparse, in the weights and in its slots.

Slots of dropped and grown weights are those of a new weight: 0, or, for
Adagrad and Ftrl, the initial value of the accumulator.
"""

import keras
import numpy as np
import pytest
from keras import optimizers

import keras_sparse as ks

STEPS = 7
KERNELS, BIASES = ("m/a/kernel", "m/b/kernel"), ("m/a/bias", "m/b/bias")
TABLE = [
    ("SGD", dict(learning_rate=0.1)),
    ("SGD", dict(learning_rate=0.1, momentum=0.9)),
    ("SGD", dict(learning_rate=0.1, momentum=0.9, nesterov=True)),
    ("SGD", dict(learning_rate=0.1, momentum=0.9, clipvalue=0.1)),
    ("Adam", {}),
    ("Adam", dict(amsgrad=True)),
    ("Adam", dict(global_clipnorm=0.5)),
    ("Adam", dict(use_ema=True)),
    ("Adam", dict(use_ema=True, ema_overwrite_frequency=3)),
    ("Adam", dict(gradient_accumulation_steps=2)),
    ("AdamW", dict(weight_decay=0.1, clipnorm=0.5)),
    ("RMSprop", dict(centered=True, momentum=0.9)),
    ("Lion", {}),
    ("Muon", {}),
    ("Muon", dict(weight_decay=0.1)),
    ("Nadam", {}),
    ("Adamax", {}),
    ("Adagrad", {}),
    ("Adadelta", dict(learning_rate=0.1)),
    ("Adafactor", {}),
    ("Ftrl", {}),
    ("Ftrl", dict(l1_regularization_strength=0.01, beta=0.1)),
    ("Lamb", dict(weight_decay=0.01)),
    ("ScheduleFreeAdamW", dict(weight_decay=0.1)),
]
TABLE = [row for row in TABLE if hasattr(optimizers, row[0])]
every_optimizer = pytest.mark.parametrize(
    "name, arguments",
    TABLE,
    ids=[f"{name}-{'-'.join(options)}" for name, options in TABLE],
)


def micro_steps(arguments):
    return arguments.get("gradient_accumulation_steps", 1)


def rigl():
    return ks.RigL(0.6, "uniform", update_every=3, drop_schedule="constant")


def moved_entries(before, after, path):
    """Entries (stayed, dropped, grown) between two snapshots."""
    old, new = before[path][1], after[path][1]
    return old & new, old & ~new, new & ~old


def values_of_new_weights(name, snapshot, path):
    """What a grown weight and each of its slots hold."""
    slots = [0.0] * len(snapshot[path][2])
    if name in ("Adagrad", "Ftrl"):
        slots[0] = 0.1  # initial_accumulator_value
    return [0.0, *slots]


def assert_update_only_moves_masks(name, before, after):
    for path in KERNELS:
        stayed, dropped, grown = moved_entries(before, after, path)
        assert dropped.any() and dropped.sum() == grown.sum()
        pairs = [(before[path][0], after[path][0])]
        pairs += zip(before[path][2], after[path][2], strict=True)
        fresh = values_of_new_weights(name, before, path)
        for (old, new), value in zip(pairs, fresh, strict=True):
            np.testing.assert_array_equal(old[stayed], new[stayed])
            assert (new[dropped | grown] == np.float32(value)).all()
    for path in BIASES:
        np.testing.assert_array_equal(before[path][0], after[path][0])
        for old, new in zip(before[path][2], after[path][2], strict=True):
            np.testing.assert_array_equal(old, new)


@every_optimizer
def test_rigl_trains_sparse_and_its_update_step_only_moves_masks(
    bench, name, arguments
):
    sut = bench(getattr(optimizers, name)(**arguments), rigl())
    each = micro_steps(arguments)
    before, updates = sut.snapshot(), []
    for micro_step in range(STEPS * each):
        sut.step(sut.gradients(seed=micro_step))
        after = sut.snapshot()
        done = (micro_step + 1) // each
        assert int(sut.optimizer.iterations) == done
        for path in KERNELS:
            value, mask, _ = after[path]
            assert mask.sum() == before[path][1].sum()
            assert not value[~mask].any()
        if (micro_step + 1) % each:
            continue
        if done - 1 in (3, 6):
            updates.append(done)
            assert_update_only_moves_masks(name, before, after)
        else:
            for path in KERNELS:
                value, mask, _ = after[path]
                np.testing.assert_array_equal(mask, before[path][1])
                assert (value != before[path][0])[mask].mean() > 0.7
        before = after
    assert updates == [4, 7]


@every_optimizer
def test_set_trains_then_moves_masks_in_one_step(bench, name, arguments):
    make = getattr(optimizers, name)
    method = ks.SET(0.6, "uniform", update_every=3, drop_schedule="constant")
    moving = bench(make(**arguments), method)
    masks = moving.optimizer.masks
    static = bench(make(**arguments), ks.Static(0.6), masks=masks)
    for micro_step in range(3 * micro_steps(arguments)):
        before = moving.snapshot()
        for sut in (moving, static):
            sut.step(sut.gradients(seed=micro_step))
    after, trained = moving.snapshot(), static.snapshot()
    assert int(moving.optimizer.iterations) == 3
    for path in KERNELS:
        stayed, dropped, grown = moved_entries(before, after, path)
        assert dropped.any() and dropped.sum() == grown.sum()
        pairs = [(after[path][0], trained[path][0])]
        pairs += zip(after[path][2], trained[path][2], strict=True)
        fresh = values_of_new_weights(name, before, path)
        for (found, expected), value in zip(pairs, fresh, strict=True):
            np.testing.assert_allclose(
                found[stayed], expected[stayed], rtol=1e-5, atol=1e-7
            )
            assert (found[dropped | grown] == np.float32(value)).all()
    for path in BIASES:
        np.testing.assert_allclose(
            after[path][0], trained[path][0], rtol=1e-5, atol=1e-7
        )
        assert (after[path][0] != before[path][0]).all()


@pytest.mark.parametrize(
    "clipping", [dict(global_clipnorm=0.3), dict(clipnorm=0.3)]
)
def test_gradients_are_masked_before_they_are_clipped(bench, clipping):
    sut = bench(optimizers.SGD(0.5, **clipping), ks.Static(0.6, "uniform"))
    before, gradients = sut.snapshot(), sut.gradients(seed=5)
    visible = [
        gradient if mask is None else gradient * mask
        for gradient, (_, mask, _) in zip(
            gradients, before.values(), strict=True
        )
    ]
    norms = [np.sqrt((gradient**2).sum()) for gradient in visible]
    if "global_clipnorm" in clipping:
        norms = [np.sqrt(np.square(norms).sum())] * len(norms)
    sut.step(gradients)
    for gradient, norm, (path, (value, _, _)) in zip(
        visible, norms, sut.snapshot().items(), strict=True
    ):
        expected = before[path][0] - 0.5 * gradient * min(1, 0.3 / norm)
        np.testing.assert_allclose(value, expected, rtol=1e-5, atol=1e-7)


def test_accumulated_steps_equal_one_step_with_the_mean_gradient(bench):
    accumulating = bench(
        optimizers.SGD(0.1, momentum=0.9, gradient_accumulation_steps=2),
        rigl(),
    )
    plain = bench(optimizers.SGD(0.1, momentum=0.9), rigl())
    for step in range(STEPS):
        halves = [accumulating.gradients(seed=[step, i]) for i in range(2)]
        for half in halves:
            accumulating.step(half)
        plain.step([(a + b) / 2 for a, b in zip(*halves, strict=True)])
        found, expected = accumulating.snapshot(), plain.snapshot()
        for path in KERNELS:
            np.testing.assert_array_equal(found[path][1], expected[path][1])
            np.testing.assert_allclose(
                found[path][0], expected[path][0], rtol=1e-5, atol=1e-6
            )


def test_the_drop_fraction_follows_the_learning_rate(bench):
    method = ks.RigL(0.6, "uniform", update_every=1, drop_fraction=0.5)
    sut = bench(optimizers.SGD(0.1), method)
    kernel = sut.variables[0]
    live = 48 - int(0.6 * 48)
    moved = []
    for seed, rate in enumerate([0.1, 0.1, 0.2, 0.1, 0.0]):
        sut.optimizer.learning_rate = rate
        before = sut.snapshot()
        # A gradient that is 0 on live entries makes all that drops new.
        gradients = sut.gradients(seed)
        gradients[0] *= ~before[kernel.path][1]
        gradients[2] *= ~before[sut.variables[2].path][1]
        sut.step(gradients)
        after = sut.snapshot()
        moved.append(moved_entries(before, after, kernel.path)[1].sum())
    # Trains at step 0; then in proportion to the largest rate so far.
    assert moved == [0, live // 2, live // 2, live // 4, 0]


def test_a_variable_without_a_gradient_is_left_alone(bench):
    if keras.backend.backend() == "jax":
        pytest.skip("jax.grad gives every variable a gradient")
    sut = bench(optimizers.SGD(0.1), rigl())
    before, gradients = sut.snapshot(), sut.gradients(seed=0)
    a, b = sut.variables[0], sut.variables[1]
    with pytest.warns(UserWarning, match="Gradients do not exist"):
        sut.optimizer.apply(
            [*map(keras.ops.convert_to_tensor, gradients[:2]), None, None]
        )
    after = sut.snapshot()
    assert (after[a.path][0] != before[a.path][0]).any()
    assert (after[b.path][0] != before[b.path][0]).any()
    for variable in sut.variables[2:]:
        np.testing.assert_array_equal(
            after[variable.path][0], before[variable.path][0]
        )


def test_masks_are_set_by_hand_and_what_is_new_starts_at_zero(bench):
    sut = bench(optimizers.SGD(0.1, momentum=0.9), ks.Static(0.5, "uniform"))
    sut.step(sut.gradients(0))
    before, (path, other) = sut.snapshot(), KERNELS
    mask = np.roll(before[path][1], 1)
    sut.optimizer.set_masks({path: mask})
    after = sut.snapshot()
    np.testing.assert_array_equal(after[path][1], mask)
    stayed = mask & before[path][1]
    for found, old in zip(
        (after[path][0], *after[path][2]),
        (before[path][0], *before[path][2]),
        strict=True,
    ):
        np.testing.assert_array_equal(found, old * stayed)
    np.testing.assert_array_equal(after[other][1], before[other][1])
    with pytest.raises(ValueError, match="'nowhere', which is not a path"):
        sut.optimizer.set_masks({"nowhere": mask})
    with pytest.raises(ValueError, match="must be built before its masks"):
        ks.SparseOptimizer("sgd", ks.Static(0.5)).set_masks({path: mask})
