"""Files of what the peers trained: size, accuracy, latency.

`compare.py` runs it: `python peer_exports.py FOLDER`. Exports by keras_export
whatever a peer left as a `.keras` or `.npz` file; files that peers exported
themselves stay as they are. The last line of the output is JSON.
"""

import json
import pathlib
import sys

import keras
import numpy as np
import peer_networks as networks
from peer_plan import Inputs

import keras_export as ke

REPEATS = 100
FIRST = "keras-tf-0"  # the file that latencies are compared with


def main():
    """Exports, judges and times everything in the folder; prints JSON."""
    inputs = Inputs(sys.argv[1])
    images, labels = inputs.split("test")
    found, files = {}, {}
    for path in sorted(inputs.folder.iterdir()):
        if path.suffix in (".keras", ".npz", ".tflite"):
            name = path.name.removesuffix(path.suffix)
            file, found[name] = one(path, inputs, images, labels)
            if "failed" not in found[name]:
                files[name] = str(file)
    # Dense ones first, Keras 3 on TensorFlow before others.
    order = sorted(files, key=lambda name: (name[-2:] != "-0", name != FIRST))
    ordered = {name: files[name] for name in order}
    if files:
        for row in ke.benchmark(ordered, images[:1], repeats=REPEATS):
            found[row.name] |= {
                "latency": row.ratio,
                "latency_low": row.ratio_low,
                "latency_high": row.ratio_high,
                "latency_ms": row.milliseconds,
                "bytes": row.bytes,
                "gzip": row.gzip_bytes,
            }
    print(json.dumps({"reference": next(iter(order), None), "files": found}))


def one(path, inputs, images, labels):
    """Exports what lies at `path`; returns the file and its first numbers."""
    own = path.suffix == ".tflite"
    try:
        if not own:
            model = load(path, inputs)
            path = pathlib.Path(str(path).removesuffix(path.suffix) + ".tflite")
            ke.litert(model, path, samples=images[:64])
        guesses = ke.predict(path, images).argmax(-1)
    except (ValueError, OSError) as error:
        return path, {"failed": f"{error}".splitlines()[-1]}
    return path, {
        "exporter": "its own" if own else "keras_export",
        "file_accuracy": float((guesses == labels).mean()),
    }


def load(path, inputs):
    """The trained model, as Keras 3 on TensorFlow."""
    if path.suffix == ".keras":
        return keras.models.load_model(path, compile=False)
    model = networks.build(keras, inputs, 0)
    with np.load(path) as stored:
        model.set_weights(list(stored.values()))
    return model


if __name__ == "__main__":
    main()
