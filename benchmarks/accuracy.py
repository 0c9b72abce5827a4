"""Test accuracy of sparse models beside their dense twins, over seeds.

    python benchmarks/accuracy.py --dataset digits --seeds 5
    python benchmarks/accuracy.py --dataset mnist --seeds 3 \
        --data-dir DIR --runs dense rigl:0.9 rigl:0.98 \
        static:0.98

Trains what `keras-sparse train` trains, with its defaults, once per run and
seed; prints a table and writes `benchmarks/results/accuracy-<dataset>.json`.
"""

import argparse
import json
import pathlib
import tempfile

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

from keras_sparse import datasets, training
from keras_sparse.settings import Settings

RESULTS = pathlib.Path(__file__).parent / "results"


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--dataset", default="digits")
    parser.add_argument("--data-dir")
    parser.add_argument("--model", default="mlp")
    parser.add_argument("--distribution", default="erk")
    parser.add_argument("--epochs", type=int, default=0)
    parser.add_argument("--seeds", type=int, default=5)
    parser.add_argument("--runs", nargs="+", default=["dense", "rigl:0.9"])
    parser.add_argument("--output", type=pathlib.Path)
    arguments = parser.parse_args()
    tf.config.experimental.enable_op_determinism()
    data = datasets.load(arguments.dataset, arguments.data_dir)
    rows = [_row(run, arguments, data) for run in arguments.runs]
    Console().print(_table(rows, arguments))
    name = f"accuracy-{arguments.dataset}.json"
    output = arguments.output or RESULTS / name
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(rows, indent=2) + "\n")


def _row(run, arguments, data):
    method, _, sparsity = run.partition(":")
    accuracies = []
    for seed in range(arguments.seeds):
        settings = Settings(
            dataset=arguments.dataset,
            model=arguments.model,
            method="rigl" if method == "dense" else method,
            sparsity=float(sparsity or 0),
            distribution=arguments.distribution,
            epochs=arguments.epochs,
            seed=seed,
        ).with_defaults()
        kind = "dense" if method == "dense" else "sparse"
        with tempfile.TemporaryDirectory() as folder:
            state = pathlib.Path(folder) / "state"
            _, progress = training.train(
                settings, data, kind, state, report=lambda line: None
            )
        accuracies.append(progress.history[-1]["val_accuracy"])
        keras.backend.clear_session()
    return {
        "run": run,
        "mean": float(np.mean(accuracies)),
        "spread": float(np.ptp(accuracies)),
        "accuracies": accuracies,
        "epochs": settings.epochs,
        "distribution": arguments.distribution,
    }


def _table(rows, arguments):
    title = f"{arguments.model} on {arguments.dataset}, final test accuracy"
    table = Table(title=title)
    table.add_column("run")
    for name in ("mean", "max - min", "points to the first", "seeds"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row["run"],
            f"{row['mean']:.2%}",
            f"{row['spread']:.2%}",
            f"{100 * (row['mean'] - rows[0]['mean']):+.2f}",
            str(len(row["accuracies"])),
        )
    return table


if __name__ == "__main__":
    main()
