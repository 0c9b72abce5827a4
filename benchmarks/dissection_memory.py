"""Peak memory of dissecting a large layer over many images.

    python benchmarks/dissection_memory.py --images 10000 --units 256
    python benchmarks/dissection_memory.py --images 10000 --units 512

Dissects, in a process of its own, an untrained generator of 64 x 64 images
whose layer has so many units of 16 x 16, or of `--map`, and prints the peak of
the process' resident memory, after the libraries were loaded and at the end.
"""

import argparse
import json
import os
import pathlib
import resource
import subprocess
import sys
import time

os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
os.environ.setdefault("CUDA_VISIBLE_DEVICES", "-1")
os.environ["KERAS_BACKEND"] = "tensorflow"

RESULTS = pathlib.Path(__file__).parent / "results"


def generator_of(units, side):
    """Untrained: latent points of 64 numbers to 64 x 64 images."""
    from keras import Input, Sequential, initializers, layers

    def draw(seed):
        return initializers.RandomNormal(stddev=0.1, seed=seed)

    return Sequential(
        [
            Input((64,)),
            layers.Dense(side * side * 4, kernel_initializer=draw(1)),
            layers.Reshape((side, side, 4)),
            layers.Conv2D(units, 3, padding="same", kernel_initializer=draw(2)),
            layers.ReLU(name="units"),
            layers.UpSampling2D(64 // side),
            layers.Conv2D(3, 1, kernel_initializer=draw(3)),
        ]
    )


def measure(arguments):
    """Dissects, and returns what it took."""
    import keras_latent as kl

    network = generator_of(arguments.units, arguments.map)

    def segmenter(images):
        return (images[..., :2].argmax(-1) + 1) * (images.max(-1) > 0.5)

    options = {
        "threshold": arguments.threshold,
        "batch_size": arguments.batch_size,
        "seed": arguments.seed,
    }
    kl.dissect(network, "units", 4, segmenter, **options)
    loaded = peak()
    start = time.perf_counter()
    found = kl.dissect(network, "units", arguments.images, segmenter, **options)
    return {
        **vars(arguments),
        "loaded_MB": loaded,
        "peak_MB": peak(),
        "seconds": time.perf_counter() - start,
        "exact": found.exact,
    }


def peak():
    """Peak of the resident memory so far, in MB of 2^20 bytes."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=10_000)
    parser.add_argument("--units", type=int, default=256)
    parser.add_argument("--map", type=int, default=16)
    parser.add_argument("--threshold", default="quantile")
    parser.add_argument("--batch-size", type=int, default=32)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--child", action="store_true", help="measure here")
    arguments = parser.parse_args()
    if arguments.child:
        del arguments.child
        print(json.dumps(measure(arguments)))
        return
    run = subprocess.run(
        [sys.executable, __file__, "--child", *sys.argv[1:]],
        stdout=subprocess.PIPE,
        text=True,
        check=True,
    )
    found = json.loads(run.stdout.splitlines()[-1])
    show(found)
    name = "dissection_memory-{threshold}-{units}.json".format(**found)
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / name).write_text(json.dumps(found, indent=1) + "\n")


def show(found):
    """Prints a table of one row."""
    from rich.console import Console
    from rich.table import Table

    table = Table(*found)
    cells = [
        f"{v:.0f}" if isinstance(v, float) else str(v) for v in found.values()
    ]
    table.add_row(*cells)
    Console().print(table)


if __name__ == "__main__":
    main()
