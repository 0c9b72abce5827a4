"""ProbeMonitor: what it writes into the logs, and when."""

import keras
import numpy as np
import pytest

import keras_latent as kl

X = np.eye(4, dtype="float32")[np.arange(120) % 4]
Y = np.arange(120) % 4


def model():
    keras.utils.set_random_seed(0)
    layers = [keras.Input((4,)), keras.layers.Dense(4, name="code")]
    made = keras.Sequential([*layers, keras.layers.Dense(4)])
    made.compile("sgd", "mse", run_eagerly=True)
    return made


def fit(monitor, trained=None, **options):
    options = {"batch_size": 60, "epochs": 5, "verbose": 0, **options}
    return (trained or model()).fit(X, X, callbacks=[monitor], **options)


def test_every_second_epoch_and_the_last_is_probed_and_the_rest_is_nan():
    trained = model()
    encoder = keras.Model(trained.inputs[0], trained.get_layer("code").output)
    monitor = kl.ProbeMonitor((X, Y), every=2, encoder=encoder)
    history = fit(monitor, trained).history
    probed = np.isfinite(history["probe_accuracy"])
    np.testing.assert_array_equal(probed, [0, 1, 0, 1, 1])
    assert len(history["probe_accuracy_chance"]) == 5
    assert [epoch for epoch, _ in monitor.findings] == [1, 3, 4]


def test_what_is_logged_is_probe_accuracy_with_the_options_given():
    trained = model()
    encoder = keras.Model(trained.inputs[0], trained.get_layer("code").output)
    options = {"held_out": 0.5, "seed": 3}
    monitor = kl.ProbeMonitor((X, Y), encoder=encoder, name="read", **options)
    history = fit(monitor, trained, epochs=1).history
    expected = kl.probe_accuracy(encoder, (X, Y), **options)
    assert history["read"] == [expected.accuracy]
    assert history["read_chance"] == [expected.chance]


def test_training_is_the_same_with_and_without_the_monitor():
    plain = model()
    fit(keras.callbacks.Callback(), plain)
    watched = model()  # which sets the seed of the order of examples again
    encoder = keras.Model(watched.inputs[0], watched.get_layer("code").output)
    fit(kl.ProbeMonitor((X, Y), encoder=encoder), watched)
    for a, b in zip(plain.weights, watched.weights, strict=True):
        np.testing.assert_array_equal(np.array(a), np.array(b))


def test_the_encoder_of_the_model_in_training_is_found():
    trained = model()
    trained.encoder = keras.Model(
        trained.inputs[0], trained.get_layer("code").output
    )
    history = fit(kl.ProbeMonitor((X, Y)), trained, epochs=1).history
    assert history["probe_accuracy"] == [1.0]


def test_a_model_without_encoder_is_refused_before_training():
    trained = model()
    before = [np.array(weight) for weight in trained.weights]
    with pytest.raises(ValueError, match="needs an encoder"):
        fit(kl.ProbeMonitor((X, Y)), trained)
    for old, weight in zip(before, trained.weights, strict=True):
        np.testing.assert_array_equal(old, np.array(weight))


def test_every_must_be_a_count():
    with pytest.raises(ValueError, match="`every`"):
        kl.ProbeMonitor((X, Y), every=0)
