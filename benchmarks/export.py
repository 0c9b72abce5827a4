"""Size and latency of exports, relative to the dense float32 export.

    python benchmarks/export.py
    python benchmarks/export.py --rounds 20 --networks mlp

A multilayer perceptron (784-1000-1000-10) and MobileNetV1 (96 x 96 pixels,
alpha 0.5) with random weights, zeros planted as the device profiles of
keras_sparse train them. All files of a network run in turns in one process with
the default interpreter; medians of the paired ratios and their quartiles. Each
file was verified in every interpreter configuration when it was written. Prints
tables, writes `benchmarks/results/export.json`. About five minutes.
"""

import argparse
import dataclasses
import json
import os
import pathlib
import tempfile

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")

import export_models as models
import numpy as np
from rich.console import Console
from rich.table import Table

import keras_export as ke
from keras_sparse import device_profile

RESULTS = pathlib.Path(__file__).parent / "results"
# Hidden units that leave 10 % of the perceptron's weights: 183 of 1000.
DEAD = 0.817


@dataclasses.dataclass(frozen=True)
class Export:
    """One file: a model, how it is exported, and the bounds it must keep.

    Attributes:
        name: str, its row in the table.
        make: function without arguments that gives the model.
        arguments: dict of `keras_export.litert`.
        profile: str, the device profile that leads there, or "".
        latency, size: float, largest ratio wanted, or None: not bounded.
    """

    name: str
    make: object
    arguments: dict
    profile: str = ""
    latency: float | None = None
    size: float | None = None


def profiled(name, make, profile, latency, size):
    """An export with the arguments of a device profile."""
    arguments = device_profile(profile).export
    return Export(name, make, arguments, profile, latency, size)


def mlp_exports(sparsity):
    """Files of the perceptron, the dense one first."""

    def zeros(block):
        return lambda: models.sparse(models.mlp(), sparsity, block)

    def compacted():
        return ke.compact(models.with_dead_units(models.mlp(), DEAD))

    return [
        Export("dense", models.mlp, {}),
        Export("dense, dynamic", models.mlp, {"quantize": "dynamic"}),
        Export("dense, int8", models.mlp, {"quantize": "int8"}),
        Export("single weights", zeros(1), {}, size=0.16),
        profiled("blocks of 4", zeros(4), "x86", 0.60, 0.11),
        profiled(
            "blocks of 16, dynamic", zeros(16), "x86-dynamic", 0.12, 0.035
        ),
        profiled("compacted", compacted, "any", 0.10, None),
        profiled("compacted, dynamic", compacted, "any-dynamic", 0.03, None),
    ]


def mobilenet_exports(sparsity):
    """Files of the convolutional network, the dense one first."""

    def zeros():
        ready = ke.xnnpack_ready(models.mobilenet())
        return models.sparse(ready, sparsity)

    def compacted():
        return ke.compact(models.with_dead_units(models.mobilenet(), 0.5))

    return [
        Export("dense", models.mobilenet, {}),
        Export("dense, int8", models.mobilenet, {"quantize": "int8"}),
        profiled("single weights of 1x1", zeros, "arm", None, 0.17),
        profiled("half of the channels", compacted, "any", None, None),
        Export(
            "half of the channels, int8",
            compacted,
            {"quantize": "int8"},
            latency=0.25,
            size=0.12,
        ),
    ]


NETWORKS = {
    "mlp": (mlp_exports, (784,), "784-1000-1000-10"),
    "mobilenet": (mobilenet_exports, (96, 96, 3), "MobileNetV1 96 x 96, 0.5"),
}


def measure(network, sparsity, threads, rounds):
    """Exports all files of a network and times them in turns.

    Returns:
        List of dicts, one per file and number of threads.
    """
    make_exports, shape, _ = NETWORKS[network]
    inputs = np.random.default_rng(0).random((100, *shape), "float32")
    with tempfile.TemporaryDirectory() as folder:
        files, reports = {}, {}
        for export in make_exports(sparsity):
            path = f"{folder}/{len(files)}.tflite"
            int8 = export.arguments.get("quantize") == "int8"
            reports[export.name] = (
                export,
                ke.litert(
                    export.make(),
                    path,
                    representative_data=inputs if int8 else None,
                    samples=inputs[:8],
                    **export.arguments,
                ),
            )
            files[export.name] = path
        rows = ke.benchmark(files, inputs[:1], threads=threads, repeats=rounds)
        return [_row(network, row, rows[0], *reports[row.name]) for row in rows]


def _row(network, row, first, export, report):
    encodings = {w.encoding for w in report.weights if len(w.shape) > 1}
    return {
        "network": network,
        "file": row.name,
        "profile": export.profile,
        "encodings": sorted(encodings),
        "threads": row.threads,
        "latency": row.ratio,
        "latency_low": row.ratio_low,
        "latency_high": row.ratio_high,
        "latency_bound": export.latency if row.threads == 1 else None,
        "bytes": row.bytes,
        "size": row.bytes / first.bytes,
        "size_bound": export.size,
        "gzip": row.gzip_bytes / first.bytes,
        "difference": report.difference,
    }


def table(rows, title):
    """The rows as a `rich.table.Table`."""
    found = Table(title=title)
    for column in ("file", "device profile", "encodings"):
        found.add_column(column)
    columns = ("threads", "latency", "quartiles", "size", "gzip", "bounds")
    for column in columns:
        found.add_column(column, justify="right")
    for row in rows:
        found.add_row(
            row["file"],
            row["profile"],
            ", ".join(row["encodings"]),
            str(row["threads"]),
            f"{row['latency']:.3f}",
            f"{row['latency_low']:.3f} to {row['latency_high']:.3f}",
            f"{row['size']:.3f}",
            f"{row['gzip']:.3f}",
            _bounds(row),
        )
    return found


def _bounds(row):
    said = []
    for name in ("latency", "size"):
        bound = row[f"{name}_bound"]
        if bound is not None:
            kept = "kept" if row[name] <= bound else "MISSED"
            said.append(f"{name} {bound:g} {kept}")
    return ", ".join(said)


def main():
    """Measures, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--networks", nargs="+", default=list(NETWORKS))
    parser.add_argument("--sparsity", type=float, default=0.9)
    parser.add_argument("--threads", type=int, nargs="+", default=[1, 2])
    parser.add_argument("--rounds", type=int, default=100)
    parser.add_argument(
        "--output", type=pathlib.Path, default=RESULTS / "export.json"
    )
    options = parser.parse_args()
    console = Console(width=140)
    console.print(ke.cpu_model())
    rows = []
    for network in options.networks:
        found = measure(
            network, options.sparsity, options.threads, options.rounds
        )
        title = f"{NETWORKS[network][2]}, {options.sparsity:.0%} zeros, batch 1"
        console.print(table(found, title))
        rows += found
    content = {
        "cpu": ke.cpu_model(),
        "sparsity": options.sparsity,
        "rounds": options.rounds,
        "rows": rows,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(content, indent=1) + "\n")


if __name__ == "__main__":
    main()
