"""What all peers do with the plan, each in a process of its own.

The process prints two lines of JSON: the versions of its packages, before
anything can fail, and at the end its results.
"""

import json
import platform
import sys
from importlib import metadata

import numpy as np
from peer_plan import TIMED_STEPS, Inputs
from timing import interleave


def work(train, timed, packages):
    """Trains every sparsity and seed, times the steps, prints the results.

    Args:
        train: function (inputs, peer, sparsity, seed) -> dict of numbers; it
            leaves what the first seed trained at `inputs.stem`.
        timed: function (inputs, peer) -> dict name -> function that makes
            `TIMED_STEPS` steps: "dense" and, of a sparse peer, "sparse".
        packages: names of the packages whose versions matter.
    """
    folder, peer, kind = sys.argv[1:]
    versions = {name: metadata.version(name) for name in packages}
    versions["python"] = platform.python_version()
    print(json.dumps(versions), flush=True)
    inputs = Inputs(folder)
    wanted = [0.0] if kind == "dense" else inputs.plan.sparsities
    peak, runs = None, []
    for sparsity in wanted:
        for seed in range(inputs.plan.seeds):
            found = train(inputs, peer, sparsity, seed)
            runs.append({"sparsity": sparsity, "seed": seed, **found})
            peak = peak or most_resident()
    result = {
        "runs": runs,
        "peak_mb": peak,
        **step_cost(timed(inputs, peer), inputs.plan.rounds),
    }
    print(json.dumps(result))


def step_cost(calls, rounds):
    """Median time of a step, and of the paired ratios to the dense one."""
    nothing = (lambda: None,)
    times = interleave({k: (*nothing, v) for k, v in calls.items()}, rounds)
    wall, cpu = times["wall"], times["cpu"]
    last = "sparse" if "sparse" in calls else "dense"
    ratios = wall[last] / wall["dense"]
    low, middle, high = np.quantile(ratios, (0.25, 0.5, 0.75))
    return {
        "step_cpu_ms": float(1000 * np.median(cpu[last]) / TIMED_STEPS),
        "step_ratio": float(middle),
        "step_low": float(low),
        "step_high": float(high),
        "step_ratio_cpu": float(np.median(cpu[last] / cpu["dense"])),
    }


def most_resident():
    """The most megabytes that this process has held (Linux).

    Not `resource.getrusage`: its figure begins with that of the parent.
    """
    with open("/proc/self/status") as file:
        line = next(line for line in file if line.startswith("VmHWM"))
    return int(line.split()[1]) / 1024
