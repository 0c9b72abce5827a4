"""Which shifts, directions and conditions pairs are drawn with."""

import types

import numpy as np
import pytest
import tensorflow as tf

from keras_latent.direction_losses import (
    DirectionAccuracy,
    direction_crossentropy,
    shift_error,
)
from keras_latent.direction_pairs import (
    EVALUATION,
    TRAINING,
    clamp_shifts,
    draw_conditions,
    draw_pairs,
)

ROWS = 24_000


def settings(**changed):
    given = dict(
        seed=0,
        latent_dim=3,
        num_directions=5,
        shift_scale=6.0,
        min_shift=0.5,
        shift_distribution="uniform",
        latent_distribution="normal",
    )
    return types.SimpleNamespace(**{**given, **changed})


def draw(stage=TRAINING, step=0, **changed):
    drawn = draw_pairs(settings(**changed), ROWS, stage, step)
    return [part.numpy() for part in drawn]


def test_clamped_shifts_by_hand():
    shifts = [-6.0, -0.5, -0.49, -0.0, 0.0, 0.01, 0.5, 3.0]
    expected = [-6.0, -0.5, -0.5, 0.0, 0.0, 0.5, 0.5, 3.0]
    np.testing.assert_array_equal(clamp_shifts(shifts, 0.5), expected)


def test_a_twelfth_of_the_shifts_is_clamped_and_none_is_drawn_again():
    latents, chosen, shifts = draw()
    assert np.abs(shifts).max() <= 6.0 and np.abs(shifts).min() == 0.5
    assert np.mean(np.abs(shifts) == 0.5) == pytest.approx(1 / 12, abs=0.006)
    assert np.mean(shifts > 0) == pytest.approx(0.5, abs=0.01)
    assert np.abs(np.mean(latents)) < 0.02
    assert np.std(latents) == pytest.approx(1.0, abs=0.02)
    counts = np.bincount(chosen, minlength=5) / ROWS
    np.testing.assert_allclose(counts, 0.2, atol=0.01)


def test_normal_shifts_have_the_scale_as_deviation():
    *_, shifts = draw(shift_distribution="normal", min_shift=0.0)
    assert np.std(shifts) == pytest.approx(6.0, rel=0.02)


def test_draws_are_of_the_seed_the_stage_and_the_step():
    first = draw()
    for one, again in zip(first, draw(), strict=True):
        np.testing.assert_array_equal(one, again)
    others = draw(seed=1), draw(EVALUATION), draw(step=1)
    for other in others:
        for one, two in zip(first, other, strict=True):
            assert np.mean(one == two) < 0.3
            assert abs(np.corrcoef(one.ravel(), two.ravel())[0, 1]) < 0.03


def test_conditions_are_another_batch_by_batch():
    def labels(rows, seed):
        assert seed.dtype == tf.int64 and seed.shape == (2,)
        drawn = tf.random.stateless_uniform([rows], seed, 0, 1000, "int32")
        return {"label": drawn}

    first, again, later, other = (
        draw_conditions(labels, 8, seed, step)["label"].numpy()
        for seed, step in ((0, 0), (0, 0), (0, 1), (1, 0))
    )
    np.testing.assert_array_equal(first, again)
    assert not np.array_equal(first, later)
    assert not np.array_equal(first, other)
    assert draw_conditions(None, 8, 0, 0) == {}
    assert draw_conditions({"scale": 2.0}, 8, 0, 0) == {"scale": 2.0}


@pytest.mark.parametrize(
    "wrong", [[1.0], lambda rows, seed: seed], ids=["list", "function"]
)
def test_conditions_that_are_no_dict_are_refused(wrong):
    with pytest.raises(ValueError, match="`conditioning`.*Received"):
        draw_conditions(wrong, 2, 0, 0)


def test_both_errors_are_those_of_numpy():
    random = np.random.default_rng(0)
    logits = random.normal(size=(6, 4)).astype("float32") * 30
    chosen = random.integers(4, size=6)
    largest = logits.max(axis=1)
    total = np.log(np.exp(logits - largest[:, None]).sum(axis=1)) + largest
    expected = np.mean(total - logits[np.arange(6), chosen])
    np.testing.assert_allclose(
        direction_crossentropy(logits, chosen), expected, rtol=1e-5
    )
    guesses, shifts = random.normal(size=(6, 1)), random.normal(size=6)
    expected = np.abs(guesses[:, 0] - shifts).mean()
    np.testing.assert_allclose(
        shift_error(guesses, shifts), expected, rtol=1e-5
    )


def test_the_accuracy_counts_each_direction():
    tracker = DirectionAccuracy(3)
    assert float(tracker.result()) == 0.0
    tracker.update_state(np.eye(3)[[0, 1, 1]], tf.constant([0, 1, 2], "int64"))
    tracker.update_state(np.eye(3)[[0, 0]], tf.constant([0, 1], "int64"))
    np.testing.assert_array_equal(tracker.seen, [2, 2, 1])
    np.testing.assert_array_equal(tracker.right, [2, 1, 0])
    assert float(tracker.result()) == pytest.approx(0.6)
    tracker.reset_state()
    assert float(np.sum(tracker.seen)) == 0
