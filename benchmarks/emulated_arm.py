"""LiteRT's real aarch64 build under an emulator: does it run sparse?

Emulated instruction-count evidence, not latency: CPU time of an emulated
Cortex-A76 (qemu-user) is about proportional to the instructions executed, and
knows nothing of caches. It shows which kernels run, and that outputs are
right, on a CPU other than the developer's.

    python benchmarks/emulated_arm.py --folder build/emulated-arm

needs Debian or Ubuntu with `apt-get`, and downloads about 150 MB once.
"""

import argparse
import json
import pathlib

import export_models as models
import keras
import numpy as np
from emulated_arm_root import CPU, EmulatedArm
from rich.console import Console
from rich.table import Table

import keras_export

HERE = pathlib.Path(__file__).parent
RESULTS = HERE / "results" / "emulated_arm.json"
LABEL = "emulated instruction-count evidence, not latency"
ZEROS = 0.9


def main():
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--folder", default="build/emulated-arm")
    parser.add_argument("--output", default=str(RESULTS))
    parser.add_argument("--rounds", type=int, default=7)
    options = parser.parse_args()
    machine = EmulatedArm(options.folder)
    machine.prepare()
    rows = measure(machine, options.rounds)
    content = {
        "what": LABEL,
        "cpu": CPU,
        "zeros": ZEROS,
        "rounds": options.rounds,
        "packages": machine.versions(),
        "rows": rows,
    }
    pathlib.Path(options.output).write_text(json.dumps(content, indent=1))
    show(rows)


def measure(machine, rounds):
    """Exports all cases, runs them emulated; returns a list of dicts."""
    folder = machine.folder / "files"
    folder.mkdir(exist_ok=True)
    pairs, inputs, expected, sizes, written = {}, {}, {}, {}, {}

    def written_file(model, sparse):
        key = id(model), sparse
        if key not in written:
            written[key] = str(folder / f"{len(written)}.tflite")
            # Checked below, on the CPU it is for.
            keras_export.litert(
                model,
                written[key],
                target="arm",
                sparse=sparse,
                overwrite=True,
                verify=False,
            )
        return written[key]

    for name, (model, reference) in cases().items():
        files = [written_file(model, "auto"), written_file(reference, False)]
        batch = draw((1, *model.input_shape[1:]))
        inputs[name] = str(folder / f"{len(inputs)}.npy")
        np.save(inputs[name], batch)
        pairs[name] = files
        expected[name] = np.asarray(model(batch))
        sizes[name] = [pathlib.Path(file).stat().st_size for file in files]
    job = folder / "job.json"
    job.write_text(
        json.dumps({"pairs": pairs, "inputs": inputs, "rounds": rounds})
    )
    results = machine.run(HERE / "emulated_arm_worker.py", job)
    return [
        row(name, results[name], expected[name], sizes[name]) for name in pairs
    ]


def row(name, result, expected, sizes):
    start = {"name": name, "size_ratio": sizes[0] / sizes[1]}
    if "error" in result:
        return {**start, "error": result["error"]}
    low, median, high = np.quantile(result["ratios"], (0.25, 0.5, 0.75))
    right_shape = result["shape"] == list(expected.shape)
    # The same number of values in another shape has been seen.
    difference = np.abs(np.array(result["outputs"]) - expected.ravel()).max()
    return {
        **start,
        "cpu_time_ratio": float(median),
        "quartiles": [float(low), float(high)],
        "dense_seconds": result["reference_seconds"],
        "largest_output": float(np.abs(expected).max()),
        "largest_difference": float(difference) if right_shape else None,
    }


def cases():
    """Returns a dict from a name to `(model, its dense reference)`."""
    dense = models.mobilenet()
    sparse = models.sparse(models.mobilenet(), ZEROS)
    # Just under the 2/3 at which XNNPACK begins.
    few = keras_export.xnnpack_ready(models.sparse(models.mobilenet(), 0.6))
    symmetric = keras_export.xnnpack_ready(sparse)
    blocks = models.sparse(models.mlp(), ZEROS, block=4)
    return {
        "MobileNet, ready, 90 % zeros": (symmetric, dense),
        "MobileNet, ready, 60 % zeros": (few, dense),
        "MobileNet, stock padding, 90 % zeros": (sparse, dense),
        "MobileNet, ready, dense": (keras_export.xnnpack_ready(dense), dense),
        "MLP, blocks 1x4, 90 % zeros": (blocks, models.mlp()),
    }


def draw(shape):
    return np.random.default_rng(1).normal(size=shape).astype("float32")


def show(rows):
    table = Table(title=f"CPU time to dense, {CPU}: {LABEL}")
    titles = ("CPU time", "quartiles", "size", "largest output", "difference")
    table.add_column("model")
    for title in titles:
        table.add_column(title, justify="right")
    for each in rows:
        if "error" in each:
            table.add_row(each["name"], each["error"])
            continue
        low, high = each["quartiles"]
        difference = each["largest_difference"]
        table.add_row(
            each["name"],
            f"{each['cpu_time_ratio']:.3f}",
            f"{low:.3f} to {high:.3f}",
            f"{each['size_ratio']:.3f}",
            f"{each['largest_output']:.2f}",
            "wrong shape" if difference is None else f"{difference:.1e}",
        )
    Console().print(table)


if __name__ == "__main__":
    keras.utils.set_random_seed(0)
    main()
