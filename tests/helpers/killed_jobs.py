"""Jobs that write files, which a test kills at a moment of its choice."""

import hashlib
import json
import pathlib

import keras
import numpy as np
import tensorflow as tf
from forked_jobs import serve
from sudden_death import Moments, fill_disk, killed_at

import keras_distill as kd
import keras_export as ke
import keras_sparse as ks
from keras_sparse import checkpoint as state_files
from keras_sparse import datasets, training
from keras_sparse.settings import Settings

EPOCHS, BATCH = 4, 8


def rows(count, width=8):
    generator = np.random.default_rng(0)
    return generator.normal(size=(count, width)).astype("float32")


def network(seed=0):
    """A compiled model with all that a state must hold; named throughout."""
    keras.utils.set_random_seed(seed)
    layers = [
        keras.layers.Dense(16, "relu", name="a"),
        keras.layers.BatchNormalization(name="norm"),
        keras.layers.Dropout(0.2, name="drop"),
        keras.layers.Dense(4, name="b"),
    ]
    model = keras.Sequential([keras.Input((8,)), *layers], name="m")
    model.compile(
        ks.SparseOptimizer(
            keras.optimizers.SGD(0.05, momentum=0.9),
            ks.RigL(0.5, update_every=3),
        ),
        "mse",
        jit_compile=False,
    )
    return model


def digest(arrays):
    """str, equal for arrays that are equal bit by bit."""
    found = hashlib.sha256()
    for array in arrays:
        found.update(np.ascontiguousarray(array).tobytes())
    return found.hexdigest()


def weights(model):
    variables = [*model.variables, *model.optimizer.variables]
    return digest(map(keras.ops.convert_to_numpy, variables))


def fit(folder):
    """A plain `fit` with `ks.BackupAndRestore`; its weights at the end."""
    model = network()
    x = rows(32)
    backup = ks.BackupAndRestore(folder / "backup")
    model.fit(
        *(x, x[:, :4], BATCH),
        epochs=EPOCHS,
        shuffle=False,
        verbose=0,
        callbacks=[backup, Moments()],
    )
    return weights(model)


def checkpoint(folder):
    """Training as the command line does it, resumed from its state."""
    options = Settings(epochs=3, batch_size=128).with_defaults()
    model, progress = training.train(
        options, datasets.load("digits"), "sparse", folder / "state", str
    )
    return [weights(model), progress.history, progress.updates]


def lottery(folder):
    """Rounds of iterative pruning that are kept in a folder."""
    x = rows(32)

    def make():
        model = network()
        model.compile("adam", "mse", jit_compile=False)
        return model

    def train(model, callbacks):
        callbacks = [*callbacks, Moments()]
        options = {"shuffle": False, "verbose": 0, "callbacks": callbacks}
        model.fit(x, x[:, :4], BATCH, epochs=2, **options)

    result = ks.lottery_ticket(
        make, train, 0.6, rounds=2, directory=folder / "rounds"
    )
    model = result.model
    return digest(map(keras.ops.convert_to_numpy, model.variables))


def export(folder):
    """Both kinds of artefacts, over those of another model."""
    model = network(1)
    lite, saved = folder / "m.tflite", folder / "saved"
    ke.litert(model, lite, overwrite=True, verify=False)
    ke.saved_model(model, saved, overwrite=True, verify=False)
    return artefacts(folder)


def artefacts(folder):
    """List of digests of the exported models; None where there is none."""
    paths = folder / "m.tflite", folder / "saved"
    return [
        digest([ke.predict(path, rows(4))]) if path.exists() else None
        for path in paths
    ]


def cache(folder):
    """A teacher's outputs, in chunks."""
    teacher, x = network(), rows(60)
    made = kd.cache_teacher(teacher, (x,), folder / "cache", 10, chunk_size=10)
    return digest([made.read()])


JOBS = {f.__name__: f for f in (fit, checkpoint, lottery, export, cache)}


def run(job, folder, moment=0, delay=0.0):
    """Does a job, or is killed so many seconds after a moment of it.

    Returns:
        [what the job gives, its number of moments].
    """
    tf.config.experimental.enable_op_determinism()
    folder = pathlib.Path(folder)
    folder.mkdir(exist_ok=True)
    with killed_at(moment, delay) as moments:
        found = JOBS[job](folder)
    return found, moments()


def run_on_full_disk(job, folder, size):
    """Does a job where no file can be larger than `size` bytes.

    Returns:
        [class of what is raised, whether it is an OSError, its message].
    """
    fill_disk(size)
    try:
        JOBS[job](pathlib.Path(folder))
    except Exception as error:
        return type(error).__name__, isinstance(error, OSError), str(error)


def prepare(folder):
    """Exports another model; returns what `artefacts` does."""
    folder = pathlib.Path(folder)
    folder.mkdir()
    ke.litert(network(0), folder / "m.tflite", verify=False)
    ke.saved_model(network(0), folder / "saved", verify=False)
    return artefacts(folder)


def look(folder):
    """Raises unless what a killed job left is whole; returns `artefacts`."""
    folder = pathlib.Path(folder)
    if (folder / "state").exists():
        state_files.load(folder / "state")
    for path in folder.rglob("*"):
        parts = path.relative_to(folder).parts
        if any(part.startswith(".") for part in parts):
            continue  # under its temporary name
        if path.suffix in (".npz", ".npy"):
            np.load(path)
        if path.suffix == ".json":
            json.loads(path.read_text())
    return artefacts(folder)


if __name__ == "__main__":
    serve({f.__name__: f for f in (run, run_on_full_disk, prepare, look)})
