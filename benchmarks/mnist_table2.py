"""The RigL paper's table of small networks for MNIST, trained again.

    python benchmarks/mnist_table2.py --data-dir DIR
    python benchmarks/mnist_table2.py --data-dir DIR --plain
    python benchmarks/mnist_table2.py --data-dir DIR --seeds 0 --epochs 1
    python benchmarks/mnist_table2.py --data-dir DIR --networks "L0 gates"

DIR holds MNIST as TensorFlow Datasets prepares it. Trains LeNet-300-100 dense,
with L0 gates, with RigL, and RigL+: RigL once more from random weights in the
network that RigL left. Dead units are removed from all of them, then size and
operations are counted by the paper's rules. The error is that of the last epoch
on the test set, never the best one. Prints the table with the paper's rows
beside ours and writes it as JSON with each seed and recipe, and as a picture.
Under an hour on two cores with the three default seeds.

Unlike the paper's, the networks train on each image shifted by one pixel up,
down, left and right too, and input pixels drop out. With --plain they train on
the images as they are, for as many steps.

With --validate nothing sees the test set: the error is that on the last 10,000
training images, which are left out of the training. The recipes were chosen so.

With --networks only these are trained; the rows of the others are read from the
JSON file that an earlier run wrote.
"""

import argparse
import dataclasses
import json
import pathlib
import time

import keras
import mnist_networks
import numpy as np
import tensorflow as tf
from mnist_networks import Recipe
from mnist_table2_report import print_table, save_picture
from rich.progress import Progress

from keras_sparse import counting, datasets, distributions

RESULTS = pathlib.Path(__file__).parent / "results"
SIZES = (300, 100)
HELD_OUT = 10_000
# Chosen by the error on held out training images (--validate). Smaller initial
# weights let more units die. An epoch goes through five copies of each image.
COPIES = 5
DENSE = Recipe(epochs=10)
L0 = Recipe(
    epochs=20,
    learning_rate=1e-3,
    l2=0.0,
    input_dropout=0.0,
    # For 60,000 images; the loss is per example, of which there are five times
    # as many.
    gates=tuple(COPIES * weight for weight in (0.1, 0.4, 10.0)),
)
RIGL = Recipe(epochs=40, layer_sparsity=(0.9903, 0.892), initial_scale=0.75)
RIGL_PLUS = Recipe(
    epochs=60, layer_sparsity=(0.96, 0.86), l2=1e-4, initial_scale=0.7
)
RECIPES = {"dense": DENSE, "L0 gates": L0, "RigL": RIGL, "RigL+": RIGL_PLUS}


