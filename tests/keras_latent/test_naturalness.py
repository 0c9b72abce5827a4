"""The naturalness of directions whose truth is known."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl
from keras_latent.naturalness_classifier import lenet_classifier
from keras_latent.naturalness_findings import wilson_interval

SIZE, PERFECT, NOTHING, DARKER = 32, 0, 1, 2
ROWS = np.eye(4, dtype="float32")
PATTERN = np.random.default_rng(0).normal(size=(1, SIZE, SIZE, 1))


def draw(latents):
    """A bar, left or right; the third number darkens all, beyond 5."""
    line = tf.linspace(-1.0, 1.0, SIZE)[None, None, :, None]
    latents = tf.cast(latents, "float32")[:, :, None, None, None]
    bar = tf.exp(-20.0 * (line - 0.6 * tf.tanh(latents[:, 0])) ** 2)
    darker = 9.0 * tf.cast(latents[:, 2] > 5.0, "float32")
    grain = 0.1 * latents[:, 3] * tf.cast(PATTERN, "float32")
    return bar + grain - darker


def real(count=400, seed=1):
    random = np.random.default_rng(seed)
    latents = random.normal(size=(count, 4)) * [3.0, 1.0, 1.0, 1.0]
    return draw(latents).numpy()


@pytest.fixture(scope="module")
def found():
    return kl.naturalness(draw, ROWS[:3], real(), evaluation_batches=40)


def test_a_factor_of_the_real_images_is_natural(found):
    assert found.reference[PERFECT] >= 0.95
    assert found.real[PERFECT] >= 0.9
    assert found.returned[PERFECT] >= 0.95
    assert not found.degenerate[PERFECT]
    assert found.rarer[PERFECT] == pytest.approx(0.5, abs=0.15)


def test_a_direction_that_does_nothing_is_at_chance(found):
    assert found.reference[NOTHING] == pytest.approx(0.5, abs=0.1)
    assert found.returned[NOTHING] == pytest.approx(0.5, abs=0.1)


def test_a_factor_that_real_images_lack_is_degenerate(found):
    assert found.reference[DARKER] >= 0.95
    assert found.degenerate[DARKER] and found.rarer[DARKER] == 0.0
    assert found.returned[DARKER] == pytest.approx(0.5, abs=0.1)


def test_the_intervals_hold_and_the_mean_is_of_all(found):
    assert found.samples == 640
    assert float(found) == pytest.approx(np.mean(found.returned))
    spread = np.std(found.returned, ddof=1) / np.sqrt(3)
    assert found.standard_error == pytest.approx(spread)
    low, high = found.intervals.T
    assert (low <= found.returned).all() and (found.returned <= high).all()
    assert high[NOTHING] - low[NOTHING] == pytest.approx(0.077, abs=0.003)


def test_wilson_intervals_are_the_roots_of_their_equation():
    shares, samples = np.array([0.0, 0.2, 0.9, 1.0]), 50
    ends = wilson_interval(shares, samples)
    distance = np.abs(ends - shares[:, None])
    errors = 1.96 * np.sqrt(ends * (1 - ends) / samples)
    np.testing.assert_allclose(distance, errors, atol=1e-12)


def small_classifier(shape, seed):
    start = keras.initializers.GlorotUniform(seed)
    return keras.Sequential(
        [keras.Input(shape), keras.layers.Dense(2, kernel_initializer=start)]
    )


def small(generator=lambda z: z, **changed):
    points = np.random.default_rng(0).normal(size=(60, 2))
    given = dict(
        directions=np.eye(2),
        real_images=points,
        steps=4,
        evaluation_batches=3,
        classifier=small_classifier,
    )
    return kl.naturalness(generator, **{**given, **changed})


def test_equal_arguments_give_equal_findings_and_seeds_others():
    one, again, other = (small(seed=seed) for seed in (0, 0, 1))
    for name in ("reference", "real", "returned", "rarer"):
        np.testing.assert_array_equal(getattr(one, name), getattr(again, name))
    assert not np.array_equal(one.returned, other.returned)
    assert np.isnan(small(directions=np.eye(2)[:1]).standard_error)


def test_directions_may_be_an_object_and_conditions_are_drawn():
    seen = []

    def generator(z, label):
        seen.append(label)
        return z + tf.cast(label, "float32")[:, None]

    def labels(rows, seed):
        return {
            "label": tf.random.stateless_uniform([rows], seed, 0, 9, "int32")
        }

    directions = kl.Directions(np.eye(2))
    findings = small(generator, directions=directions, conditioning=labels)
    assert findings.returned.shape == (2,) and seen


def test_images_of_another_range_are_warned_of():
    with pytest.warns(UserWarning, match="`real_images` was declared"):
        small(lambda z: tf.tanh(z), image_range=(-1, 1))


@pytest.mark.parametrize(
    "changed, message",
    [
        (dict(shift=0.0), "`shift`"),
        (dict(steps=0), "`steps`"),
        (dict(batch_size=0), "`batch_size`"),
        (dict(evaluation_batches=0), "`evaluation_batches`"),
        (dict(seed=-1), "`seed`"),
        (dict(directions=np.zeros((1, 2))), "`matrix`"),
        (dict(real_images=np.zeros((9, 3))), r"`real_images`.*\(2,\)"),
        (dict(real_images=np.zeros((1, 2))), "`real_images` must be at least"),
        (dict(real_images=np.full((9, 2), np.nan)), "`real_images`.*finite"),
        (dict(real_images=["a", "b"]), "`real_images`"),
        (dict(classifier=None), "`classifier` must be given"),
        (
            dict(
                classifier=lambda shape, seed: kl.mlp_gan_networks(shape, 2)[1]
            ),
            "`classifier` must give models",
        ),
        (dict(generator=kl.mlp_gan_networks((2,), 3)[0]), "`latent_dim`"),
    ],
)
def test_what_does_not_fit_is_refused(changed, message):
    with pytest.raises(ValueError, match=message):
        small(**changed)


def test_the_classifier_has_the_layers_of_the_authors():
    weights = lenet_classifier((32, 32, 1)).trainable_weights
    count = sum(int(np.prod(w.shape)) for w in weights)
    kernels = 25 * (6 + 6 * 16 + 16 * 120) + 3 * (6 + 16 + 120)
    assert count == kernels + 120 * 84 + 3 * 84 + 84 * 2 + 2
