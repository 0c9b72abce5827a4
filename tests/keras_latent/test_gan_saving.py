"""A GAN that is saved and loaded goes on as if it had not stopped."""

import json

import keras
import numpy as np
import pytest
from keras import layers

import keras_latent as kl
from keras_latent import gan_losses

POINTS = np.random.default_rng(0).normal(size=(24, 2)).astype("float32")
FIT = dict(batch_size=4, shuffle=False, verbose=0)


def make(**options):
    keras.utils.set_random_seed(0)
    generator = [
        keras.Input((3,)),
        layers.Dense(8),
        layers.BatchNormalization(),
    ]
    critic = [keras.Input((2,)), layers.SpectralNormalization(layers.Dense(8))]
    critic += [layers.BatchNormalization(), layers.LeakyReLU()]
    gan = kl.GAN(
        keras.Sequential([*generator, layers.Dense(2)]),
        keras.Sequential([*critic, layers.Dense(1)]),
        regularizers=[kl.GradientPenalty(seed=2)],
        latent_distribution="signed_uniform",
        critic_steps=2,
        ema_momentum=0.9,
        seed=7,
        **options,
    )
    gan.compile(
        keras.optimizers.Adam(0.01),
        keras.optimizers.SGD(0.1, momentum=0.9),
        run_eagerly=True,
    )
    return gan


def values(gan):
    return [np.array(variable) for variable in gan.variables]


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A GAN after four epochs, the file from after two, and what was then."""
    path = tmp_path_factory.mktemp("saved") / "gan.keras"
    gan = make()
    gan.fit(POINTS, epochs=2, **FIT)
    gan.save(path)
    kept = values(gan), gan.sample(4)
    logs = gan.fit(POINTS, epochs=4, initial_epoch=2, **FIT).history
    return gan, path, kept, logs


def assert_equal(first, second):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_array_equal(one, other)


def test_fit_continues_from_the_file(trained):
    gan, path, (kept, sample), logs = trained
    loaded = keras.saving.load_model(path)
    assert_equal(values(loaded), kept)
    np.testing.assert_array_equal(loaded.sample(4), sample)
    for ours, theirs in (
        (gan.d_optimizer, loaded.d_optimizer),
        (gan.g_optimizer, loaded.g_optimizer),
    ):
        assert type(ours) is type(theirs)
        assert len(ours.variables) == len(theirs.variables)
    assert int(loaded.d_optimizer.iterations) == 12
    assert int(loaded.g_optimizer.iterations) == int(loaded.step) == 6
    continued = loaded.fit(POINTS, epochs=4, initial_epoch=2, **FIT).history
    assert continued == logs
    assert_equal(values(loaded), values(gan))


def test_a_gan_loaded_without_its_training_still_draws(trained):
    _, path, (_, sample), _ = trained
    loaded = keras.saving.load_model(path, compile=False)
    assert not loaded.compiled
    np.testing.assert_array_equal(loaded.sample(4), sample)


def test_the_weights_alone_are_enough_to_draw(trained, tmp_path):
    gan, *_ = trained
    gan.save_weights(tmp_path / "gan.weights.h5")
    other = make()
    other.load_weights(tmp_path / "gan.weights.h5")
    np.testing.assert_array_equal(other.sample(4), gan.sample(4))


class Interrupt(keras.callbacks.Callback):
    """Raises at the begin of the third epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise InterruptedError


def test_a_backup_restores_an_interrupted_training(trained, tmp_path):
    gan, _, _, logs = trained
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    callbacks = [backup, Interrupt()]
    with pytest.raises(InterruptedError):
        make().fit(POINTS, epochs=4, callbacks=callbacks, **FIT)
    again = make()
    found = again.fit(POINTS, epochs=4, callbacks=backup, **FIT).history
    assert found == logs
    assert_equal(values(again), values(gan))


def test_the_config_makes_an_equal_gan():
    first = make()
    second = kl.GAN.from_config(first.get_config())
    config, expected = second.get_config(), first.get_config()
    assert config == expected
    assert json.loads(json.dumps(config))["loss"] == "non_saturating"
    assert isinstance(second.regularizers[0], kl.GradientPenalty)
    assert second.regularizers[0].seed == 2


def test_a_pair_of_registered_functions_is_saved(tmp_path):
    @keras.saving.register_keras_serializable(package="test_gan_saving")
    def mean_of_squares(fake_logits):
        return keras.ops.mean(keras.ops.square(fake_logits))

    pair = kl.GANLoss(gan_losses.hinge_discriminator, mean_of_squares)
    make(loss=pair).save(tmp_path / "gan.keras")
    loaded = keras.saving.load_model(tmp_path / "gan.keras")
    assert loaded.discriminator_loss is gan_losses.hinge_discriminator
    assert loaded.generator_loss is mean_of_squares
