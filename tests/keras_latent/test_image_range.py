"""Images in another range than declared are told."""

import warnings

import numpy as np
import pytest

import keras_latent as kl


def images(low, high):
    return np.linspace(low, high, 60).reshape(20, 3)


@pytest.mark.parametrize(
    "low, high, declared, told",
    [
        (0, 255, (0, 1), True),
        (0, 255, (-1, 1), True),
        (0, 1, (0, 255), True),
        (0, 1, (-1, 1), True),  # half of the range is unused
        (-1, 1, (0, 1), True),
        (-1, 1, (-1, 1), False),
        (-0.9, 0.8, (-1, 1), False),
        (-0.1, 0.1, (-1, 1), False),  # dull, as of a new generator
        (-1.005, 1, (-1, 1), False),  # resizing overshoots
        (0, 255, (0, 255), False),
        (0, 255, None, False),
    ],
)
def test_a_warning_tells_the_measured_range(low, high, declared, told):
    def measure():
        kl.feature_statistics(images(low, high), image_range=declared)

    if not told:
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            measure()
        return
    with pytest.warns(UserWarning, match=f"are from {low:g} to {high:g}"):
        measure()


@pytest.mark.parametrize(
    "measure",
    [
        lambda x, r: kl.frechet_distance(x, x, image_range=r),
        lambda x, r: kl.kernel_distance(x, x, subset_size=None, image_range=r),
        lambda x, r: kl.inception_score(
            x, from_logits=True, splits=1, image_range=r
        ),
        lambda x, r: kl.path_length(lambda z: 3 * z, 3, image_range=r),
    ],
    ids=["frechet", "kernel", "inception", "path"],
)
def test_every_metric_takes_the_range(measure):
    with pytest.warns(UserWarning, match="image_range"):
        measure(images(0, 9), (0, 1))


def test_the_range_of_an_extractor_is_the_default():
    features = kl.FeatureExtractor(np.array, "copy", "a copy", (0, 1))
    with pytest.warns(UserWarning, match="`generated` was declared"):
        kl.frechet_distance(images(0, 1), images(-1, 1), features)


@pytest.mark.parametrize(
    "declared", [(1, 0), (0, 0), (0,), 3, "01", (0, np.inf), (0, np.nan)]
)
def test_a_range_that_is_none_is_refused(declared):
    with pytest.raises(ValueError, match="`image_range` must be"):
        kl.feature_statistics(images(0, 1), image_range=declared)
