"""The Frechet distance against closed forms, and what it refuses."""

import numpy as np
import pytest
import tensorflow as tf
from scipy import linalg

import keras_latent as kl

RANDOM = np.random.default_rng(0)


def gaussian(size, seed, spread=1.0):
    """A mean and a covariance whose standard deviations differ widely."""
    random = np.random.default_rng(seed)
    axes = linalg.qr(random.normal(size=(size, size)))[0]
    variances = np.exp(spread * random.normal(size=size))
    return random.normal(size=size), (axes * variances) @ axes.T


def test_it_is_the_closed_form_of_gaussians_with_the_same_axes():
    mean, covariance = gaussian(20, 1)
    values, axes = linalg.eigh(covariance)
    others = values * RANDOM.uniform(0.2, 5, 20)
    shift = RANDOM.normal(size=20)
    found = kl.gaussian_frechet_distance(
        mean, covariance, mean + shift, (axes * others) @ axes.T
    )
    deviations = np.sqrt(values) - np.sqrt(others)
    expected = np.square(shift).sum() + np.square(deviations).sum()
    np.testing.assert_allclose(found, expected, rtol=1e-9)


@pytest.mark.parametrize("size, seed", [(1, 0), (5, 1), (40, 2)])
def test_it_is_what_the_square_root_of_the_product_gives(size, seed):
    first, second = gaussian(size, seed), gaussian(size, seed + 100)
    root = linalg.sqrtm(first[1] @ second[1]).real
    expected = np.square(first[0] - second[0]).sum()
    expected += np.trace(first[1] + second[1] - 2 * root)
    found = kl.gaussian_frechet_distance(*first, *second)
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_two_near_gaussians_of_a_wide_spectrum_lose_no_digits():
    # Roots of eigenvalues of the product would keep three of them.
    size = 60
    axes = linalg.qr(RANDOM.normal(size=(size, size)))[0]
    values = 10.0 ** -np.linspace(0, 12, size)
    others = values * 1.002**2
    found = kl.gaussian_frechet_distance(
        np.zeros(size),
        (axes * values) @ axes.T,
        np.zeros(size),
        (axes * others) @ axes.T,
    )
    expected = 0.002**2 * values.sum()
    np.testing.assert_allclose(found, expected, rtol=1e-6)


def test_singular_covariances_work():
    size = 30
    axes = linalg.qr(RANDOM.normal(size=(size, size)))[0]
    values, others = np.zeros(size), np.zeros(size)
    values[:3], others[1:4] = [4, 1, 9], [9, 9, 4]
    found = kl.gaussian_frechet_distance(
        np.zeros(size),
        (axes * values) @ axes.T,
        np.zeros(size),
        (axes * others) @ axes.T,
    )
    # 2^2 + (1 - 3)^2 + (3 - 3)^2 + 2^2
    np.testing.assert_allclose(found, 12.0, rtol=1e-6)
    zeros = np.zeros((size, size))
    assert kl.gaussian_frechet_distance(axes[0], zeros, -axes[0], zeros) == (
        pytest.approx(4.0, rel=1e-12)
    )


def test_of_samples_it_is_that_of_their_mean_and_covariance():
    real = RANDOM.normal(size=(300, 6)) @ RANDOM.normal(size=(6, 6))
    generated = RANDOM.normal(size=(200, 6)) + 1
    found = kl.frechet_distance(real, generated)
    expected = kl.gaussian_frechet_distance(
        real.mean(0),
        np.cov(real.T),
        generated.mean(0),
        np.cov(generated.T),
    )
    np.testing.assert_allclose(float(found), expected, rtol=1e-10)
    assert (found.real_examples, found.generated_examples) == (300, 200)
    assert found.features == "as given"
    assert kl.frechet_distance(real, real).distance < 1e-9


