"""From which share of zero blocks on LiteRT's sparse kernel beats the dense.

    python benchmarks/break_even.py
    python benchmarks/break_even.py --rounds 10 --shapes 64x300 1024x1024

For dense layers of several shapes, one row of inputs, one thread: files of a
layer and ten classes behind it, the layer dense and with blocks of 4 (float32)
or 16 (8-bit weights, "dynamic") of which a share has nonzeros, are timed in
turns in one process; a figure is the median over the rounds of the ratio to the
dense file. The break-even lies where the ratios, joined by straight lines,
cross 1. Prints a table beside the limits that `keras_export` keeps to, and
writes `benchmarks/results/break_even.json`. 8-bit layers of more inputs than
their kernel counts are left out.
"""

import argparse
import functools
import json
import pathlib
import tempfile
import time

import keras
import numpy as np
from ai_edge_litert.interpreter import Interpreter
from rich.console import Console
from rich.table import Table
from timing import interleave

import keras_export as ke
from keras_export.break_even import break_even
from keras_export.encodings import BLOCKS, MOST_DYNAMIC_BLOCKS

OUTPUT = pathlib.Path(__file__).parent / "results" / "break_even.json"
SHAPES = (
    *("64x64", "64x300", "128x128", "300x100", "256x256", "784x300"),
    *("512x512", "1000x1000", "1024x1024", "2048x1024", "3584x1024"),
    *("64x512", "64x1024", "64x4096", "128x1024", "1024x64", "4080x64"),
)
SHARES = (0.02, 0.05, 0.1, 0.15, 0.2, 0.3)
SECONDS = 2e-3  # about so long the dense file runs for one timing


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


def run(ready, times):
    """Calls so many times."""
    for _ in range(times):
        ready.invoke()


def measure(shape, arithmetic, rounds):
    """One row of results."""
    with tempfile.TemporaryDirectory() as folder:
        ready = {
            share: interpreter(folder, shape, share, arithmetic)
            for share in (None, *SHARES)
        }
    start = time.perf_counter()
    run(ready[None], 20)
    times = max(3, int(SECONDS * 20 / (time.perf_counter() - start)))
    steps = {
        share: tuple(functools.partial(run, each, n) for n in (2, times))
        for share, each in ready.items()
    }
    taken = interleave(steps, rounds)["wall"]
    ratios = [float(np.median(taken[s] / taken[None])) for s in SHARES]
    return {
        "arithmetic": arithmetic,
        "shape": list(shape),
        "dense_us": float(np.median(taken[None]) / times * 1e6),
        "ratios": dict(zip(map(str, SHARES), ratios, strict=True)),
        "break_even": crossing(SHARES, ratios),
    }


def crossing(shares, ratios):
    """Where the ratios cross 1: 0 if all are above, None if all are below."""
    if ratios[0] >= 1:
        return 0.0
    above = next((i for i, ratio in enumerate(ratios) if ratio >= 1), None)
    if above is None:
        return None
    ends = slice(above - 1, above + 1)
    return float(np.interp(1, ratios[ends], shares[ends]))


def show(rows):
    """Prints the table."""
    title = "Time to dense (in us), by share of nonzero blocks"
    table = Table("inputs x outputs", title=title, box=None)
    for heading in ("us", *map(str, SHARES), "meets 1", "limit"):
        table.add_column(heading, justify="right")
    for row in rows:
        inputs, outputs = row["shape"]
        found = row["break_even"]
        table.add_row(
            f"{row['arithmetic']} {inputs}x{outputs}",
            f"{row['dense_us']:.1f}",
            *(f"{ratio:.2f}" for ratio in row["ratios"].values()),
            f"> {SHARES[-1]}" if found is None else f"{found:.3f}",
            f"{break_even((outputs, inputs), row['arithmetic'], 'x86'):.3f}",
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
        if arithmetic == "float"
        or shape[0] <= BLOCKS[arithmetic] * MOST_DYNAMIC_BLOCKS
    ]
    show(rows)
    options.output.write_text(json.dumps(rows, indent=1) + "\n")


if __name__ == "__main__":
    main()
