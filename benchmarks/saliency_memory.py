"""Peak memory of one saliency method; `saliency.py` runs it in processes.

    python benchmarks/saliency_memory.py SNIP

The last line of the output is a JSON object. Linux only.
"""

import argparse
import json
import os
import time
from pathlib import Path

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

import keras
import numpy as np

from keras_sparse.saliency import grasp, magnitude, snip, synflow

UNITS, DEPTH = 2048, 16
SCORED = {
    "SNIP": lambda model, x, y: snip(model, x, y, 0.9, batch_size=8),
    "GraSP": lambda model, x, y: grasp(model, x, y, 0.9, batch_size=8),
    "SynFlow": lambda model, x, y: synflow(model, 0.9, 3),
    "magnitude": lambda model, x, y: magnitude(model, 0.9),
}


def crossentropy():
    """The loss of every net here."""
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def data(*shape):
    """Made-up examples of ten classes."""
    generator = np.random.default_rng(0)
    x = generator.normal(size=shape).astype("float32")
    return x, generator.integers(0, 10, size=shape[0])


def peak_copies(name):
    """Peak memory of one method, in copies of the weights, and its seconds."""
    warm_up(name)
    hidden = [
        keras.layers.Dense(UNITS, activation="relu") for _ in range(DEPTH)
    ]
    model = keras.Sequential(
        [keras.Input((UNITS,)), *hidden, keras.layers.Dense(10)]
    )
    model.compile("sgd", crossentropy())
    held = memory("VmRSS")
    Path("/proc/self/clear_refs").write_text("5")  # forget the peak so far
    seconds = time.perf_counter()
    SCORED[name](model, *data(16, UNITS))
    seconds = time.perf_counter() - seconds
    copy = 4 * model.count_params()
    return {
        "copies": (memory("VmHWM") - held) / copy,
        "copy_MB": copy / 1e6,
        "seconds": seconds,
    }


def warm_up(name):
    """Loads what the libraries load at their first call."""
    model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(10)])
    model.compile("sgd", crossentropy())
    SCORED[name](model, *data(16, 4))


def memory(field):
    """Memory of this process in bytes: VmRSS now, VmHWM at its peak."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith(field):
            return int(line.split()[1]) * 1024
    raise RuntimeError(f"/proc/self/status does not say {field}.")


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("method", choices=SCORED)
    print(json.dumps(peak_copies(parser.parse_args().method)))


if __name__ == "__main__":
    main()