def test_images_come_as_arrays_datasets_or_batches():
    images = RANDOM.uniform(size=(50, 4, 4, 3)).astype("float32")

    def mean_colour(batch):
        return tf.reduce_mean(batch, axis=(1, 2))

    whole = kl.frechet_distance(images, images[:20] / 2, mean_colour)
    dataset = tf.data.Dataset.from_tensor_slices(images).batch(7)
    parts = (images[i : i + 3] / 2 for i in (0, 3, 6, 9, 12, 15))
    last = [images[18:20] / 2]
    batches = kl.frechet_distance(dataset, [*parts, *last], mean_colour)
    np.testing.assert_allclose(float(batches), float(whole), rtol=1e-8)
    assert whole.features == batches.features == "mean_colour"


def test_the_real_side_can_be_gathered_once():
    real, generated = RANDOM.normal(size=(2, 40, 3))
    statistics = kl.feature_statistics(real)
    once = kl.frechet_distance(statistics, generated)
    assert once == kl.frechet_distance(real, generated)
    assert statistics.count == 40


@pytest.mark.parametrize("side", ["real", "generated"])
def test_too_few_examples_are_refused_with_the_numbers(side):
    data = dict(real=RANDOM.normal(size=(9, 5)), generated=np.eye(9, 5))
    data[side] = data[side][:5]
    with pytest.raises(ValueError, match=f"`{side}` .* 6 .*Received: 5"):
        kl.frechet_distance(**data)
    data[side] = np.eye(6, 5)
    assert kl.frechet_distance(**data).distance > 0


@pytest.mark.parametrize(
    "change, message",
    [
        ({"real": np.zeros((9, 4, 4, 3))}, "`real` must hold features of"),
        ({"real": np.zeros((9, 3))}, "as many dimensions"),
        ({"real": np.zeros((0, 2))}, "`real` must hold at least one example"),
        ({"real": 5}, "`real` must be an array"),
        ({"real": np.full((9, 2), np.nan)}, "`real` must hold finite"),
        ({"generated": (np.eye(2),)}, "at least 3 examples .*Received: 2"),
        ({"generated": [(np.eye(2), 1)]}, "`generated` must give batches of"),
        ({"generated": [np.eye(2), np.eye(3)]}, "as many features in each"),
        ({"features": np.sum}, "`features` must give an array"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"image_range": (1, -1)}, "`image_range` must be"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(real=np.eye(9, 2), generated=np.eye(8, 2))
    with pytest.raises(ValueError, match=message):
        kl.frechet_distance(**{**good, **change})


def test_a_dataset_without_end_or_with_labels_is_refused():
    data = tf.data.Dataset.from_tensor_slices(np.eye(4)).batch(2)
    with pytest.raises(ValueError, match="`real` must have an end"):
        kl.frechet_distance(data.repeat(), np.eye(9, 4))
    labelled = tf.data.Dataset.zip(data, data)
    with pytest.raises(ValueError, match="`real` must give batches of exam"):
        kl.frechet_distance(labelled, np.eye(9, 4))


@pytest.mark.parametrize(
    "change, message",
    [
        ({"mean": np.zeros(3)}, r"`mean` must have shape \(d,\)"),
        ({"other_mean": np.zeros(3)}, "`other_mean` must have shape"),
        ({"mean": [0.0, np.nan]}, "finite"),
        ({"covariance": [[1, 1], [0, 1]]}, "`covariance` must be symmetric"),
        ({"other_covariance": -np.eye(2)}, "no negative eigenvalues"),
        ({"mean": np.zeros(3), "covariance": np.eye(3)}, "as many dimensions"),
    ],
)
def test_what_is_no_gaussian_is_refused(change, message):
    good = dict(
        mean=np.zeros(2),
        covariance=np.eye(2),
        other_mean=np.ones(2),
        other_covariance=np.eye(2),
    )
    assert kl.gaussian_frechet_distance(**good) == pytest.approx(2.0)
    with pytest.raises(ValueError, match=message):
        kl.gaussian_frechet_distance(**{**good, **change})
