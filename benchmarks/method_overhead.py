"""What a training step of each method costs beside a plain one.

    python benchmarks/method_overhead.py
    python benchmarks/method_overhead.py --methods Static DeepR STE TopKAST

Ratios of two steps timed in turns in one process, on the CPU with TensorFlow:
medians over the rounds. Methods that move their masks every 100 steps are
timed apart at ordinary steps and at those that move, and averaged; the others
do all their work at every step. Prints a table and writes
`benchmarks/results/method_overhead.json`.
"""

import argparse
import functools
import json
import pathlib

import keras
from overhead_worker import sparse_model
from rich.console import Console
from rich.table import Table
from timing import (
    BATCH_SIZES,
    UPDATE_EVERY,
    amortised,
    build_model,
    compare,
    interleave,
    over,
    training_step,
)

import keras_sparse as ks

OUTPUT = pathlib.Path(__file__).parent / "results" / "method_overhead.json"
CUBIC = ks.PolynomialDecay(0.0, 0.9, 0, 100_000, frequency=UPDATE_EVERY)
MOVING = {
    "SET": ks.SET(0.9),
    "RigL": ks.RigL(0.9),
    "RigL, ConstantFanIn": ks.RigL(0.9, pattern=ks.ConstantFanIn()),
    "SNFS": ks.SNFS(0.9),
    "DSR": ks.DSR(0.9),
    "GraNet": ks.GraNet(0.5, 0.9, 0, 100_000),
    "MagnitudePruning, layer": ks.MagnitudePruning(CUBIC),
    "MagnitudePruning, global": ks.MagnitudePruning(CUBIC, scope="global"),
    "DeepR, each 100": ks.DeepR(0.9, update_every=UPDATE_EVERY),
    "TopKAST, each 100": ks.TopKAST(0.9, 0.8, update_every=UPDATE_EVERY),
}
EACH_STEP = {
    "Static": ks.Static(0.9),
    "DeepR": ks.DeepR(0.9),
    "STE": ks.STE(0.9),
    "TopKAST": ks.TopKAST(0.9, 0.8),
}


def measure(name, methods, rounds):
    """Rows of one model, "CNN" or "MLP" of `timing.build_model`."""
    rows = []
    for label in methods:
        method = (EACH_STEP | MOVING)[label]
        model, optimizer = sparse_model(name, method)
        step = training_step(model, name)

        def from_step(number, optimizer=optimizer, step=step):
            optimizer.iterations.assign(number)
            step()

        # SET and the like move after training, when a step more is done.
        due = UPDATE_EVERY - 1 - (not method.update_replaces_step)
        steps = {
            "plain": training_step(build_model(keras, name), name),
            "ordinary": (functools.partial(from_step, 0), step),
            "due": (functools.partial(from_step, due), step),
        }
        if label in EACH_STEP:
            ratio = over("ordinary")
            del steps["due"]
        else:
            _check_moves(optimizer, from_step, step, due)
            ratio = amortised("ordinary", "due")
        times = interleave(steps, rounds)
        rows.append(
            {**compare(times, label, ratio), "model": name, "method": label}
        )
        keras.backend.clear_session()
    return rows


def _check_moves(optimizer, from_step, step, due):
    """Raises RuntimeError unless the step that is timed updates the masks."""
    from_step(due)
    before = optimizer.mask_updates
    step()
    if optimizer.mask_updates != before + 1:
        raise RuntimeError(f"No update at step {due + 1}.")


def _table(rows):
    title = "A step over a plain one, wall clock (CPU time)"
    table = Table(title=title)
    table.add_column("method")
    for name in BATCH_SIZES:
        table.add_column(name, justify="right")
    for label in dict.fromkeys(row["method"] for row in rows):
        found = {r["model"]: r for r in rows if r["method"] == label}
        cells = [
            f"{found[name]['wall']:.2f} ({found[name]['cpu']:.2f})"
            for name in BATCH_SIZES
        ]
        each = "" if label in MOVING else ", each step"
        table.add_row(label + each, *cells)
    return table


def main():
    """Times, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    every = [*EACH_STEP, *MOVING]
    parser.add_argument("--methods", nargs="+", choices=every, default=every)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    arguments = parser.parse_args()
    rows = [
        row
        for name in BATCH_SIZES
        for row in measure(name, arguments.methods, arguments.rounds)
    ]
    Console().print(_table(rows))
    arguments.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
