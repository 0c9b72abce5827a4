"""What sparse training costs in time and memory, and what tfmot's costs.

    python benchmarks/training_overhead.py
    python benchmarks/training_overhead.py --quick
    python benchmarks/training_overhead.py --tfmot-python PATH

Every figure is a ratio of two things timed in turns in one process, on the CPU
with TensorFlow: the median over the rounds, by the wall clock and by the CPU
time of the process, which other programs disturb less. PATH is the Python of
an environment with the packages of the `[tfmot]` extra, by default this one.
The table is also saved as JSON. About ten minutes; with --quick, which leaves
tfmot out unless PATH is given, one.
"""

import argparse
import importlib.util
import json
import os
import platform
import subprocess
import sys
from importlib import metadata
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.table import Table

HERE = Path(__file__).parent
UPDATE_AT_MOST = 3.0  # passes of 64 rows, on one thread
TFMOT_AT_LEAST = 5.0  # times the time of our update


def start(script, section, rounds, threads=0, python=sys.executable):
    """Times one section in a process of its own; returns its rows."""
    numbers = ["--rounds", str(rounds), "--threads", str(threads)]
    environment = {
        **os.environ,
        "CUDA_VISIBLE_DEVICES": "-1",
        "KERAS_BACKEND": "tensorflow",
        "TF_CPP_MIN_LOG_LEVEL": "3",
        "TF_USE_LEGACY_KERAS": "1" if script == "tfmot_peer.py" else "0",
    }
    command = [python, str(HERE / script), section, *numbers]
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def measure_updates(rounds, tfmot_python):
    """Section B: a mask update on one thread and on all of them."""
    rows = []
    for threads, words in ((1, "1 thread"), (0, "all threads")):
        ours = start("overhead_worker.py", "update", rounds, threads)
        if threads == 1:
            ours[0]["at_most"] = UPDATE_AT_MOST
        rows += [_renamed(row, f"{row['measure']}, {words}") for row in ours]
        if tfmot_python is None:
            continue
        peer = start("tfmot_peer.py", "update", rounds, threads, tfmot_python)
        rows += [_renamed(row, f"tfmot update, {words}") for row in peer]
        for own in ours:
            name = f"tfmot update / {own['measure']}, {words}"
            rows.append(_quotient(peer[0], own, name))
    return rows


def _renamed(row, name):
    return {**row, "measure": name}


def _quotient(peer, own, name):
    """How many times longer; each was measured in passes of its process."""
    at_least = TFMOT_AT_LEAST if own["measure"] == "drop_and_grow" else None
    return {
        "measure": name,
        "wall": peer["wall"] / own["wall"],
        "cpu": peer["cpu"] / own["cpu"],
        "at_least": at_least,
        "load": max(peer["load"], own["load"]),
    }


def measure(rounds, tfmot_python):
    """Returns a dict section title -> rows."""
    worker, peer = "overhead_worker.py", "tfmot_peer.py"
    tfmot = [
        {"measure": "not measured: install the [tfmot] extra or pass PATH"}
    ]
    if tfmot_python is not None:
        tfmot = start(peer, "steps", rounds, python=tfmot_python)
    return {
        "A. Training step / plain Keras step": start(worker, "steps", rounds),
        "B. Mask update, 1M weights / matmul pass of 64 rows": (
            measure_updates(rounds, tfmot_python)
            + (tfmot if tfmot_python is None else [])
        ),
        "C. tfmot training step / plain tf_keras step": tfmot,
        "D. SGD with masks / SGD, 4M weights": start(worker, "masks", rounds),
    }


def verdict(row):
    """Returns the bound of a row in words and whether it holds."""
    most, least = row.get("at_most"), row.get("at_least")
    if most is not None:
        return f"<= {most:.2f}", row["wall"] <= most
    if least is not None:
        return f">= {least:.1f}", row["wall"] >= least
    return "", None


def show(sections, console):
    """Prints the table."""
    table = Table(title="Cost of sparse training (ratios, medians)")
    table.add_column("measure", overflow="fold")
    for heading in ("wall", "quartiles", "CPU", "unit ms", "bound", ""):
        table.add_column(heading, justify="right", no_wrap=True)
    for title, rows in sections.items():
        table.add_section()
        table.add_row(f"[bold]{title}")
        for row in rows:
            table.add_row(escape(row["measure"]), *_cells(row))
    console.print(table)


def _cells(row):
    if "wall" not in row:
        return ()
    low, high = row.get("wall_quartiles", (None, None))
    bound, holds = verdict(row)
    words = {None: "", True: "[green]holds", False: "[red]fails"}
    return (
        f"{row['wall']:.3f}",
        "" if low is None else f"{low:.3f}-{high:.3f}",
        f"{row['cpu']:.3f}",
        f"{row['unit_ms']:.2f}" if "unit_ms" in row else "",
        bound,
        words[holds],
    )


def save(sections, path, rounds):
    """Writes the rows, with the bounds and the machine, as JSON."""
    packages = ("keras", "keras-sparse", "numpy", "tensorflow")
    rows = {
        title: [{**row, "holds": verdict(row)[1]} for row in rows]
        for title, rows in sections.items()
    }
    record = {
        "rounds": rounds,
        "machine": f"{platform.machine()}, {os.cpu_count()} CPU cores",
        "python": platform.python_version(),
        "versions": {name: metadata.version(name) for name in packages},
        "sections": rows,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(record, indent=2) + "\n")


def main():
    default = HERE / "results" / "training_overhead.json"
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=Path, default=default)
    parser.add_argument("--quick", action="store_true", help="2 rounds")
    parser.add_argument("--rounds", type=int, default=80)
    parser.add_argument("--tfmot-python", metavar="PATH")
    arguments = parser.parse_args()
    rounds, python = arguments.rounds, arguments.tfmot_python
    if arguments.quick:
        rounds = 2
    elif importlib.util.find_spec("tensorflow_model_optimization"):
        python = python or sys.executable
    sections = measure(rounds, python)
    console = Console(width=100)
    show(sections, console)
    save(sections, arguments.output, rounds)
    console.print(f"Saved {arguments.output}; load {os.getloadavg()[0]:.1f}.")


if __name__ == "__main__":
    main()
