"""Runs `.tflite` files and compares their CPU time. For an emulated Python.

Reads a JSON file: `{"pairs": {name: [file, reference]}, "inputs": {name: npy
file}, "rounds": int}`. Writes JSON to the standard output.
"""

import json
import pathlib
import sys
import time

import numpy as np
from ai_edge_litert.interpreter import Interpreter


def prepared(path, inputs):
    interpreter = Interpreter(path, num_threads=1)
    (detail,) = interpreter.get_input_details()
    interpreter.resize_tensor_input(detail["index"], inputs.shape)
    interpreter.allocate_tensors()
    interpreter.set_tensor(detail["index"], inputs)
    interpreter.invoke()
    return interpreter


def seconds(interpreter):
    start = time.process_time()
    interpreter.invoke()
    return time.process_time() - start


def compare(path, reference, inputs, rounds):
    """Returns the outputs of `path` and the ratios of its CPU time."""
    try:
        candidate = prepared(path, inputs)
    except RuntimeError as error:
        return {"error": str(error)}
    base = prepared(reference, inputs)
    ratios, base_seconds = [], []
    for _ in range(rounds):
        base_seconds.append(seconds(base))
        ratios.append(seconds(candidate) / base_seconds[-1])
    (detail,) = candidate.get_output_details()
    outputs = candidate.get_tensor(detail["index"])
    return {
        "ratios": ratios,
        "reference_seconds": float(np.median(base_seconds)),
        "shape": list(outputs.shape),
        "outputs": outputs.ravel().tolist(),
    }


def main(job_file):
    job = json.loads(pathlib.Path(job_file).read_text())
    results = {
        name: compare(*pair, np.load(job["inputs"][name]), job["rounds"])
        for name, pair in job["pairs"].items()
    }
    json.dump(results, sys.stdout)


if __name__ == "__main__":
    main(sys.argv[1])
