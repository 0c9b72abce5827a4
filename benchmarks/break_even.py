"""From which share of zero blocks on LiteRT's sparse kernel beats the dense.

    python benchmarks/break_even.py
    python benchmarks/break_even.py --rounds 10 --shapes 64x300 1024x1024

For dense layers of several shapes, one row of inputs, one thread: files of a
layer and ten classes behind it, the layer dense and with blocks of 4 (float32)
or 16 (8-bit weights, "dynamic") of which a share has nonzeros, are timed in
turns in one process; a figure is the median over the rounds of the ratio to the
dense file. The break-even is where a line through the ratios meets 1. Prints a
table beside the limits of `keras_export.encodings`, that the export keeps to,
and writes `benchmarks/results/break_even.json`.
"""

import argparse
import json
import pathlib
import tempfile
import time

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from rich.console import Console
from rich.table import Table

import keras_export as ke
from keras_export.encodings import BLOCKS, Setting, break_even

OUTPUT = pathlib.Path(__file__).parent / "results" / "break_even.json"
SHAPES = (
    *("64x64", "64x300", "128x128", "300x100", "256x256", "784x300"),
    *("512x512", "1000x1000", "1024x1024", "2048x1024", "3584x1024"),
)
SHARES = (0.02, 0.05, 0.1, 0.15, 0.2)
SECONDS = 2e-3  # of one timing, at least


def interpreter(folder, shape, share, arithmetic):
    """The file of a layer of `shape`, ready to run; share None: dense."""
    inputs, outputs = shape
    layers = [keras.layers.Dense(outputs, "relu"), keras.layers.Dense(10)]
    model = keras.Sequential([keras.Input((inputs,)), *layers])
    generator = np.random.default_rng(0)
    kernel = generator.normal(size=shape)
    if share is not None:
        size = BLOCKS[arithmetic]
        stays = generator.random((-(-inputs // size), outputs)) < share
        kernel *= stays.repeat(size, axis=0)[:inputs]
    layers[0].kernel.assign(kernel)
    path = pathlib.Path(folder) / f"{inputs}-{outputs}-{share}.tflite"
    report = ke.litert(
        model,
        path,
        sparse=share is not None,
        quantize=None if arithmetic == "float" else arithmetic,
        batch_size=1,
        verify=False,
        overwrite=True,
    )
    encodings = [row.encoding for row in report.weights]
    if share is not None and f"block 1x{BLOCKS[arithmetic]}" not in encodings:
        raise RuntimeError(f"{path.name} has no blocks: {encodings}")
    found = Interpreter(str(path), num_threads=1)
    found.allocate_tensors()
    place = found.get_input_details()[0]
    values = generator.normal(size=place["shape"]).astype("float32")
    found.set_tensor(place["index"], values)
    return found


def seconds(ready, times):
    """Of one call, the mean of so many."""
    start = time.perf_counter()
    for _ in range(times):
        ready.invoke()
    return (time.perf_counter() - start) / times


def measure(shape, arithmetic, rounds):
    """One row of results."""
    with tempfile.TemporaryDirectory() as folder:
        ready = {
            share: interpreter(folder, shape, share, arithmetic)
            for share in (None, *SHARES)
        }
    times = max(3, int(SECONDS / seconds(ready[None], 20)))
    taken = {share: [] for share in ready}
    for _ in range(rounds):
        for share, each in ready.items():
            seconds(each, 2)
            taken[share].append(seconds(each, times))
    taken = {share: np.array(each) for share, each in taken.items()}
    ratios = [float(np.median(taken[s] / taken[None])) for s in SHARES]
    slope, start = np.polyfit(SHARES, ratios, 1)
    weights = shape[0] * shape[1]
    return {
        "arithmetic": arithmetic,
        "shape": list(shape),
        "dense_us": float(np.median(taken[None]) * 1e6),
        "ratios": dict(zip(map(str, SHARES), ratios, strict=True)),
        "break_even": max(0.0, float((1 - start) / slope)),
        "limit": break_even(weights, arithmetic, Setting("x86")),
    }


def show(rows):
    """Prints the table."""
    headings = ("layer", "dense, us", *map(str, SHARES), "meets 1", "limit")
    table = Table(*headings, title="Time to dense, by share of nonzero blocks")
    for row in rows:
        inputs, outputs = row["shape"]
        table.add_row(
            f"{row['arithmetic']} {inputs}x{outputs}",
            f"{row['dense_us']:.1f}",
            *(f"{ratio:.2f}" for ratio in row["ratios"].values()),
            f"{row['break_even']:.3f}",
            f"{row['limit']:.3f}",
        )
    Console().print(table)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--shapes", nargs="+", default=SHAPES)
    parser.add_argument(
        "--arithmetic",
        nargs="+",
        choices=("float", "dynamic"),
        default=("float", "dynamic"),
    )
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    options = parser.parse_args()
    shapes = [tuple(map(int, s.split("x"))) for s in options.shapes]
    rows = [
        measure(shape, arithmetic, options.rounds)
        for arithmetic in options.arithmetic
        for shape in shapes
    ]
    show(rows)
    options.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
