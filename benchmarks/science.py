"""What the comparisons of methods share: data, training, table, plot."""

import argparse
import concurrent.futures
import dataclasses
import functools
import json
import multiprocessing
import os
import pathlib

import numpy as np

RESULTS = pathlib.Path(__file__).parent / "results"


@dataclasses.dataclass(frozen=True)
class Run:
    """One training; plain values, so that another process can do it.

    Attributes:
        label: str, a row of the table.
        sparsity: float, share of zeros wanted.
        seed: int.
        options: dict of the command's options.
    """

    label: str
    sparsity: float
    seed: int
    options: dict


def parser(description, steps, sparsities, labels):
    """The options that every comparison takes."""
    options = argparse.ArgumentParser(description=description)
    options.add_argument("--dataset", default="cifar10")
    options.add_argument("--data-dir", required=True)
    options.add_argument("--model", default="vgg-6")
    options.add_argument("--steps", type=int, default=steps)
    options.add_argument("--batch-size", type=int, default=64)
    options.add_argument("--learning-rate", type=float, default=0.1)
    options.add_argument("--l2", type=float, default=1e-4)
    options.add_argument("--augment", action="store_true")
    options.add_argument("--seeds", type=int, default=3)
    options.add_argument(
        "--sparsities", type=float, nargs="+", default=sparsities
    )
    options.add_argument("--methods", nargs="+", default=labels)
    options.add_argument("--workers", type=int, default=os.cpu_count())
    options.add_argument("--output", type=pathlib.Path)
    return options


def run_all(runs, function, workers):
    """Calls `function(run)` for each run, each worker on one thread.

    Args:
        runs: list of `Run`.
        function: module-level function from `Run` to a dict of numbers.
        workers: int; 1 runs here, with all threads, as for a GPU.

    Returns:
        List of dicts, in the order of `runs`.
    """
    if workers == 1:
        return [_report(run, function(run)) for run in runs]
    with concurrent.futures.ProcessPoolExecutor(
        workers, multiprocessing.get_context("spawn"), _one_thread
    ) as pool:
        found = pool.map(function, runs)
        return [_report(run, row) for run, row in zip(runs, found, strict=True)]


def table(options, train, name):
    """Trains all methods, sparsities and seeds; prints and writes the table.

    Args:
        options: dict of the command's options, as of `parser`.
        train: module-level function from `Run` to a dict of numbers.
        name: str, of the files in `benchmarks/results/`.
    """
    runs = [
        Run(label, sparsity, seed, options)
        for label in options["methods"]
        for sparsity in ([0.0] if label == "dense" else options["sparsities"])
        for seed in range(options["seeds"])
    ]
    rows = run_all(runs, train, options["workers"])
    title = f"{options['model']} on {options['dataset']}"
    show(rows, options, f"{title}, {options['steps']} steps", name)


def _one_thread():
    os.environ["TF_NUM_INTRAOP_THREADS"] = "1"
    os.environ["TF_NUM_INTEROP_THREADS"] = "1"
    os.environ["TF_CPP_MIN_LOG_LEVEL"] = "3"


def _report(run, row):
    print(f"{run.label} {run.sparsity:g} seed {run.seed}: {row}", flush=True)
    return {
        "label": run.label,
        "sparsity": run.sparsity,
        "seed": run.seed,
        **row,
    }


@functools.cache
def load(dataset, data_dir):
    """Returns ((x, y) to train on, (x, y) to test on), channels scaled."""
    from keras_sparse import datasets

    data = datasets.load(dataset, data_dir)
    (x, y), (x_test, y_test) = data.arrays("train"), data.arrays("test")
    mean, deviation = x.mean(axis=(0, 1, 2)), x.std(axis=(0, 1, 2))
    return ((x - mean) / deviation, y), ((x_test - mean) / deviation, y_test)


def compile_and_train(
    model, optimizer, options, train, test, seed, callbacks=None
):
    """Trains for `options["steps"]` steps; returns the test accuracy.

    Args:
        model: `keras.Model` that gives logits.
        optimizer: what to compile it with.
        options: dict of the command's options.
        train, test: pairs of arrays.
        seed: int, for the order of the examples.
        callbacks: list of `keras.callbacks.Callback`, or None.

    Returns:
        float in [0, 1], after the last step.
    """
    import keras

    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    steps = options["steps"]
    model.compile(
        optimizer,
        loss,
        metrics=["accuracy"],
        jit_compile=False
        if keras.backend.backend() == "tensorflow"
        else "auto",
        steps_per_execution=min(50, steps),
    )
    batches = _batches(train, options, seed)
    model.fit(
        batches,
        steps_per_epoch=steps,
        shuffle=False,
        verbose=0,
        callbacks=callbacks,
    )
    return float(model.evaluate(*test, batch_size=1000, verbose=0)[1])


