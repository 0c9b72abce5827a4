"""What RigL costs by the number of replicas, and an update by that of weights.

    python benchmarks/scaling.py
    python benchmarks/scaling.py --rounds 10 --replicas 1 2 --sizes 1 10

Replicas are logical CPUs of `tf.distribute.MirroredStrategy`. In one process
per number of replicas, a dense step, an ordinary RigL step and one that moves
the masks are timed in turns, each replica with 64 images of 32x32x3, or 128
vectors; one replica compiled by XLA too. The figure is the median over the
rounds of a ratio to the dense step of the same process, amortised over 100
steps. Updates are timed on one thread in a process per size; the slope is that
of log time by log weights. Prints tables and writes
`benchmarks/results/scaling.json`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

import numpy as np
from rich.console import Console
from rich.table import Table

HERE = pathlib.Path(__file__).parent
OUTPUT = HERE / "results" / "scaling.json"
AT_MOST = 1.05
# Width and number of transformer blocks, about so many million weights.
SIZES = {
    1: (288, 1),
    3: (500, 1),
    10: (912, 1),
    30: (1580, 1),
    100: (2048, 2),
    200: (2048, 4),
}


def child(script, *arguments):
    """Returns what a process of its own printed as JSON on the last line."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    done = subprocess.run(
        command, env=environment, capture_output=True, text=True
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def slopes(rows):
    """What the times say: growth in log-log, and nanoseconds per weight."""
    sizes = np.array([row["parameters"] for row in rows])
    seconds = np.array([row["update_cpu_seconds"] for row in rows])
    growth, _ = np.polyfit(np.log(sizes), np.log(seconds), 1)
    each = seconds / sizes * 1e9
    return {
        "log_log_slope": float(growth),
        "ns_per_weight": [float(each.min()), float(each.max())],
    }


def show(steps, updates, found, console):
    """Prints both tables."""
    table = Table(title="RigL(0.9), update_every=100, to the dense step")
    for heading in ("replicas and model", "wall", "quartiles", "CPU", "bound"):
        table.add_column(heading, justify="right")
    for row in steps:
        low, high = row["wall_quartiles"]
        bound = ""
        if row["at_most"]:
            holds = "holds" if row["wall"] <= row["at_most"] else "fails"
            bound = f"<= {row['at_most']} {holds}"
        numbers = f"{row['wall']:.3f}", f"{low:.3f}-{high:.3f}"
        table.add_row(row["measure"], *numbers, f"{row['cpu']:.3f}", bound)
    console.print(table)
    table = Table("weights", "update, s", "ns per weight", title="One update")
    for row in updates:
        each = row["update_cpu_seconds"] / row["parameters"] * 1e9
        seconds = f"{row['update_cpu_seconds']:.3f}"
        table.add_row(f"{row['parameters']:,}", seconds, f"{each:.1f}")
    console.print(table)
    if found:
        console.print(f"slope in log-log: {found['log_log_slope']:.3f}")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--replicas", type=int, nargs="*", default=[1, 2, 4])
    parser.add_argument("--models", nargs="+", default=["CNN", "MLP"])
    parser.add_argument("--sizes", type=int, nargs="*", default=[*SIZES])
    parser.add_argument("--updates", type=int, default=7)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    steps, updates = [], []
    for model in options.models:
        rounds = ("--rounds", options.rounds)
        for replicas in options.replicas:
            steps += child("scaling_worker.py", model, replicas, *rounds)
        if options.replicas:
            xla = (*rounds, "--jit-compile")
            steps += child("scaling_worker.py", model, 1, *xla)
    for row in steps:
        amortised = "amortised" in row["measure"] and "CNN" in row["measure"]
        row["at_most"] = AT_MOST if amortised else None
    for size in options.sizes:
        width, blocks = SIZES[size]
        shape = ("--width", width, "--blocks", blocks)
        times = ("--updates", options.updates)
        updates.append(child("big_model_worker.py", *shape, *times))
    found = slopes(updates) if len(updates) > 1 else {}
    show(steps, updates, found, Console())
    content = {"steps": steps, "updates": updates, "found": found}
    options.output.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
