"""What `DirectionDiscovery` learns, and what it leaves as it is."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_discovery import make_discovery

import keras_latent as kl
from keras_latent.direction_pairs import EVALUATION, draw_pairs

FIT = dict(validation_samples=0, verbose=0)


def numbers(variables):
    return [np.array(variable) for variable in variables]


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_directions_turn_into_the_plane_that_drives_the_points():
    random = np.random.default_rng(0)
    active, _ = np.linalg.qr(random.normal(size=(12, 2)))
    active = tf.constant(active, "float32")
    mixed = tf.constant(random.normal(size=(2, 4)), "float32")
    discovery = make_discovery(
        lambda z: tf.tanh(tf.matmul(tf.matmul(z, active), mixed) / 4),
        numbers=4,
        directions=2,
        latent_dim=12,
        normalization="unit",
        seed=1,
        compiled=False,
    )
    adam = keras.optimizers.Adam
    discovery.compile(adam(0.02), adam(0.01), steps_per_execution=50)

    def energy():
        along = tf.matmul(active, discovery.matrix(), transpose_a=True)
        return float(tf.reduce_sum(along**2)) / 2

    assert energy() < 0.4
    discovery.fit(300, **FIT)
    found = kl.reconstruction_accuracy(discovery, 800, 200)
    assert energy() > 0.8
    assert float(found) > 0.85
    directions = discovery.directions(800, 200)
    np.testing.assert_array_equal(
        directions.matrix, discovery.matrix().numpy().T
    )
    np.testing.assert_array_equal(
        directions.scores["accuracy"], found.accuracies
    )


def test_both_images_of_a_pair_have_the_same_condition():
    seen = []

    def generator(z, label):
        seen.append((z.numpy(), label.numpy()))
        return z + tf.cast(label, "float32")[:, None]

    def labels(rows, seed):
        return {
            "label": tf.random.stateless_uniform([rows], seed, 0, 9, "int32")
        }

    discovery = make_discovery(
        generator, 3, 2, latent_dim=3, conditioning=labels, compiled=False
    )
    discovery.compile(run_eagerly=True)
    del seen[:]
    discovery.fit(2, batch_size=8, validation_samples=16, verbose=0)
    assert [len(z) for z, _ in seen] == [2 * 4] * 8
    pairs = list(zip(seen[::2], seen[1::2], strict=True))
    for (z, label), (moved, again) in pairs:
        np.testing.assert_array_equal(label, again)
        lengths = np.linalg.norm(moved - z, axis=1)
        assert lengths.min() > 0.49 and lengths.max() < 6.01
    drawn = {tuple(label) for (_, label), _ in pairs}
    assert len(drawn) == 4, "each batch has labels of its own"


def test_the_generator_stays_bit_for_bit_and_is_no_part_of_the_trained():
    layers = keras.layers
    generator = keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(3),
            layers.BatchNormalization(),
            layers.Dropout(0.5),
        ]
    )
    before = numbers(generator.variables)
    discovery = make_discovery(generator, 3, 2)
    reconstructor = numbers(discovery.reconstructor.weights)
    matrix = discovery.matrix().numpy()
    discovery.fit(5, **FIT)
    assert_equal(before, numbers(generator.variables))
    assert generator.trainable and generator.layers[0].trainable
    trained = {id(v) for v in discovery.trainable_variables}
    kept = {id(v) for v in discovery.non_trainable_variables}
    assert trained.isdisjoint(kept)
    assert trained.isdisjoint({id(v) for v in generator.variables})
    assert len(trained) + len(kept) == len(discovery.variables)
    assert len(trained) == 1 + len(reconstructor)
    assert np.abs(discovery.matrix() - matrix).max() > 0
    weights = discovery.reconstructor.weights
    for old, new in zip(reconstructor, weights, strict=True):
        assert np.abs(old - np.array(new)).max() > 0


def test_fixed_directions_do_not_move_while_their_reconstructor_learns():
    discovery = make_discovery(
        lambda z: z, 3, 3, latent_dim=3, normalization="fixed"
    )
    before = discovery.matrix().numpy()
    weights = numbers(discovery.reconstructor.weights)
    discovery.fit(5, **FIT)
    np.testing.assert_array_equal(discovery.matrix(), before)
    assert np.abs(weights[0] - discovery.reconstructor.weights[0]).max() > 0
    assert discovery.direction_optimizer is None
    with pytest.raises(ValueError, match="`direction_optimizer`.*None"):
        discovery.compile(keras.optimizers.Adam())


def test_evaluate_gives_the_losses_of_numpy():
    discovery = make_discovery(
        lambda z: z**2,
        3,
        3,
        latent_dim=3,
        label_weight=0.7,
        shift_weight=0.2,
    )
    logs = discovery.evaluate(6, 6, return_dict=True, verbose=0)
    z, _, shifts = (p.numpy() for p in draw_pairs(discovery, 6, EVALUATION, 0))
    chosen = np.arange(6) % 3
    moved = z + shifts[:, None] * discovery.matrix().numpy().T[chosen]
    pairs = np.concatenate([z**2, moved**2], axis=1)
    logits, guesses = (np.array(p) for p in discovery.reconstructor(pairs))
    shares = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    label = -np.log(shares[np.arange(6), chosen]).mean()
    shift = np.abs(guesses[:, 0] - shifts).mean()
    expected = {
        "loss": 0.7 * label + 0.2 * shift,
        "label_loss": label,
        "shift_error": shift,
        "accuracy": np.mean(logits.argmax(axis=1) == chosen),
    }
    assert set(logs) == set(expected)
    for name, value in expected.items():
        assert logs[name] == pytest.approx(value, rel=1e-4)


def test_evaluate_takes_each_direction_equally_often_and_repeats_itself():
    discovery = make_discovery(lambda z: z, 4, 3, latent_dim=4)
    first = discovery.evaluate(90, 40, verbose=0)
    _, seen = discovery.counts()
    np.testing.assert_array_equal(seen, [30, 30, 30])
    assert discovery.evaluate(90, 40, verbose=0) == first
    found = kl.reconstruction_accuracy(discovery, 90, 40)
    assert found.chance == pytest.approx(1 / 3) and found.samples == 90
    assert float(found) == pytest.approx(first[-1], abs=1e-6)
    share = float(found)
    assert found.standard_error == pytest.approx(
        np.sqrt(share * (1 - share) / 90)
    )


def test_fit_stops_early_by_the_accuracy_of_each_epoch():
    discovery = make_discovery(
        lambda z: z, 2, 2, latent_dim=2, normalization="fixed", compiled=False
    )
    discovery.compile(reconstructor_optimizer=keras.optimizers.SGD(0.0))
    stop = keras.callbacks.EarlyStopping("val_accuracy", mode="max", patience=2)
    history = discovery.fit(
        2, 9, validation_samples=64, callbacks=[stop], verbose=0
    ).history
    assert len(history["val_accuracy"]) == 3
    assert set(history) == {
        prefix + name
        for prefix in ("", "val_")
        for name in ("loss", "label_loss", "shift_error", "accuracy")
    }


def test_a_linear_matrix_has_a_bias_that_moves_only_the_second_image():
    discovery = make_discovery(
        lambda z: z, 2, 3, latent_dim=2, normalization="linear"
    )
    discovery.bias.assign([5.0, -5.0])
    z = np.ones((3, 2), "float32")
    pairs = discovery.pair_images(z, np.arange(3), np.zeros(3, "float32"), {})
    np.testing.assert_array_equal(pairs, [[1.0, 1.0, 6.0, -4.0]] * 3)
    assert len(discovery.direction_variables) == 2


def test_half_precision_trains_with_a_scaled_loss():
    policy = keras.config.dtype_policy()
    keras.config.set_dtype_policy("mixed_float16")
    try:
        generator = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
        discovery = make_discovery(generator, 3, 2)
    finally:
        keras.config.set_dtype_policy(policy)
    scaled = keras.optimizers.LossScaleOptimizer
    assert isinstance(discovery.reconstructor_optimizer, scaled)
    assert isinstance(discovery.direction_optimizer, scaled)
    assert discovery.parameter.dtype == "float32"
    before = numbers(discovery.trainable_variables)
    logs = discovery.fit(3, **FIT).history
    assert np.isfinite(logs["loss"]).all()
    for old, new in zip(before, discovery.trainable_variables, strict=True):
        assert np.abs(old - np.array(new)).max() > 0
