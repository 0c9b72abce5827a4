"""InfoGAN: its bound, its codes, and what it finds in planted data."""

import keras
import numpy as np
import pytest
from info_gan_parts import make
from scipy.optimize import linear_sum_assignment
from scipy.stats import norm

import keras_latent as kl
from keras_latent.info_gan_codes import draw_latent, set_codes
from keras_latent.info_gan_losses import (
    code_entropy,
    code_scores,
    information_losses,
)

RANDOM = np.random.default_rng(0)
PLACES = np.array([[-1, -1], [-1, 1], [1, -1], [1, 1]], "float32")
CLUSTERS = RANDOM.integers(0, 4, 2000)
POINTS = PLACES[CLUSTERS] + 0.1 * RANDOM.normal(size=(2000, 2))
POINTS = POINTS.astype("float32")


@pytest.mark.parametrize("learned", [False, True])
def test_the_bound_is_that_of_numpy(learned):
    rows, categorical, continuous = 6, [3, 2], 2
    classes = [RANDOM.integers(0, size, rows) for size in categorical]
    ones = [np.eye(s)[c] for s, c in zip(categorical, classes, strict=True)]
    numbers = RANDOM.uniform(-1, 1, (rows, continuous))
    codes = np.concatenate([*ones, numbers], axis=1)
    logits = RANDOM.normal(size=(rows, 5))
    means = RANDOM.normal(size=(rows, continuous))
    spread = RANDOM.normal(size=(rows, continuous)) if learned else 0.0
    readings = [logits, means] + ([spread] if learned else [])
    found = information_losses(
        codes,
        np.concatenate(readings, axis=1),
        categorical,
        continuous,
        learned,
    )
    expected, start = [], 0
    for size, drawn in zip(categorical, classes, strict=True):
        odds = np.exp(logits[:, start : start + size])
        shares = odds / odds.sum(axis=1, keepdims=True)
        expected.append(-np.log(shares[np.arange(rows), drawn]))
        start += size
    density = norm.logpdf(numbers, means, np.exp(np.asarray(spread) / 2))
    expected = np.column_stack([*expected, -density])
    np.testing.assert_allclose(found, expected, rtol=1e-4, atol=1e-5)
    entropy = code_entropy(categorical, continuous)
    assert entropy == pytest.approx(np.log(3 * 2 * 2 * 2))


def test_a_perfect_reading_has_a_finite_loss():
    losses = information_losses([[0.5]], [[0.5, -1e4]], [], 1, True)
    assert float(losses[0, 0]) == pytest.approx(
        0.5 * (np.log(2 * np.pi) - 8.0), rel=1e-5
    )


def test_scores_count_hits_and_square_errors():
    codes = [[1, 0, 0, 0, 1, 0.5], [0, 1, 0, 1, 0, -1.0]]
    readings = [[5, 1, 1, 0, 1, 0.0], [5, 1, 1, 2, 1, 1.0]]
    found = code_scores(codes, readings, [3, 2], 1)
    expected = dict(code_0_accuracy=[1, 0], code_1_accuracy=[1, 1])
    expected["code_2_error"] = [0.25, 4.0]
    assert {k: v.numpy().tolist() for k, v in found.items()} == expected


def test_latent_points_are_noise_and_codes_drawn_evenly():
    rows = 6000
    latent = draw_latent(rows, 9, [3, 2], 2, (1,), 4, "normal").numpy()
    assert latent.shape == (rows, 9)
    noise, first, second = latent[:, :2], latent[:, 2:5], latent[:, 5:7]
    np.testing.assert_allclose(noise.mean(0), 0, atol=0.06)
    np.testing.assert_allclose(noise.std(0), 1, atol=0.05)
    for codes in (first, second):
        assert set(np.unique(codes)) == {0.0, 1.0}
        np.testing.assert_array_equal(codes.sum(axis=1), 1)
        even = 1 / codes.shape[1]
        np.testing.assert_allclose(codes.mean(0), even, atol=0.03)
    numbers = latent[:, 7:]
    assert -1 <= numbers.min() < -0.99 and 0.99 < numbers.max() < 1
    np.testing.assert_allclose(numbers.mean(0), 0, atol=0.04)
    related = np.corrcoef(latent[:, [0, 1, 2, 5, 7, 8]].T) - np.eye(6)
    assert np.abs(related).max() < 0.06
    again = draw_latent(rows, 9, [3, 2], 2, (1,), 5, "normal").numpy()
    assert np.abs(again - latent).max() > 1


