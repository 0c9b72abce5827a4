"""Modes that planted samples cover."""

import numpy as np
import pytest

import keras_latent as kl

CENTRES = np.array([[0.0, 0], [1, 0], [0, 1], [1, 1]])


def test_a_planted_sample_is_counted():
    offsets = np.array([[0.0, 0.0], [0.199, 0], [0, -0.199], [0.201, 0]])
    samples = np.concatenate(
        [
            np.repeat(CENTRES[:1], 36, axis=0),
            CENTRES[1] + offsets,  # three of four are near
            CENTRES[2] + offsets[3:],  # none is
        ]
    )
    found = kl.mode_coverage(samples, CENTRES, 0.05)
    np.testing.assert_array_equal(found.counts, [36, 3, 0, 0])
    assert found.covered == 2
    assert found.high_quality == 39 / 41
    # A fair share is 10.25; 3 are enough for .1 and not for .3.
    assert kl.mode_coverage(samples, CENTRES, 0.05, fair_share=0.3).covered == 1
    wider = kl.mode_coverage(samples, CENTRES, 0.05, radius=5)
    np.testing.assert_array_equal(wider.counts, [36, 4, 1, 0])


def test_the_mixture_itself_covers_all():
    random = np.random.default_rng(0)
    samples = CENTRES[random.integers(0, 4, 4000)]
    found = kl.mode_coverage(
        samples + 0.05 * random.normal(size=samples.shape), CENTRES, 0.05
    )
    assert found.covered == 4
    # exp(-8) of a Gaussian in the plane is beyond four deviations.
    assert found.high_quality > 0.998


def test_a_share_of_less_than_one_sample_needs_one():
    found = kl.mode_coverage(CENTRES[:2], CENTRES, 0.1)
    assert found.covered == 2
    assert found.high_quality == 1.0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"samples": np.zeros((0, 2))}, "`samples` must be finite points"),
        ({"samples": np.full((3, 2), np.nan)}, "6 numbers not finite"),
        ({"samples": np.zeros((3, 3))}, "as many coordinates"),
        ({"centres": np.zeros(2)}, "`centres` must be finite points"),
        ({"standard_deviation": 0}, "`standard_deviation`"),
        ({"radius": -1}, "`radius`"),
        ({"fair_share": 1.5}, "`fair_share`"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(samples=CENTRES, centres=CENTRES, standard_deviation=0.1)
    with pytest.raises(ValueError, match=message):
        kl.mode_coverage(**{**good, **change})
