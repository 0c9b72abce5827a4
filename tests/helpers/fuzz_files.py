"""Whole files of every kind, and what reads them."""

import dataclasses
import json
import os
import pathlib

import keras
import mutations
import numpy as np

import keras_distill as kd
import keras_export as ke
import keras_latent as kl
import keras_sparse as ks
from _keras_sparse_common import run_folders
from keras_latent import explore_command, image_files
from keras_sparse import checkpoint, cli
from keras_sparse.lottery_state import RoundStore, TrainingState


@dataclasses.dataclass
class Options:
    """The settings of a run."""

    name: str = "digits"
    epochs: int = 3


RUN = Options()


def network():
    keras.utils.set_random_seed(0)
    layers = [
        keras.layers.Conv2D(2, 3, activation="relu"),
        keras.layers.BatchNormalization(),
        keras.layers.Flatten(),
        keras.layers.Dense(3),
    ]
    model = keras.Sequential([keras.Input((6, 6, 1)), *layers])
    model.compile(ks.SparseOptimizer("adam", ks.RigL(0.5)), "mse")
    model.optimizer.build(model.trainable_variables)
    return model


def make(folder):
    """Writes a whole file of each kind; their names are in `TARGETS`."""
    folder = pathlib.Path(folder)
    model, rng = network(), np.random.default_rng(0)
    model.save(folder / "model.keras")
    ke.litert(model, folder / "dense.tflite", sparse=False, verify=False)
    ke.litert(model, folder / "sparse.tflite", sparse=True, verify=False)
    matrix = np.eye(3, 4)
    found = kl.Directions(matrix, ["a", "b", "c"], {"score": [1.0, 2.0, 3.0]})
    found.save(folder / "directions.npz")
    found.to_csv(folder / "directions.csv", ["somebody"])
    statistics = kl.FeatureStatistics("raw")
    statistics.update(rng.normal(size=(8, 3)))
    statistics.save(folder / "statistics.npz")
    images, labels = rng.random((4, 2, 2, 1), "float32"), np.arange(4)
    np.savez(
        folder / "images.npz",
        **{"x_train": images, "y_train": labels},
        **{"x_test": images, "y_test": labels},
    )
    np.save(folder / "array.npy", images)
    teacher = keras.Sequential([keras.Input((4,)), keras.layers.Dense(3)])
    kd.cache_teacher(
        teacher, (rng.random((9, 4)),), folder / "cache", 3, chunk_size=4
    )
    checkpoint.save(folder / "state", model, checkpoint.Progress())
    RoundStore(folder / "rounds", {"rounds": 2}).save(
        "start", TrainingState.of(model), {}
    )
    run = folder / "run.unfinished"
    run.mkdir()
    (run / "settings.json").write_text(json.dumps(dataclasses.asdict(RUN)))
    (run / "state").mkdir()
    (run / "metrics.json").write_text("{}")


def command(path):
    os.environ["KERAS_SPARSE_DEBUG"] = "1"
    assert cli.run(["inspect", str(path)]) in (0, 1, 2)


def run_lite(path):
    ke.predict(path, next(iter(ke.random_inputs(path).values())))


def measure(path):
    ke.benchmark({"a": path}, ke.random_inputs(path), repeats=1, warmup=0)


def cached(path):
    kd.TeacherCache(path.parent).read()


def attached(path):
    cache = kd.TeacherCache(path.parent)
    cache.attach((np.zeros((9, 4)),), check=False)


def rounds(path):
    store = RoundStore(path.parent, {"rounds": 2})
    found = store.load("start")
    if found is not None:
        found[0].restore(network())


def resumed(package):
    def resume(path):
        folder = path.parent.with_suffix("")
        with package.claim(folder, RUN, resume=True):
            pass

    return resume


def annotated(path):
    kl.Directions(np.eye(3, 4)).annotate(path)


BYTES_, TEXT = mutations.mutate_bytes, mutations.mutate_text
ARCHIVE = mutations.mutate_archive
# name -> file that is broken, how, and what reads it.
TARGETS = {
    "keras": ("model.keras", ARCHIVE, command),
    "generator": ("model.keras", ARCHIVE, explore_command.read_generator),
    "inspect": ("sparse.tflite", BYTES_, ke.inspect_litert),
    "weights": ("sparse.tflite", BYTES_, ke.read_weights),
    "predict": ("dense.tflite", BYTES_, run_lite),
    "benchmark": ("sparse.tflite", BYTES_, measure),
    "directions": ("directions.npz", ARCHIVE, kl.Directions.load),
    "annotations": ("directions.csv", BYTES_, annotated),
    "statistics": ("statistics.npz", ARCHIVE, kl.FeatureStatistics.load),
    "images": (
        "images.npz",
        ARCHIVE,
        lambda path: image_files.read_npz(path, "train"),
    ),
    "inputs": (
        "images.npz",
        ARCHIVE,
        lambda path: cli.exports.read_arrays("FILE", path),
    ),
    "array": (
        "array.npy",
        BYTES_,
        lambda path: cli.exports.read_arrays("FILE", path),
    ),
    "manifest": ("cache/manifest.json", TEXT, cached),
    "attached": ("cache/manifest.json", TEXT, attached),
    "chunk": ("cache/outputs-000001.npy", BYTES_, cached),
    "state": (
        "state/model.keras",
        ARCHIVE,
        lambda path: checkpoint.load(path.parent),
    ),
    "progress": (
        "state/progress.json",
        TEXT,
        lambda path: checkpoint.load(path.parent),
    ),
    "round": ("rounds/start.npz", ARCHIVE, rounds),
    "notes": ("rounds/arguments.json", TEXT, rounds),
    "settings": ("run.unfinished/settings.json", TEXT, resumed(run_folders)),
}