def test_codes_are_set_and_the_rest_stays():
    latent = RANDOM.normal(size=(3, 8)).astype("float32")
    found = set_codes(latent, [None, [1, 0, 1], 0.25], [3, 2], 1)
    expected = latent.copy()
    expected[:, 5:7] = [[0, 1], [1, 0], [0, 1]]
    expected[:, 7] = 0.25
    np.testing.assert_array_equal(found, expected)


def agreement(gan):
    """Share of points whose code tells their cluster, at best."""
    counts = np.zeros((4, 4))
    np.add.at(counts, (CLUSTERS, gan.read(POINTS)[0]), 1)
    rows, columns = linear_sum_assignment(-counts)
    return counts[rows, columns].sum() / len(POINTS)


# Where nothing is shared, one of the clusters is found late.
@pytest.mark.parametrize(
    "shared, epochs",
    [pytest.param(False, 40, marks=pytest.mark.slow), (True, 8)],
)
def test_a_code_finds_planted_clusters(shared, epochs):
    gan = make(shared)
    gan.compile(jit_compile=False, steps_per_execution=16)
    assert agreement(gan) < 0.8
    options = dict(batch_size=64, shuffle=False, verbose=0)
    logs = gan.fit(POINTS, epochs=epochs, **options).history
    assert agreement(gan) >= 0.9
    assert logs["code_0_accuracy"][0] < logs["code_0_accuracy"][-1]
    assert logs["code_0_accuracy"][-1] > 0.9
    bound = code_entropy([4], 0) - logs["information_loss"][-1]
    assert bound > 0.9 * np.log(4)
    drawn = gan.traverse(0, count=50)
    assert drawn.shape == (50, 4, 2)
    distances = np.linalg.norm(drawn[:, :, None] - PLACES, axis=-1)
    nearest = distances.argmin(axis=-1)
    usual = [np.bincount(column).argmax() for column in nearest.T]
    assert sorted(usual) == [0, 1, 2, 3]
    judged = gan.evaluate(POINTS, batch_size=500, verbose=0, return_dict=True)
    assert set(judged) == set(logs)
    assert judged["code_0_accuracy"] > 0.9


def test_without_weight_the_code_says_nothing():
    gan = make(information_weight=0.0)
    gan.compile(run_eagerly=True)
    start = [np.array(v) for v in gan.recognizer.variables]
    gan.fit(POINTS[:128], batch_size=64, verbose=0)
    for before, variable in zip(start, gan.recognizer.variables, strict=True):
        np.testing.assert_array_equal(np.array(variable), before)


def test_samples_and_traversals_hold_all_but_their_code():
    gan = make(categorical=[4, 2], continuous=1)
    free = gan.sample(3, seed=1)
    np.testing.assert_array_equal(gan.sample(3, seed=1), free)
    given = gan.sample(3, seed=1, codes=[2, [0, 1, 1], None])
    assert np.abs(given - free).max() > 1e-3
    np.testing.assert_array_equal(gan.sample(3, 1, codes=[None] * 3), free)
    drawn = gan.traverse(2, values=[-1.0, 0.5], count=3, seed=1)
    expected = gan.sample(3, seed=1, codes=[None, None, 0.5])
    np.testing.assert_allclose(drawn[:, 1], expected, atol=1e-6)
    assert gan.traverse(1, count=2).shape == (2, 2, 2)
    assert gan.traverse(2, count=2).shape == (2, 10, 2)
    classes, halves, numbers = gan.read(POINTS[:5])
    assert classes.dtype == halves.dtype == "int64"
    assert numbers.dtype == "float32" and numbers.shape == (5,)


def test_it_takes_generators_of_images():
    generator, discriminator = kl.dcgan(16, 1, 6)
    recognizer = keras.Sequential(
        [
            keras.Input((16, 16, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(4),
        ]
    )
    parts = generator, discriminator, recognizer
    gan = kl.InfoGAN(*parts, categorical=[3], continuous=1)
    gan.compile(run_eagerly=True)
    images = RANDOM.uniform(-1, 1, (8, 16, 16, 1)).astype("float32")
    logs = gan.fit(images, batch_size=4, verbose=0).history
    assert np.isfinite(list(logs.values())).all()
    assert gan.traverse(0, count=2).shape == (2, 3, 16, 16, 1)
