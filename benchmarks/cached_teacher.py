"""What it costs a student to learn from a cached teacher, and from a live one.

    python benchmarks/cached_teacher.py
    python benchmarks/cached_teacher.py --data-dir DIR
    python benchmarks/cached_teacher.py --quick

Steps: the median over rounds of the ratio to the student's plain step on the
labels, all timed in turns in one process on the CPU, by the wall clock and by
the CPU time of the process; and the ratio of the fastest, which other programs
disturb least. Input pipelines count: every step takes its batch from one that
runs. DIR holds MNIST as TensorFlow Datasets prepares it; without
it the images are made up. Memory: the peak of a process that caches a streamed
data set and trains one epoch on it, for two sizes of the data. Prints tables
and writes JSON. Ten minutes; with --quick, two. Linux only.
"""

import argparse
import json
import os
import pathlib
import platform
import subprocess
import sys
import tempfile
from importlib import metadata

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from subclass_models import convolutional, perceptron
from timing import compare, interleave, over

import keras_distill as kd

HERE = pathlib.Path(__file__).parent
BATCH_SIZE, STEPS = 64, 20  # steps of one timing
AT_MOST = 1.05
MEMORY = HERE / "cached_teacher_memory.py"
SIZES = 20_000, 80_000
SHUFFLED = 10_000  # examples in the shuffle buffer


def small_cnn():
    """A student of three convolutions, a fifth of the teacher's work."""
    layers = keras.layers
    convolutions = [
        layers.Conv2D(width, 3, strides, activation="relu")
        for width, strides in ((16, 1), (32, 2), (32, 2))
    ]
    stack = [keras.Input((28, 28, 1)), *convolutions]
    return keras.Sequential([*stack, layers.Flatten(), layers.Dense(10)])


STUDENTS = {
    "MLP 256-256": lambda: perceptron(256, 10),
    "MLP 784-784": lambda: perceptron(784, 10),
    "CNN 16-32-32": small_cnn,
}
ORDERS = {  # how each student's data come; arrays are shuffled by `fit`
    "MLP 256-256": ("in order", "shuffled", "arrays"),
    "MLP 784-784": ("in order",),
    "CNN 16-32-32": ("in order",),
}


def plain_loss():
    """The student's loss on labels."""
    return kd.SubclassCrossentropy(2, diversity_weight=0.0)


def compiled(arm, build, teacher):
    """A model to train: the student, plain or cached, or a live Distiller."""
    keras.utils.set_random_seed(0)
    model, loss, accuracy = build(), plain_loss(), kd.SubclassAccuracy(2)
    if arm == "cached":
        loss = kd.CachedDistillation(loss, kd.SubclassDistillation())
        accuracy = kd.OnLabels(accuracy)
    elif arm == "live":
        model = kd.Distiller(teacher, model, kd.SubclassDistillation())
    model.compile(keras.optimizers.Adam(), loss, metrics=[accuracy])
    return model


def pipeline(arm, order, arrays, cache):
    """An endless dataset of batches, read in the same way by every arm."""
    examples = tf.data.Dataset.from_tensor_slices(arrays)
    if order == "in order":
        data = examples.batch(BATCH_SIZE, drop_remainder=True)
        if arm == "cached":
            data = cache.attach(data, check=False)
    elif arm == "cached":
        data = cache.attach(examples.batch(256), check=False).unbatch()
        data = data.shuffle(SHUFFLED, seed=0).batch(BATCH_SIZE, True)
    else:
        data = examples.shuffle(SHUFFLED, seed=0).batch(BATCH_SIZE, True)
    return data.repeat().prefetch(4)


def steps(model, dataset):
    """Functions that make 1 and `STEPS` steps as `fit` does, of a pipeline."""
    batches = iter(dataset)
    model.make_train_function()

    def run(count=STEPS):
        for _ in range(count):
            logs = model.train_function(batches)
        return float(keras.tree.flatten(logs)[0])  # waits for the last step

    return lambda: run(1), run


def epoch(model, arguments):
    """Functions that make no and `STEPS` steps by `fit`, on arrays."""
    arguments = {"batch_size": BATCH_SIZE, "verbose": 0, **arguments}
    model.fit(**arguments)
    return lambda: None, lambda: model.fit(**arguments)


