"""The masks of a model of a billion weights: plan, simulation, check.

    python benchmarks/big_model.py
    python benchmarks/big_model.py --checks 10

The plan counts bytes on paper (`big_model_plan.py`). The simulation times the
update of one block of 12.6 million weights, on one thread, and takes as long
for each weight of a larger model. Both are checked against models of 10, 50
and 200 million weights, each measured in processes of its own: the peak of the
resident set, with an allocator that returns what is freed, and CPU time, with
TensorFlow's own. Prints tables, writes `benchmarks/results/big_model.json`.
"""

import argparse
import json
import os
import pathlib
import subprocess
import sys

from big_model_plan import kernels, plan
from rich.console import Console
from rich.table import Table

HERE = pathlib.Path(__file__).parent
OUTPUT = HERE / "results" / "big_model.json"
BILLION = (2048, 20)  # width and number of transformer blocks
SIMULATED = (1024, 1)
CHECKS = {10: (912, 1), 50: (2048, 1), 200: (2048, 4)}
PHASES = ("build", "step", "update")
WITHIN = 0.2
# TensorFlow's allocator for oneDNN never returns memory; that of the C
# library does, where it maps every large block by itself.
RETURNING = {
    "TF_ENABLE_ONEDNN_OPTS": "0",
    "MALLOC_MMAP_THRESHOLD_": "65536",
}


def measure(width, blocks, updates, environment=None):
    """What `big_model_worker.py` prints, from a process of its own."""
    shape = ["--width", str(width), "--blocks", str(blocks)]
    command = [sys.executable, str(HERE / "big_model_worker.py"), *shape]
    done = subprocess.run(
        [*command, "--updates", str(updates)],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", **(environment or {})},
        capture_output=True,
        text=True,
    )
    if done.returncode:
        raise RuntimeError(f"{' '.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout.splitlines()[-1])


def check(size, seconds_per_weight, updates):
    """Rows of one size: what, planned, measured."""
    planned = plan(kernels(*CHECKS[size]))
    memory = measure(*CHECKS[size], updates, RETURNING)
    timed = measure(*CHECKS[size], updates)
    rows = [
        (f"{phase}, bytes", planned[phase], memory["most_bytes"][phase])
        for phase in PHASES
    ]
    time = planned["parameters"] * seconds_per_weight
    rows.append(("update, CPU s", time, timed["update_cpu_seconds"]))
    return [
        {
            "parameters": planned["parameters"],
            "what": what,
            "planned": expected,
            "measured": found,
            "off": found / expected - 1,
            "load": timed["load"],
        }
        for what, expected, found in rows
    ]


def show(billion, rows, console):
    """Prints the plan and its check."""
    table = Table("of a model of a billion weights", "planned")
    for name, value in billion.items():
        shown = f"{value:,.2f}" if isinstance(value, float) else f"{value:,}"
        table.add_row(name, shown)
    console.print(table)
    table = Table("weights", "what", "planned", "measured", "off", "")
    for row in rows:
        unit = 1e6 if "bytes" in row["what"] else 1
        numbers = [f"{row[key] / unit:,.2f}" for key in ("planned", "measured")]
        what = row["what"].replace("bytes", "MB")
        holds = "" if abs(row["off"]) <= WITHIN else "more than 20 %"
        each = f"{row['parameters']:,}", what, *numbers
        table.add_row(*each, f"{row['off']:+.1%}", holds)
    console.print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--checks", type=int, nargs="*", default=[*CHECKS])
    parser.add_argument("--updates", type=int, default=5)
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    simulated = measure(*SIMULATED, options.updates)
    each = simulated["update_cpu_seconds"] / simulated["parameters"]
    billion = plan(kernels(*BILLION))
    billion["update_seconds"] = billion["parameters"] * each
    rows = []
    for size in options.checks:
        rows += check(size, each, options.updates)
    show(billion, rows, Console())
    content = {"billion": billion, "seconds_per_weight": each, "checks": rows}
    options.output.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
