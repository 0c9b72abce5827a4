"""A Distiller continues from its file; the student's file is its own."""

import json
import os
import subprocess
import sys
import zipfile

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(32, 6)).astype("float32")
Y = GENERATOR.integers(0, 2, size=32)
CONTINUE = """
import json
import sys

import keras
import numpy as np

import keras_distill

distiller = keras.saving.load_model(sys.argv[1])
x, y = np.load(sys.argv[2]).values()
options = json.loads(sys.argv[3])
print(json.dumps(distiller.fit(x, y, **options).history))
"""
OPTIONS = dict(batch_size=16, shuffle=False, verbose=0)
LATER = dict(epochs=5, initial_epoch=2, **OPTIONS)


def network(*widths, seed):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu") for width in widths]
    layers += [keras.layers.BatchNormalization(), keras.layers.Dense(10)]
    return keras.Sequential([keras.Input((6,)), *layers])


def make(teacher=None):
    losses = [kd.SubclassDistillation(), kd.PenultimateDistillation(4)]
    student = network(8, seed=2)
    teacher = teacher or network(256, seed=1)
    distiller = kd.Distiller(teacher, student, losses, [0.3, 0.2])
    distiller.compile(
        keras.optimizers.Adam(0.01),
        kd.SubclassCrossentropy(2, diversity_weight=0.0),
        metrics=[kd.SubclassAccuracy(2)],
        run_eagerly=True,
    )
    return distiller


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    """A distiller after two epochs, its file, and logs of the next three."""
    path = tmp_path_factory.mktemp("saved") / "distiller.keras"
    distiller = make()
    distiller.fit(X, Y, epochs=2, **OPTIONS)
    distiller.save(path)
    at_save = [numpy_of(v) for v in distiller.variables]
    logs = distiller.fit(X, Y, **LATER).history
    return distiller, path, at_save, logs


def test_fit_continues_from_the_file_in_a_fresh_process(trained):
    _, path, _, logs = trained
    data = path.with_name("data.npz")
    np.savez(data, x=X, y=Y)
    command = [sys.executable, "-W", "error::UserWarning", "-c", CONTINUE]
    done = subprocess.run(
        [*command, str(path), str(data), json.dumps(LATER)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    continued = json.loads(done.stdout.splitlines()[-1])
    assert set(continued) == set(logs) and len(logs["loss"]) == 3
    for name, expected in logs.items():
        np.testing.assert_array_equal(continued[name], expected, name)


def test_the_file_holds_every_variable(trained):
    distiller, path, at_save, _ = trained
    loaded = keras.saving.load_model(path)
    for expected, variable in zip(at_save, loaded.variables, strict=True):
        np.testing.assert_array_equal(numpy_of(variable), expected)
    count = len(distiller.optimizer.variables)
    assert len(loaded.optimizer.variables) == count
    assert int(loaded.optimizer.iterations) == 4


def test_the_config_makes_an_equal_distiller():
    first = make()
    second = kd.Distiller.from_config(first.get_config())
    assert first.get_config() == second.get_config()
    arguments = {"teacher", "student", "distillation_loss", "student_weight"}
    arguments |= {"distillation_weight", "name", "trainable"}
    assert set(first.get_config()) == arguments
    json.dumps(first.get_config())


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
        make().fit(X, Y, epochs=5, callbacks=[backup, Interrupt()], **OPTIONS)
    again = make().fit(X, Y, epochs=5, callbacks=[backup], **OPTIONS)
    for name, expected in logs.items():
        np.testing.assert_array_equal(again.history[name], expected, name)


@pytest.mark.slow
def test_a_compiled_teacher_stays_compiled_in_the_file(tmp_path):
    teacher = network(16, seed=1)
    teacher.compile("adam", kd.SubclassCrossentropy(2), run_eagerly=True)
    teacher.fit(X, Y, verbose=0)
    distiller = make(teacher)
    distiller.fit(X, Y, verbose=0)
    distiller.save(tmp_path / "distiller.keras")
    loaded = keras.saving.load_model(tmp_path / "distiller.keras")
    assert isinstance(loaded.teacher.loss, kd.SubclassCrossentropy)
    np.testing.assert_array_equal(
        loaded.evaluate(X, Y, verbose=0), distiller.evaluate(X, Y, verbose=0)
    )


def test_the_students_file_is_free_of_the_teacher(trained, tmp_path):
    distiller, path, *_ = trained
    file = tmp_path / "student.keras"
    distiller.student.save(file)
    assert file.stat().st_size < 0.6 * path.stat().st_size
    with zipfile.ZipFile(file) as archive:
        config = archive.read("config.json").decode()
    assert "keras_distill" not in config
    student = keras.saving.load_model(file)
    np.testing.assert_array_equal(
        student.predict(X, verbose=0), distiller.predict(X, verbose=0)
    )


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="a SavedModel"
)
def test_the_export_is_the_students_forward_alone(trained, tmp_path):
    import tensorflow as tf

    distiller, *_ = trained
    distiller.export(tmp_path / "export", verbose=False)
    served = tf.saved_model.load(str(tmp_path / "export"))
    np.testing.assert_allclose(
        served.serve(X).numpy(), distiller.predict(X, verbose=0), atol=1e-6
    )
    weights = sum(variable.numpy().size for variable in served.variables)
    assert weights == distiller.student.count_params()
