"""A discovery that is saved and loaded goes on as if it had not stopped."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from small_discovery import make_discovery

FIT = dict(steps_per_epoch=2, batch_size=8, validation_samples=8, verbose=0)


@keras.saving.register_keras_serializable(package="test_discovery")
def doubled(z, label):
    return 2.0 * z + tf.cast(label, "float32")[:, None]


@keras.saving.register_keras_serializable(package="test_discovery")
def labels(rows, seed):
    return {"label": tf.random.stateless_uniform([rows], seed, 0, 5, "int32")}


def make(of_function, **options):
    keras.utils.set_random_seed(0)
    given = dict(latent_dim=3, conditioning=labels) if of_function else {}
    layers = [
        keras.Input((3,)),
        keras.layers.Dense(3),
        keras.layers.BatchNormalization(),
    ]
    generator = doubled if of_function else keras.Sequential(layers)
    discovery = make_discovery(
        generator, 3, 2, seed=7, compiled=False, **given, **options
    )
    sgd = keras.optimizers.SGD(0.1, momentum=0.9)
    discovery.compile(
        sgd if discovery.learned else None,
        keras.optimizers.Adam(0.01),
        run_eagerly=True,
    )
    return discovery


def values(discovery):
    return [np.array(variable) for variable in discovery.variables]


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


@pytest.mark.parametrize(
    "of_function, normalization",
    [(False, "orthonormal"), (True, "linear"), (False, "fixed")],
)
def test_fit_continues_from_the_file(of_function, normalization, tmp_path):
    discovery = make(of_function, normalization=normalization)
    discovery.fit(epochs=1, **FIT)
    discovery.save(tmp_path / "discovery.keras")
    loaded = keras.saving.load_model(tmp_path / "discovery.keras")
    assert_equal(values(loaded), values(discovery))
    fit = dict(epochs=2, initial_epoch=1, **FIT)
    logs = discovery.fit(**fit).history
    assert loaded.fit(**fit).history == logs
    assert_equal(values(loaded), values(discovery))
    assert int(loaded.step) == int(loaded.optimizer.iterations) == 4


def test_weights_alone_continue_where_the_function_is_not_registered(tmp_path):
    def make_plain():
        discovery = make_discovery(
            lambda z: z, 2, 2, latent_dim=2, compiled=False
        )
        discovery.compile(run_eagerly=True)
        return discovery

    discovery = make_plain()
    discovery.fit(epochs=1, **FIT)
    with pytest.raises(ValueError, match="`generator`.*registered"):
        discovery.save(tmp_path / "discovery.keras")
    discovery.save_weights(tmp_path / "discovery.weights.h5")
    again = make_plain()
    again.load_weights(tmp_path / "discovery.weights.h5")
    fit = dict(epochs=2, initial_epoch=1, **FIT)
    assert again.fit(**fit).history == discovery.fit(**fit).history
    assert_equal(values(again), values(discovery))


@pytest.mark.slow
def test_a_killed_fit_is_resumed_by_backup_and_restore(tmp_path):
    class Killed(Exception):
        pass

    class Kill(keras.callbacks.Callback):
        def on_epoch_begin(self, epoch, logs=None):
            if epoch == 2:
                raise Killed

    whole, killed = make(False), make(False)
    whole.fit(epochs=3, **FIT)
    backup = keras.callbacks.BackupAndRestore(
        tmp_path / "backup", delete_checkpoint=False
    )
    with pytest.raises(Killed):
        killed.fit(epochs=3, callbacks=[backup, Kill()], **FIT)
    resumed = make(False)
    history = resumed.fit(epochs=3, callbacks=[backup], **FIT).history
    assert len(history["loss"]) == 1
    assert_equal(values(resumed)[:-1], values(whole)[:-1])
