"""How the benchmarks of subclass distillation repeat, show and write."""

import json

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table


def repeat(experiment, seeds, options, path, name, title, published=None):
    """Runs an experiment for each seed; writes after each, then prints.

    Args:
        experiment: function of a seed to {network: {measure: number}}.
        seeds: int, how many.
        options: dict of plain values, written beside the figures.
        path: `pathlib.Path` of a JSON file; its other parts stay.
        name: str, the part of the file that is written.
        title: str, of the table.
        published: dict from a network to an error to print beside ours.
    """
    rows = []
    for seed in range(seeds):
        keras.utils.set_random_seed(seed)
        rows.append({"seed": seed, "networks": experiment(seed)})
        print(f"{name}, seed {seed}: {rows[-1]['networks']}", flush=True)
        content = {
            "keras": keras.__version__,
            "tensorflow": tf.__version__,
            "options": options,
            "mean": means(rows),
            "seeds": rows,
        }
        save(path, name, content)
        keras.backend.clear_session()
    Console(width=120).print(table(rows, title, published or {}))


def save(path, name, content):
    """Writes one part of a JSON file, and keeps its others."""
    found = json.loads(path.read_text()) if path.exists() else {}
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps({**found, name: content}, indent=1) + "\n")


def means(rows):
    """The mean of each measure over the seeds, by network."""
    networks = rows[0]["networks"]
    return {
        name: {
            key: float(np.mean([row["networks"][name][key] for row in rows]))
            for key in networks[name]
        }
        for name in networks
    }


def table(rows, title, published):
    """A table of the test errors in % and of what the subclasses are."""
    shown = Table(title=f"{title}: test error in %")
    shown.add_column("network")
    for row in rows:
        shown.add_column(f"seed {row['seed']}", justify="right")
    others = ["mean", "10-way accuracy", "NMI", "subclasses used", "minutes"]
    if published:
        others.insert(1, "published")
    for column in others:
        shown.add_column(column, justify="right")
    for name, mean in means(rows).items():
        errors = [row["networks"][name]["error"] for row in rows]
        cells = [f"{100 * error:.2f}" for error in (*errors, mean["error"])]
        if published:
            theirs = published.get(name)
            cells.append("" if theirs is None else f"{100 * theirs:.2f}")
        for key, form in (("assignment", ".3f"), ("nmi", ".3f"), ("used", "g")):
            cells.append(format(mean[key], form) if key in mean else "")
        cells.append(f"{mean['seconds'] / 60:.1f}")
        shown.add_row(name, *cells)
    return shown