def runs(name, order, arrays, teacher, folder):
    """Functions to time for one student, by arm."""
    arms = "plain", "cached", "live"
    models = {arm: compiled(arm, STUDENTS[name], teacher) for arm in arms}
    if order == "arrays":
        arrays = [array[: STEPS * BATCH_SIZE] for array in arrays]
    cache = kd.cache_teacher(teacher, tuple(arrays), folder, batch_size=256)
    if order == "arrays":
        plain = {"x": arrays[0], "y": arrays[1]}
        data = {arm: plain for arm in arms}
        data["cached"] = cache.attach(tuple(arrays))
        return {arm: epoch(models[arm], data[arm]) for arm in arms}
    return {
        arm: steps(models[arm], pipeline(arm, order, tuple(arrays), cache))
        for arm in arms
    }


def time_steps(arrays, rounds):
    """Rows: for each student and order, both teachers to the plain step."""
    rows, teacher = [], convolutional(10)
    for name, orders in ORDERS.items():
        for order in orders:
            with tempfile.TemporaryDirectory() as folder:
                functions = runs(name, order, arrays, teacher, folder)
                times = interleave(functions, rounds)
            for arm, bound in (("cached", AT_MOST), ("live", None)):
                title = f"{name}, {order}, {arm}"
                bound = None if order == "shuffled" else bound
                row = compare(times, title, over(arm), "plain", bound)
                wall = times["wall"]
                fastest = float(wall[arm].min() / wall["plain"].min())
                rows.append({**row, "fastest": fastest})
    return rows


def memory_rows(sizes):
    """Two rows for each size, each measured in a process of its own."""
    rows = []
    for size in (*sizes, *sizes):
        command = [sys.executable, str(MEMORY), str(size)]
        done = subprocess.run(
            command, capture_output=True, text=True, check=True
        )
        row = json.loads(done.stdout.splitlines()[-1])
        row["data_MB"] = size * 28 * 28 * 4 / 2**20
        row["ratio"] = row["peak_MB"] / (rows or [row])[0]["peak_MB"]
        rows.append(row)
    return rows


def show(rows, memory, console):
    """Prints both tables."""
    table = Table(title="Training step / plain step (medians)")
    for heading in (
        "student",
        "wall",
        "quartiles",
        "fastest",
        "CPU",
        "plain ms",
        "bound",
    ):
        table.add_column(heading)
    for row in rows:
        low, high = row["wall_quartiles"]
        bound = f"<= {row['at_most']}" if row["at_most"] else ""
        milliseconds = f"{row['unit_ms'] / STEPS:.2f}"
        spread = f"{low:.3f}-{high:.3f}"
        wall, fastest, cpu = (
            f"{row[key]:.3f}" for key in ("wall", "fastest", "cpu")
        )
        table.add_row(
            row["measure"], wall, spread, fastest, cpu, milliseconds, bound
        )
    console.print(table)
    table = Table(title="Peak memory of caching and training")
    for heading in ("examples", "data MB", "peak MB", "ratio"):
        table.add_column(heading, justify="right")
    for row in memory:
        table.add_row(
            str(row["examples"]),
            f"{row['data_MB']:.0f}",
            f"{row['peak_MB']:.0f}",
            f"{row['ratio']:.3f}",
        )
    console.print(table)


def load_arrays(data_dir, size=20_000):
    """Images and class labels, 0 to 4 against 5 to 9."""
    if data_dir is None:
        generator = np.random.default_rng(0)
        images = generator.uniform(size=(size, 28, 28, 1)).astype("float32")
        return images, generator.integers(0, 2, size)
    from keras_sparse import datasets

    images, labels = datasets.load("mnist", data_dir).arrays("train")
    return images[:size], labels[:size] // 5


def main():
    default = HERE / "results" / "cached_teacher.json"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of MNIST; made-up images without")
    parser.add_argument("--output", type=pathlib.Path, default=default)
    parser.add_argument("--quick", action="store_true", help="8 rounds")
    parser.add_argument("--rounds", type=int, default=60)
    options = parser.parse_args()
    rounds = 8 if options.quick else options.rounds
    memory = memory_rows(SIZES)
    arrays = load_arrays(options.data_dir)
    rows = time_steps(arrays, rounds)
    show(rows, memory, Console(width=100))
    record = {
        "data": "MNIST" if options.data_dir else "made up",
        "batch_size": BATCH_SIZE,
        "steps_per_timing": STEPS,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores",
        "versions": {
            name: metadata.version(name)
            for name in ("keras", "numpy", "tensorflow")
        },
        "steps": rows,
        "memory": memory,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(record, indent=2) + "\n")


if __name__ == "__main__":
    main()
