"""GANSpace: principal components of a layer, brought back to the latents."""

import keras
import numpy as np
import pytest

import keras_latent as kl

DIM = 5
SINGULAR = np.array([4.0, 2.5, 1.6, 1.0, 0.5])


def orthogonal(rows, columns, seed):
    draw = np.random.default_rng(seed).normal(size=(rows, columns))
    return np.linalg.qr(draw)[0]


@pytest.fixture(scope="module")
def planted():
    """A model whose layer "first" is linear, and its singular vectors."""
    left, right = orthogonal(DIM, DIM, 0), orthogonal(12, DIM, 1)
    first = keras.layers.Dense(12, name="first")
    model = keras.Sequential(
        [keras.Input((DIM,)), first, keras.layers.Reshape((2, 2, 3))]
    )
    first.set_weights([(left * SINGULAR) @ right.T, np.full(12, 3.0)])
    return model, left.T


def test_planted_axes_are_recovered_by_falling_variance(planted):
    model, axes = planted
    found = kl.ganspace(model, "first", 4, samples=20000)
    np.testing.assert_allclose(
        np.abs((found.matrix * axes[:4]).sum(1)), 1, atol=2e-3
    )
    shares = SINGULAR**2 / (SINGULAR**2).sum()
    ratios = found.scores["explained_variance_ratio"]
    np.testing.assert_allclose(ratios, shares[:4], atol=0.01)
    np.testing.assert_allclose(np.linalg.norm(found.matrix, axis=1), 1, 1e-5)
    largest = np.abs(found.matrix).argmax(axis=1)
    assert (found.matrix[np.arange(4), largest] > 0).all()


def test_chunks_give_what_one_decomposition_gives(planted, monkeypatch):
    """The reference has all activations at once, as the authors' `pca`."""
    import importlib

    from sklearn.decomposition import PCA

    module = importlib.import_module(kl.ganspace.__module__)
    monkeypatch.setattr(module, "CHUNK", 300)
    model, _ = planted
    bent = keras.Sequential(
        [keras.Input((DIM,)), *model.layers, keras.layers.ReLU(name="bent")]
    )
    found = kl.ganspace(bent, "bent", 3, samples=3000)
    z = np.random.default_rng(0).normal(size=(40000, DIM)).astype("float32")
    rows = np.asarray(bent(z)).reshape(len(z), -1)
    pca = PCA(3).fit(rows)
    a = pca.transform(rows) / np.sqrt(pca.explained_variance_)
    expected = np.linalg.lstsq(a, z, rcond=None)[0]
    expected /= np.linalg.norm(expected, axis=1, keepdims=True)
    cosines = np.abs((found.matrix * expected).sum(1))
    np.testing.assert_allclose(cosines, 1, atol=0.02)
    np.testing.assert_allclose(
        found.scores["explained_variance_ratio"],
        pca.explained_variance_ratio_,
        atol=0.03,
    )


def test_seeds_decide_and_batches_do_not(planted):
    model, _ = planted
    layer = model.get_layer("first")
    options = dict(layer=layer, num_directions=2, samples=500)
    first, again = (kl.ganspace(model, **options) for _ in range(2))
    np.testing.assert_array_equal(first.matrix, again.matrix)
    whole = kl.ganspace(model, batch_size=500, **options)
    np.testing.assert_allclose(first.matrix, whole.matrix, atol=1e-4)
    other = kl.ganspace(model, seed=1, **options)
    assert np.abs(first.matrix - other.matrix).max() > 1e-4


def test_the_generator_is_left_as_it_was(planted):
    dense = keras.layers.Dense(4, name="first")
    model = keras.Sequential(
        [keras.Input((DIM,)), dense, keras.layers.BatchNormalization()]
    )
    before = model.get_weights()
    kl.ganspace(model, model.layers[-1].name, 2, samples=64)
    for one, two in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def dead(layer, kernel):
    """A model whose first layer has the given kernel."""
    model = keras.Sequential([keras.Input((DIM,)), layer])
    layer.kernel.assign(kernel)
    return model


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(layer="absent"), r"`layers`.*\['first', .*'absent'"),
        (dict(layer=0), "`layer`.*layer=0"),
        (dict(num_directions=6), "`num_directions`.*at most 5"),
        (dict(num_directions=0), "`num_directions`"),
        (dict(samples=5), "`samples`.*at least 6"),
        (dict(batch_size=0), "`batch_size`"),
        (dict(seed=-1), "`seed`"),
        (dict(generator=lambda z: z), "function"),
    ],
    ids=range(8),
)
def test_bad_input_is_named(planted, options, words):
    given = dict(generator=planted[0], layer="first", num_directions=3)
    with pytest.raises(ValueError, match=words):
        kl.ganspace(**{**given, **options})


def test_activations_that_stay_or_explode_are_named():
    dense = keras.layers.Dense(4, name="first")
    kernel = np.outer(np.arange(1, 6), np.ones(4))  # of rank 1
    with pytest.raises(ValueError, match="`num_directions`.*at most 1"):
        kl.ganspace(dead(dense, kernel), "first", 2, samples=100)
    with pytest.raises(ValueError, match="`num_directions`.*at most 0"):
        kl.ganspace(dead(dense, 0 * kernel), "first", 2, samples=100)
    with pytest.raises(ValueError, match="`layer`.*finite"):
        kl.ganspace(dead(dense, np.nan * kernel), "first", 2, samples=100)
