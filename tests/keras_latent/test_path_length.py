"""The path length of linear generators against closed forms."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from scipy import integrate, optimize

import keras_latent as kl

SIZE = 6


def squared_angle(size):
    """Mean squared angle of two random directions, its 1 % tails cut."""

    def density(angle):
        return np.sin(angle) ** (size - 2)

    total = integrate.quad(density, 0, np.pi)[0]

    def below(angle):
        return integrate.quad(density, 0, angle)[0] / total

    low, high = [
        optimize.brentq(lambda x, s=share: below(x) - s, 0, np.pi)
        for share in (0.01, 0.99)
    ]
    mass = integrate.quad(density, low, high)[0]
    return integrate.quad(lambda x: x**2 * density(x), low, high)[0] / mass


@pytest.mark.parametrize("span", ["full", "end"])
def test_of_an_isometry_on_the_sphere_it_is_the_squared_angle(span):
    # G(z) = 3 z on unit latents: |dG/dt| is 3 times the angle between them.
    found = kl.path_length(
        lambda z: 3 * z,
        SIZE,
        samples=20000,
        span=span,
        norms="unit",
        batch_size=5000,
    )
    expected = 9 * squared_angle(SIZE) / SIZE
    assert found.length == pytest.approx(expected, rel=0.01)
    assert found.standard_error < 0.005 * expected
    assert abs(found.length - expected) < 4 * found.standard_error
    assert found.samples == 20000 and 19600 <= found.kept <= 19602


def speeds(pairs, t, matrix):
    """Squared speed of the path through W, by the derivative of slerp."""
    a, b = pairs[:, 0], pairs[:, 1]
    size_a = np.linalg.norm(a, axis=1, keepdims=True)
    size_b = np.linalg.norm(b, axis=1, keepdims=True)
    a, b, t = a / size_a, b / size_b, t[:, None]
    angle = np.arccos(np.sum(a * b, axis=1, keepdims=True))
    u = np.sin((1 - t) * angle) * a + np.sin(t * angle) * b
    du = angle * (np.cos(t * angle) * b - np.cos((1 - t) * angle) * a)
    size = (1 - t) * size_a + t * size_b
    dz = ((size_b - size_a) * u + size * du) / np.sin(angle)
    return np.square(dz @ matrix).mean(axis=1)


def test_of_any_matrix_it_is_the_derivative():
    random = np.random.default_rng(7)
    matrix = random.normal(size=(SIZE, 10)) * np.linspace(0.1, 2, 10)
    found = kl.path_length(
        lambda z: z @ matrix, SIZE, samples=40000, batch_size=5000
    )
    expected = speeds(
        random.normal(size=(400000, 2, SIZE)), random.random(400000), matrix
    )
    low, high = np.percentile(expected, [1, 99])
    expected = expected[(low <= expected) & (expected <= high)].mean()
    assert found.length == pytest.approx(expected, rel=0.01)


def test_batches_and_models_do_not_change_the_paths():
    layer = keras.layers.Dense(4, use_bias=False)
    layer.build((None, SIZE))
    whole = kl.path_length(layer, SIZE, samples=60)
    parts = kl.path_length(layer, SIZE, samples=60, batch_size=7)
    matrix = np.asarray(layer.kernel)
    function = kl.path_length(lambda z: z @ matrix, SIZE, samples=60)
    assert parts.length == pytest.approx(whole.length, rel=1e-4)
    assert function.length == pytest.approx(whole.length, rel=1e-4)
    assert kl.path_length(layer, SIZE, samples=60) == whole
    assert kl.path_length(layer, SIZE, samples=60, seed=1) != whole


def test_the_tails_are_cut():
    # One path in fifty is a million times as fast.
    def generator(z):
        return z

    def distance(first, second):
        speed = np.ones(len(first))
        speed[:1], speed[1:2] = 1e6, 0
        return 1e-8 * speed

    found = kl.path_length(
        generator, SIZE, samples=1000, batch_size=1000, distance=distance
    )
    assert found.length == pytest.approx(1.0)
    assert found.kept == 1000 - 2


def test_features_and_distance_are_used_and_named():
    seen = []

    def half(images):
        return images[:, :2]

    def distance(first, second):
        seen.append((first.shape, second.shape))
        return np.abs(first - second).sum(axis=1) ** 2

    found = kl.path_length(
        lambda z: z, SIZE, samples=50, features=half, distance=distance
    )
    assert seen == [((50, 2), (50, 2))]
    assert found.features == "half" and found.length > 0
    doubled = kl.path_length(
        lambda z: z,
        SIZE,
        samples=50,
        features=lambda x: 2 * half(x),
        distance=distance,
    )
    assert doubled.length == pytest.approx(4 * found.length, rel=1e-4)


def test_conditioning_is_the_same_in_both_calls():
    seen = []
    labels = np.arange(50)

    def generator(z, label, scale):
        seen.append(label.tolist())
        return scale * z + 1000.0 * label[:, None]

    found = kl.path_length(
        generator,
        SIZE,
        samples=50,
        batch_size=20,
        conditioning={"label": labels, "scale": 0.0},
    )
    assert found.length == 0.0
    # The first batch is called twice more, to see that it repeats.
    batches = [list(range(20)), list(range(20, 40)), list(range(40, 50))]
    assert seen == [batches[i] for i in (0, 0, 0, 0, 1, 1, 2, 2)]


def test_a_generator_with_noise_is_refused():
    random = np.random.default_rng(0)
    with pytest.raises(ValueError, match="`generator` must give the same"):
        kl.path_length(lambda z: z + 0.01 * random.normal(size=z.shape), SIZE)


def test_a_model_is_called_as_in_inference():
    model = keras.Sequential(
        [keras.Input((SIZE,)), keras.layers.Dropout(0.5, seed=0)]
    )
    found = kl.path_length(model, SIZE, samples=50)
    same = kl.path_length(lambda z: tf.identity(z), SIZE, samples=50)
    assert found == same


@pytest.mark.parametrize(
    "change, message",
    [
        ({"latent_dim": 1}, "`latent_dim`"),
        ({"samples": 1}, "`samples`"),
        ({"span": "half"}, "`span`"),
        ({"norms": "none"}, "`norms`"),
        ({"epsilon": 0}, "`epsilon`"),
        ({"epsilon": 1}, "`epsilon`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"seed": 0.5}, "`seed`"),
        ({"conditioning": [1]}, "`conditioning` must be a dict"),
        ({"conditioning": {"y": np.ones(3)}}, "'y' of shape .3,"),
        ({"generator": lambda z: z[0]}, "`generator` must give an image"),
        ({"generator": lambda z: z * np.nan}, "'generator' must give finite"),
        ({"distance": lambda a, b: 0.0}, "`distance` must give a finite"),
        ({"distance": lambda a, b: a[:, 0] * 0 - 1}, "`distance` must be at"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(generator=lambda z: z, latent_dim=SIZE, samples=10)
    with pytest.raises(ValueError, match=message):
        kl.path_length(**{**good, **change})
