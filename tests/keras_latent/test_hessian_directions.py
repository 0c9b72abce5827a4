"""Directions that act apart are found where they are planted."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl
from keras_latent.orthonormal_rows import orthonormal_rows

RANDOM = np.random.default_rng(0)
SIZE = 6
AXES = np.linalg.qr(RANDOM.normal(size=(SIZE, SIZE)))[0].astype("float32")
MIX = RANDOM.normal(size=(2, SIZE, 32)).astype("float32")


@keras.saving.register_keras_serializable(package="test_hessian_directions")
def planted(z, scale=1.0):
    """Curved along each row of `AXES`, and the sum of what these do."""
    along = scale * (z @ AXES.T)
    return tf.sin(along) @ MIX[0] + along**2 / 4 @ MIX[1]


def gram_schmidt(matrix):
    rows = []
    for row in np.asarray(matrix, "float64"):
        for before in rows:
            row = row - (row @ before) * before
        rows.append(row / np.linalg.norm(row))
    return np.stack(rows)


@pytest.mark.parametrize("shape", [(6, 6), (4, 9), (1, 3)])
def test_rows_are_those_of_gram_schmidt(shape):
    matrix = RANDOM.normal(size=shape).astype("float32")
    found = orthonormal_rows(matrix).numpy()
    np.testing.assert_allclose(found, gram_schmidt(matrix), atol=1e-5)
    np.testing.assert_allclose(found @ found.T, np.eye(len(found)), atol=1e-5)


def test_gradients_pass_through_the_rows():
    matrix = tf.constant(RANDOM.normal(size=(3, 5)))
    weights = RANDOM.normal(size=(3, 5))
    with tf.GradientTape() as tape:
        tape.watch(matrix)
        value = tf.reduce_sum(weights * orthonormal_rows(matrix))
    slope = tape.gradient(value, matrix).numpy()
    for place in np.ndindex(3, 5):
        step = np.zeros((3, 5))
        step[place] = 1e-6
        values = [
            np.sum(weights * gram_schmidt(matrix + sign * step))
            for sign in (1, -1)
        ]
        expected = (values[0] - values[1]) / 2e-6
        np.testing.assert_allclose(slope[place], expected, atol=1e-6)


@pytest.mark.parametrize("reduction", ["max", "mean"])
@pytest.mark.parametrize("start", ["random", "coordinates"])
def test_all_planted_axes_are_recovered(reduction, start):
    learned = kl.HessianDirections(
        planted, SIZE, latent_dim=SIZE, reduction=reduction, start=start, seed=1
    )
    learned.compile()
    before = learned.directions().matrix
    assert np.abs(before @ AXES.T).max(axis=1).min() < 0.9
    learned.fit(600, batch_size=64, verbose=0)
    matrix = learned.directions().matrix
    cosines = np.abs(matrix @ AXES.T)
    assert cosines.max(axis=0).min() >= 0.99  # each axis
    assert cosines.max(axis=1).min() >= 0.99  # each direction
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(SIZE), atol=1e-5)
    w = RANDOM.normal(size=(64, SIZE)).astype("float32")
    energies = [
        kl.hessian_scores(
            lambda w, rows=rows: planted(w @ rows), w
        ).off_diagonal_energy
        for rows in (before, matrix)
    ]
    assert energies[1] < energies[0] / 100


def network():
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(8, "tanh"),
            layers.BatchNormalization(),
            layers.Dense(3),
        ]
    )


def test_the_generator_stays_as_it_is():
    generator = network()
    before = generator.get_weights()
    learned = kl.HessianDirections(generator, 3)
    learned.compile(run_eagerly=True)
    learned.fit(3, batch_size=8, verbose=0)
    for old, new in zip(before, generator.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)
    assert [v.path for v in learned.trainable_variables] == [
        learned.parameter.path
    ]
    assert all(layer.trainable for layer in generator.layers)


def test_a_slice_leaves_the_other_numbers_alone():
    learned = kl.HessianDirections(network(), 2, latent_slice=(1, 3))
    learned.compile(run_eagerly=True)
    learned.fit(3, batch_size=8, verbose=0)
    matrix = learned.directions().matrix
    assert matrix.shape == (2, 4)
    assert not matrix[:, [0, 3]].any()
    np.testing.assert_allclose(matrix @ matrix.T, np.eye(2), atol=1e-5)


@pytest.mark.parametrize("kind", ["model", "function"])
def test_a_saved_training_goes_on_as_if_it_had_not_stopped(kind, tmp_path):
    generator = network() if kind == "model" else planted
    latent_dim = 4 if kind == "model" else SIZE

    def start():
        learned = kl.HessianDirections(generator, 3, latent_dim)
        learned.compile(run_eagerly=True)
        return learned

    whole, first = start(), start()
    fit = dict(steps_per_epoch=4, batch_size=8, verbose=0)
    losses = whole.fit(epochs=2, **fit).history["loss"]
    again = first.fit(**fit).history["loss"]
    first.save(tmp_path / "directions.keras")
    resumed = keras.models.load_model(tmp_path / "directions.keras")
    again += resumed.fit(**fit).history["loss"]
    np.testing.assert_allclose(losses, again, rtol=1e-5)
    np.testing.assert_allclose(
        whole.directions().matrix, resumed.directions().matrix, atol=1e-6
    )


def test_equal_seeds_learn_equal_directions():
    found = []
    for seed in (0, 0, 1):
        learned = kl.HessianDirections(planted, 3, SIZE, seed=seed)
        learned.compile(run_eagerly=True)
        learned.fit(2, batch_size=8, verbose=0)
        found.append(learned.directions().matrix)
    np.testing.assert_array_equal(found[0], found[1])
    assert np.abs(found[0] - found[2]).max() > 0.01


def test_conditioning_is_drawn_for_each_batch():
    drawn = []

    def scales(rows, seed):
        drawn.append(rows)
        scale = tf.random.stateless_uniform([rows, 1], seed)
        return {"scale": scale}

    learned = kl.HessianDirections(
        planted, 2, latent_dim=SIZE, conditioning=scales
    )
    learned.compile(run_eagerly=True)
    learned.fit(3, batch_size=8, verbose=0)
    assert drawn == [8, 8, 8]


def test_free_directions_shrink_and_orthonormal_ones_cannot():
    lengths = []
    for orthonormal in (False, True):
        learned = kl.HessianDirections(
            planted, 4, latent_dim=SIZE, orthonormal=orthonormal
        )
        learned.compile(keras.optimizers.SGD(1e-3), run_eagerly=True)
        before = np.linalg.norm(learned.directions().matrix)
        learned.fit(20, batch_size=16, verbose=0)
        lengths.append(np.linalg.norm(learned.directions().matrix) / before)
    assert lengths[0] < 0.9
    np.testing.assert_allclose(lengths[1], 1.0, rtol=1e-5)


@pytest.mark.parametrize(
    "wanted, change",
    [
        ("`num_directions` must be at most", dict(num_directions=5)),
        ("`num_directions`", dict(num_directions=1)),
        ("`num_directions`", dict(num_directions=3, latent_slice=(0, 2))),
        ("`latent_slice`", dict(latent_slice=(2, 2))),
        ("`latent_slice`", dict(latent_slice=(0, 5))),
        ("`latent_slice`", dict(latent_slice=(-2, 4))),
        ("`latent_slice`", dict(latent_slice=3)),
        ("`latent_dim`", dict(latent_dim=5)),
        ("`latent_dim`", dict(generator=planted)),
        ("`start`", dict(start="zeros")),
        ("`reduction`", dict(reduction=None)),
        ("`shift_scale`", dict(shift_scale=-1.0)),
        ("`epsilon`", dict(epsilon=0)),
        ("`num_vectors`", dict(num_vectors=1)),
        ("`seed`", dict(seed=0.5)),
        ("`latent_distribution`", dict(latent_distribution="cauchy")),
    ],
)
def test_bad_input_is_told(wanted, change):
    given = dict(generator=network(), num_directions=2) | change
    with pytest.raises(ValueError, match=f"(?s){wanted}.*Received"):
        kl.HessianDirections(**given)


@pytest.mark.parametrize(
    "change", [dict(x=np.ones((2, 4))), dict(steps_per_epoch=0)]
)
def test_fit_takes_no_data_and_counts_from_1(change):
    learned = kl.HessianDirections(network(), 2)
    learned.compile()
    with pytest.raises(ValueError, match=f"{next(iter(change))}"):
        learned.fit(**change)


def test_a_function_without_a_name_for_files_is_told():
    learned = kl.HessianDirections(lambda z: z, 2, latent_dim=2)
    with pytest.raises(ValueError, match="`generator`.*registered"):
        learned.get_config()
