"""What pruning before training costs in time and memory.

    python benchmarks/saliency.py
    python benchmarks/saliency.py --quick

Time: SNIP and GraSP go through the same four batches as plain forward and
backward passes of ResNet-50, in turns, on the CPU with TensorFlow; medians of
the ratios, without the tracing of the first call. Memory: the peak of a process
of its own while it scores a net of 16 dense layers with 67 million weights,
above what it held before, in copies of the weights (Linux only). The table is
also saved as JSON. About five minutes; with --quick, two.
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table
from saliency_memory import crossentropy, data
from timing import compare, interleave, over

from keras_sparse.autodiff import derivative_sum
from keras_sparse.data_scores import weighted_loss
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency_losses import data_loss
from keras_sparse.twice_differentiable import differentiable_twice

HERE = Path(__file__).parent
BATCHES, BATCH_SIZE, PIXELS = 4, 8, 96
SNIP_AT_MOST, GRASP_AT_MOST, COPIES_AT_MOST = 1.10, 4.0, 3.0
BOUNDED = ("SNIP", "GraSP")
METHODS = ("SNIP", "GraSP", "SynFlow", "magnitude")


def passes(pure, loss, batches):
    """What `snip` and `grasp` do with batches, traced once for all rounds."""
    values, constants = pure.values(), pure.constants()
    compare_all = data_loss(pure.model, loss)
    inference = derivative_sum(weighted_loss(pure, compare_all, False))
    training = derivative_sum(weighted_loss(pure, compare_all, True))
    softened = weighted_loss(
        pure, data_loss(pure.model, loss, temperature=200.0), training=True
    )
    first = derivative_sum(softened)
    second = derivative_sum(softened, second_order=True)

    def in_two_passes():
        with differentiable_twice(pure.model):
            along = first(values, constants, batches)
            second(values, constants, batches, along)

    return {
        "snip": lambda: inference(values, constants, batches),
        "snip in training mode": lambda: training(values, constants, batches),
        "grasp": in_two_passes,
    }


def time_methods(rounds):
    """Rows: SNIP to plain passes, GraSP to SNIP."""
    shape = (PIXELS, PIXELS, 3)
    model = keras.applications.ResNet50(
        weights=None,
        input_shape=shape,
        classes=10,
        classifier_activation=None,
    )
    x, y = data(BATCHES * BATCH_SIZE, *shape)
    x = np.split(x, BATCHES)
    y = np.split(y, BATCHES)
    loss = crossentropy()

    @tf.function
    def forward_and_backward(x, y):
        with tf.GradientTape() as tape:
            value = loss(y, model(x, training=False))
        return tape.gradient(value, model.trainable_variables)

    def plain():
        for inputs, targets in zip(x, y, strict=True):
            forward_and_backward(inputs, targets)

    batches = [
        (inputs, targets, None, np.float32(BATCH_SIZE))
        for inputs, targets in zip(x, y, strict=True)
    ]
    steps = {"plain": plain, **passes(PureModel(model), loss, batches)}
    times = interleave(steps, rounds)
    words = f"ResNet-50, {BATCHES} batches of {BATCH_SIZE}, {PIXELS} pixels"
    return [
        compare(
            times,
            f"SNIP / plain forward and backward, {words}",
            over("snip"),
            at_most=SNIP_AT_MOST,
        ),
        compare(
            times,
            f"GraSP / SNIP, both in training mode, {words}",
            over("grasp", "snip in training mode"),
            unit="snip in training mode",
            at_most=GRASP_AT_MOST,
        ),
        compare(
            times,
            f"GraSP / SNIP, as by default in inference mode, {words}",
            over("grasp", "snip"),
            unit="snip",
        ),
    ]


def measure_memory(processes):
    """Rows: one method, the median of some processes of their own."""
    rows = []
    for name in METHODS:
        found = [_in_a_process(name) for _ in range(processes)]
        copies = [row["copies"] for row in found]
        rows.append(
            {
                "measure": name,
                "copies": float(np.median(copies)),
                "range": [min(copies), max(copies)],
                "copy_MB": found[0]["copy_MB"],
                "seconds": float(np.median([row["seconds"] for row in found])),
                "at_most": COPIES_AT_MOST if name in BOUNDED else None,
            }
        )
    return rows


def _in_a_process(name):
    done = subprocess.run(
        [sys.executable, str(HERE / "saliency_memory.py"), name],
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{name} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def show(sections, console):
    """Prints both tables."""
    times, peaks = sections.values()
    table = Table(title="Time (medians of ratios)")
    for heading in ("measure", "wall", "quartiles", "CPU", "unit ms", "bound"):
        table.add_column(
            heading, justify="left" if not table.columns else "right"
        )
    for row in times:
        low, high = row["wall_quartiles"]
        table.add_row(
            row["measure"],
            f"{row['wall']:.3f}",
            f"{low:.3f}-{high:.3f}",
            f"{row['cpu']:.3f}",
            f"{row['unit_ms']:.0f}",
            verdict(row, row["wall"]),
        )
    console.print(table)
    table = Table(title="Peak memory, net of 67 million weights")
    for heading in (
        "method",
        "copies of the weights",
        "range",
        "seconds",
        "bound",
    ):
        table.add_column(
            heading, justify="left" if not table.columns else "right"
        )
    for row in peaks:
        table.add_row(
            row["measure"],
            f"{row['copies']:.2f}",
            "{:.2f}-{:.2f}".format(*row["range"]),
            f"{row['seconds']:.1f}",
            verdict(row, row["copies"]),
        )
    console.print(table)


def verdict(row, value):
    """The bound of a row in words, and whether it holds."""
    bound = row["at_most"]
    if bound is None:
        return ""
    word = "[green]holds" if value <= bound else "[red]fails"
    return f"<= {bound:.2f} {word}"


def main():
    default = HERE / "results" / "saliency.json"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=default)
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    parser.add_argument("--rounds", type=int, default=15)
    arguments = parser.parse_args()
    rounds = 2 if arguments.quick else arguments.rounds
    sections = {
        "time": time_methods(rounds),
        "memory": measure_memory(1 if arguments.quick else 5),
    }
    console = Console(width=100)
    show(sections, console)
    packages = ("keras", "keras-sparse", "numpy", "tensorflow")
    record = {
        "rounds": rounds,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores",
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
        "sections": sections,
    }
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    arguments.output.write_text(json.dumps(record, indent=2) + "\n")
    console.print(f"Saved {arguments.output}; load {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