def main():
    """Trains, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir")
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--epochs", type=int, help="of every network")
    parser.add_argument("--plain", action="store_true")
    parser.add_argument("--validate", action="store_true")
    parser.add_argument("--networks", nargs="+", choices=list(RECIPES))
    parser.add_argument(
        "--output", type=pathlib.Path, default=RESULTS / "mnist-table2.json"
    )
    arguments = parser.parse_args()
    tf.config.experimental.enable_op_determinism()
    wanted = arguments.networks or list(RECIPES)
    if "RigL+" in wanted and "RigL" not in wanted:
        parser.error("--networks: RigL+ is trained in the shape of RigL")
    rows = []
    if arguments.networks:
        earlier = json.loads(arguments.output.read_text())["rows"]
        rows = [row for row in earlier if row["network"] not in wanted]
    recipes = {name: RECIPES[name] for name in wanted}
    if arguments.plain:
        recipes = {name: plain(recipe) for name, recipe in recipes.items()}
    if arguments.epochs:
        recipes = {
            name: dataclasses.replace(recipe, epochs=arguments.epochs)
            for name, recipe in recipes.items()
        }
    data = load(arguments.data_dir, arguments.validate, not arguments.plain)
    order = list(RECIPES)
    with Progress() as progress:
        for row in train_all(arguments.seeds, recipes, data, progress):
            rows = [r for r in rows if r["network"] != row["network"]] + [row]
            rows.sort(key=lambda row: order.index(row["network"]))
            save(rows, arguments)
    print_table(rows)
    save_picture(rows, arguments.output.with_suffix(".png"))


def load(data_dir, validate, shifts=True):
    """Returns x, y to train on and x, y to report on.

    Args:
        data_dir: path or None.
        validate: bool, whether to report on held out training images.
        shifts: bool, whether to train on each image shifted by a pixel up,
            down, left and right too.
    """
    data = datasets.load("mnist", data_dir)
    (x, y), (x_test, y_test) = data.arrays("train"), data.arrays("test")
    if validate:
        x, x_test = x[:-HELD_OUT], x[-HELD_OUT:]
        y, y_test = y[:-HELD_OUT], y[-HELD_OUT:]
    copies = [x]
    if shifts:
        # What is rolled round is black, but for a few images.
        copies += [np.roll(x, by, axis) for axis in (1, 2) for by in (1, -1)]
    x, y = np.concatenate(copies), np.tile(y, len(copies))
    return (
        x.reshape(len(x), -1),
        y,
        x_test.reshape(len(x_test), -1),
        y_test,
    )


def plain(recipe):
    """The recipe for the images as they are: as many steps, more dropout."""
    gates = recipe.gates and tuple(weight / COPIES for weight in recipe.gates)
    return dataclasses.replace(
        recipe,
        epochs=COPIES * recipe.epochs,
        input_dropout=0.0 if gates else 0.15,
        gates=gates,
    )


def train_all(seeds, recipes, data, progress):
    """Yields the row of a network each time one more seed is trained."""
    results = {name: [] for name in recipes}
    for seed in seeds:
        networks = {}
        for name, recipe in recipes.items():
            parent = networks["RigL"] if name == "RigL+" else None
            networks[name], result = train_one(
                name, recipe, seed, data, progress, parent
            )
            results[name].append(result)
            yield summarise(name, recipe, results[name])


def train_one(name, recipe, seed, data, progress, parent=None):
    """Trains one network, in the shape of its parent where there is one."""
    x, y, x_test, y_test = data
    pixels, sizes = np.arange(x.shape[1]), SIZES
    if parent is not None:
        pixels, sizes = parent.live[0], tuple(parent.sizes[1:-1])
    bar = progress.add_task(f"{name}, seed {seed}", total=recipe.epochs)
    start = time.perf_counter()
    network = mnist_networks.train(
        recipe,
        sizes,
        x[:, pixels],
        y,
        seed,
        keras.callbacks.LambdaCallback(
            on_epoch_end=lambda epoch, logs: progress.advance(bar)
        ),
    )
    keras.backend.clear_session()
    cost = counting.fully_connected(network.sizes, network.layer_sparsity)
    live = sum(np.count_nonzero(kernel) for kernel in network.kernels)
    possible = sum(kernel.size for kernel in network.kernels)
    per_example = training_flops(recipe, (len(pixels), *sizes, 10))
    return network, {
        "seed": seed,
        "sizes": network.sizes,
        "layer_sparsity": network.layer_sparsity,
        "sparsity": 1 - live / possible,
        "kflops": cost.flops / 1e3,
        "bytes": cost.bytes,
        "training_gflops": per_example * len(x) * recipe.epochs / 1e9,
        "error": mnist_networks.error(network, x_test[:, pixels], y_test),
        "seconds": time.perf_counter() - start,
    }


def training_flops(recipe, sizes):
    """FLOPs to train on one example, averaged over the steps."""
    shapes = list(zip(sizes[:-1], sizes[1:], strict=True))
    dense = sum(2 * a * b for a, b in shapes)
    if recipe.layer_sparsity is None:
        return counting.training_flops("dense", dense, dense)
    shares = (*recipe.layer_sparsity, 0.0)
    zeros = sum(
        distributions.num_zeros(a * b, share)
        for (a, b), share in zip(shapes, shares, strict=True)
    )
    moving, fixed = (
        counting.training_flops(
            method, dense, dense - 2 * zeros, recipe.update_every
        )
        for method in ("rigl", "static")
    )
    share = recipe.update_share
    return share * moving + (1 - share) * fixed


def summarise(name, recipe, results):
    """One row: mean and spread (largest minus smallest) over the seeds."""
    measures = ("sparsity", "kflops", "bytes", "training_gflops", "error")
    values = {m: [result[m] for result in results] for m in measures}
    sizes = np.mean([result["sizes"] for result in results], axis=0)
    return {
        "network": name,
        "sizes": sizes.round(1).tolist(),
        "mean": {m: float(np.mean(v)) for m, v in values.items()},
        "spread": {m: float(np.ptp(v)) for m, v in values.items()},
        "seeds": results,
        "recipe": dataclasses.asdict(recipe),
    }


def save(rows, arguments):
    """Writes what there is so far, so that an interruption loses little."""
    arguments.output.parent.mkdir(parents=True, exist_ok=True)
    reported = "last 10,000 of train" if arguments.validate else "test"
    found = {
        "reported_on": reported,
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "rows": rows,
    }
    arguments.output.write_text(json.dumps(found, indent=2) + "\n")


if __name__ == "__main__":
    main()
