"""Measures the masks of one transformer; `big_model.py` runs it in processes.

    python benchmarks/big_model_worker.py --width 912 --blocks 1

Prints a JSON dict. Memory is the most that the process held in one phase (the
peak of its resident set, VmHWM, which is reset before each), without what it
held before the model was made. One thread.
"""

import argparse
import json
import math
import os
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from big_model_plan import kernels

import keras_sparse as ks

STATUS = pathlib.Path("/proc/self/status")
CLEAR = pathlib.Path("/proc/self/clear_refs")
UPDATE_EVERY = 100


def held(field):
    """Bytes: `VmRSS` now, or `VmHWM`, the most since the last reset."""
    line = next(
        line for line in STATUS.read_text().splitlines() if field in line
    )
    return int(line.split()[1]) * 1024


class Phases:
    """The most memory that each phase held, above the start."""

    def __init__(self):
        self.start = held("VmRSS")
        self.most = {}

    def run(self, name, function, times=1):
        """Runs a function; returns the CPU seconds of each call."""
        CLEAR.write_text("5")
        seconds = []
        for _ in range(times):
            begun = time.process_time()
            function()
            seconds.append(time.process_time() - begun)
        self.most[name] = held("VmHWM") - self.start
        return seconds


def measure(width, blocks, updates):
    """Dict of bytes and seconds of one model."""
    run(kernels(16, 1), Phases(), 1)  # what TensorFlow makes at first use
    phases = Phases()
    shapes = kernels(width, blocks)
    step, update, masks = run(shapes, phases, updates)
    return {
        "width": width,
        "blocks": blocks,
        "parameters": sum(math.prod(shape) for shape in shapes),
        "most_bytes": phases.most,
        "step_cpu_seconds": float(np.median(step)),
        "update_cpu_seconds": float(np.median(update)),
        "kept": sum(int(mask.sum()) for mask in masks.values()),
        "load": os.getloadavg()[0],
    }


def run(shapes, phases, times):
    """Makes a model and its gradients, steps, and moves the masks.

    Returns:
        CPU seconds of each ordinary step, of each update, and the masks.
    """
    variables, gradients = [], []

    def make():
        initialise = keras.initializers.RandomNormal(seed=0)
        for i, shape in enumerate(shapes):
            with keras.name_scope(f"k{i}"):
                value = keras.Variable(initialise, shape=shape, name="kernel")
            variables.append(value)

    def differentiate():
        for i, shape in enumerate(shapes):
            gradients.append(tf.random.stateless_normal(shape, (i, 0)))

    phases.run("weights", make)
    inner = keras.optimizers.SGD(0.01, momentum=0.9)
    method = ks.RigL(0.9, "uniform", update_every=UPDATE_EVERY)
    optimizer = ks.SparseOptimizer(inner, method)
    phases.run("build", lambda: optimizer.build(variables))
    phases.run("gradients", differentiate)
    step = tf.function(lambda: optimizer.apply(gradients, variables))

    def step_at(number):
        optimizer.iterations.assign(number)
        step()

    step_at(0)  # traces
    ordinary = phases.run("step", lambda: step_at(0), times)
    update = phases.run("update", lambda: step_at(UPDATE_EVERY), times)
    assert optimizer.mask_updates == times
    return ordinary, update, optimizer.masks


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--width", type=int, required=True)
    parser.add_argument("--blocks", type=int, required=True)
    parser.add_argument("--updates", type=int, default=5)
    options = parser.parse_args()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    print(json.dumps(measure(options.width, options.blocks, options.updates)))


if __name__ == "__main__":
    main()