def sgd(options):
    """Nesterov momentum under a cosine, as in the papers."""
    import keras

    schedule = keras.optimizers.schedules.CosineDecay(
        options["learning_rate"], options["steps"]
    )
    return keras.optimizers.SGD(schedule, momentum=0.9, nesterov=True)


def _batches(train, options, seed):
    import tensorflow as tf

    data = tf.data.Dataset.from_tensor_slices(train)
    data = data.shuffle(len(train[1]), seed=seed).repeat()
    if options["augment"]:
        # Flip, and crop out of four more pixels on each side.
        def augment(image, label):
            size = image.shape
            image = tf.image.random_flip_left_right(image)
            image = tf.pad(image, [[4, 4], [4, 4], [0, 0]], "REFLECT")
            return tf.image.random_crop(image, size), label

        data = data.map(augment, num_parallel_calls=tf.data.AUTOTUNE)
    data = data.batch(options["batch_size"], drop_remainder=True)
    return data.prefetch(tf.data.AUTOTUNE)


def summarise(rows):
    """One row per label and sparsity: mean, spread, number of seeds."""
    groups = {}
    for row in rows:
        key = (row["label"], row["sparsity"])
        groups.setdefault(key, []).append(row["accuracy"])
    return [
        {
            "label": label,
            "sparsity": sparsity,
            "mean": float(np.mean(values)),
            "spread": float(np.ptp(values)),
            "seeds": len(values),
        }
        for (label, sparsity), values in groups.items()
    ]


def show(rows, options, title, name):
    """Prints a table; writes JSON and a plot beside it.

    Args:
        rows: what `run_all` returned.
        options: dict of the command's options.
        title: str.
        name: str, of the files in `benchmarks/results`.
    """
    from rich.console import Console

    summary = summarise(rows)
    Console(width=120).print(_table(summary, title))
    output = options["output"] or RESULTS / f"{name}.json"
    output.parent.mkdir(parents=True, exist_ok=True)
    plain = {k: str(v) if k == "output" else v for k, v in options.items()}
    content = {"options": plain, "summary": summary, "runs": rows}
    output.write_text(json.dumps(content, indent=1) + "\n")
    _plot(summary, title, output.with_suffix(".png"))


def _table(summary, title):
    from rich.table import Table

    sparsities = sorted({row["sparsity"] for row in summary})
    table = Table(title=f"{title}: test accuracy, mean (largest - smallest)")
    table.add_column("method")
    for sparsity in sparsities:
        table.add_column(f"{sparsity:.1%}", justify="right")
    for label in dict.fromkeys(row["label"] for row in summary):
        found = {r["sparsity"]: r for r in summary if r["label"] == label}
        cells = [
            f"{found[s]['mean']:.2%} ({100 * found[s]['spread']:.2f})"
            if s in found
            else ""
            for s in sparsities
        ]
        table.add_row(label, *cells)
    return table


def _plot(summary, title, path):
    from matplotlib.figure import Figure

    figure = Figure(figsize=(7, 5), layout="constrained")
    axes = figure.subplots()
    for number, label in enumerate(dict.fromkeys(r["label"] for r in summary)):
        found = [r for r in summary if r["label"] == label]
        found.sort(key=lambda row: row["sparsity"])
        density = [100 * (1 - row["sparsity"]) for row in found]
        means = [100 * row["mean"] for row in found]
        halves = [50 * row["spread"] for row in found]
        style = "--" if number >= 10 else "-"
        axes.errorbar(density, means, halves, marker="o", ls=style, label=label)
    axes.set_xscale("log")
    axes.invert_xaxis()
    axes.set_xlabel("weights that are left, % (log scale)")
    axes.set_ylabel("test accuracy, %")
    axes.set_title(title)
    axes.legend(fontsize=8)
    figure.savefig(path, dpi=120)
