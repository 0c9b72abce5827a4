"""A Fader continues from its file as if it had not stopped."""

import json
import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_latent as kl

GENERATOR = np.random.default_rng(0)
IMAGES = GENERATOR.uniform(size=(48, 4, 4, 1)).astype("float32")
LABELS = GENERATOR.integers(0, 3, size=48)
OPTIONS = dict(batch_size=4, shuffle=False, verbose=0)
LATER = dict(epochs=4, initial_epoch=2, **OPTIONS)
CONTINUE = """
import json
import sys

import keras
import numpy as np

import keras_latent

fader = keras.saving.load_model(sys.argv[1])
images, labels = np.load(sys.argv[2]).values()
options = json.loads(sys.argv[3])
print(json.dumps(fader.fit(images, labels, **options).history))
"""


def make(**options):
    keras.utils.set_random_seed(0)
    networks = kl.fader_networks((4, 4, 1), 3, 4, width=8)
    fader = kl.Fader(
        *networks,
        adversarial="flip",
        beta=0.3,
        critic_steps=2,
        ramp_steps=10,
        seed=7,
    )
    fader.compile(
        keras.optimizers.Adam(0.01),
        keras.optimizers.SGD(0.1, momentum=0.9),
        loss="mean_absolute_error",
        run_eagerly=True,
        **options,
    )
    return fader


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """Path of a fader after two epochs, and the logs of the next two."""
    path = tmp_path_factory.mktemp("saved") / "fader.keras"
    fader = make()
    fader.fit(IMAGES, LABELS, epochs=2, **OPTIONS)
    fader.save(path)
    kept = [np.array(variable) for variable in fader.variables]
    logs = fader.fit(IMAGES, LABELS, **LATER).history
    return fader, path, kept, logs


def test_fit_continues_from_the_file(trained):
    fader, path, kept, logs = trained
    loaded = keras.saving.load_model(path)
    for expected, variable in zip(kept, loaded.variables, strict=True):
        np.testing.assert_array_equal(np.array(variable), expected)
    for name, iterations in (("optimizer", 8), ("classifier_optimizer", 16)):
        ours, theirs = getattr(fader, name), getattr(loaded, name)
        assert type(ours) is type(theirs)
        assert int(theirs.iterations) == iterations
        assert len(ours.variables) == len(theirs.variables)
    assert loaded.compiled_image_loss == "mean_absolute_error"
    assert logs["beta"][0] < logs["beta"][1]
    continued = loaded.fit(IMAGES, LABELS, **LATER).history
    for name, expected in logs.items():
        np.testing.assert_array_equal(continued[name], expected, name)


@pytest.mark.slow
def test_fit_continues_from_the_file_in_a_fresh_process(trained):
    _, path, _, logs = trained
    data = path.with_name("data.npz")
    np.savez(data, images=IMAGES, labels=LABELS)
    command = [sys.executable, "-W", "error::UserWarning", "-c", CONTINUE]
    done = subprocess.run(
        [*command, str(path), str(data), json.dumps(LATER)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    continued = json.loads(done.stdout.splitlines()[-1])
    assert set(continued) == set(logs) and len(logs["loss"]) == 2
    for name, expected in logs.items():
        np.testing.assert_array_equal(continued[name], expected, name)


def test_the_config_makes_an_equal_fader():
    first = make()
    second = kl.Fader.from_config(first.get_config())
    assert first.get_config() == second.get_config()
    arguments = {"encoder", "decoder", "classifier", "beta", "adversarial"}
    arguments |= {"critic_steps", "ramp_steps", "attribute_sizes", "seed"}
    assert set(first.get_config()) == arguments | {"name", "trainable"}
    json.dumps(first.get_config())


def test_a_model_loaded_without_its_training_still_reconstructs(trained):
    fader, path, _, _ = trained
    loaded = keras.saving.load_model(path, compile=False)
    assert not loaded.compiled
    images = loaded.reconstruct(IMAGES[:3], [0, 1, 2])
    assert images.shape == (3, 4, 4, 1)


class Interrupt(keras.callbacks.Callback):
    """Raises at the begin of an epoch."""

    def on_epoch_begin(self, epoch, logs=None):
        if epoch == 2:
            raise InterruptedError


@pytest.mark.slow
def test_a_backup_restores_an_interrupted_training(trained, tmp_path):
    *_, logs = trained
    backup = keras.callbacks.BackupAndRestore(tmp_path / "backup")
    with pytest.raises(InterruptedError):
        make().fit(
            IMAGES, LABELS, epochs=4, callbacks=[backup, Interrupt()], **OPTIONS
        )
    again = make().fit(IMAGES, LABELS, epochs=4, callbacks=[backup], **OPTIONS)
    for name, expected in logs.items():
        np.testing.assert_array_equal(again.history[name], expected, name)
