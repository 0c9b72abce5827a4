"""Size and FLOPs of sparse ResNet-50s beside the published ones.

    python benchmarks/resnet50_counts.py

Counts `keras.applications.ResNet50` with random masks by `keras_sparse.count`,
prints a table and writes `benchmarks/results/resnet50-counts.json`. No weight
is trained: the figures follow from shapes and masks alone.

`keras.applications` has the stride of a stage in its first 1x1 convolution
("v1"). The ResNet-50 of the RigL paper has it in the 3x3 convolution ("v1.5"),
which costs 6 % more, so its twin is made by moving the strides. Sizes are the
same for both. The FLOPs that the authors print for ERK at 80 to 95 % are those
of v1.5; those for "uniform" and for ERK at 99 % agree with v1; those for ERK at
96.5 % count a sparse first layer, though their size has a dense one.
"""

import argparse
import json
import pathlib

import keras
import numpy as np
from rich import box
from rich.console import Console
from rich.table import Table

from keras_sparse import Static, counting, layer_counts
from keras_sparse.selection import select

# google-research/rigl, README.md: distribution, sparsity, whether the first
# layer is dense, inference FLOPs over dense, training FLOPs of the run that is
# 5 times as long over dense, megabytes.
PUBLISHED = [
    ("erk", 0.8, False, 0.42, 2.09, 23.683),
    ("uniform", 0.8, True, 0.23, 1.14, 23.685),
    ("erk", 0.9, False, 0.24, 1.23, 13.499),
    ("uniform", 0.9, True, 0.13, 0.66, 13.532),
    ("erk", 0.95, False, 0.12, 0.63, 8.399),
    ("uniform", 0.95, True, 0.08, 0.42, 8.433),
    ("erk", 0.965, True, 0.09, 0.45, 6.904),
    ("uniform", 0.965, True, 0.07, 0.34, 6.904),
    ("erk", 0.99, True, 0.05, 0.29, 4.354),
]
STAGES = (3, 4, 5)  # those that halve the picture
RESULTS = pathlib.Path(__file__).parent / "results" / "resnet50-counts.json"


def main():
    """Counts, prints, writes."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    output = parser.parse_args().output
    models = {"v1": keras.applications.ResNet50(weights=None)}
    models["v1.5"] = with_stride_in_3x3(models["v1"])
    rows = [_row(models, *published) for published in PUBLISHED]
    Console().print(_table(rows))
    output.parent.mkdir(parents=True, exist_ok=True)
    output.write_text(json.dumps(rows, indent=2) + "\n")


def with_stride_in_3x3(model):
    """ResNet-50 v1.5 out of the v1 of `keras.applications`."""
    strides = {f"conv{stage}_block1_1_conv": (1, 1) for stage in STAGES}
    strides |= {f"conv{stage}_block1_2_conv": (2, 2) for stage in STAGES}

    def clone(layer):
        config = layer.get_config()
        if layer.name in strides:
            config["strides"] = strides[layer.name]
        return type(layer).from_config(config)

    return keras.models.clone_model(model, clone_function=clone)


def figures(model, method=None):
    """What the network costs by the rules of the MicroNet challenge.

    Args:
        model: a ResNet-50.
        method: `FixedBudget` that draws the masks, or None: dense.

    Returns:
        tuple (FLOPs for one example, bytes). As in the published figures,
        normalisation layers are folded into the convolutions, which have
        biases, and an activation follows each of them.
    """
    masks = None
    selected = select(model.trainable_variables)
    shapes = {path: tuple(weight.shape) for path, weight in selected.items()}
    if method is not None:
        values = {p: np.broadcast_to(0.0, shape) for p, shape in shapes.items()}
        masks = method.initial_masks(values)
    rows = [row for row in layer_counts.count(model, masks) if row.weights]
    operations = counting.Operations()
    for row in rows:
        operations += counting.operations(
            shapes[f"{row.path}/kernel"],
            row.sparsity if masks else 0.0,
            row.positions,
            use_activation=True,
        )
    total = layer_counts.total(rows)
    return operations.flops, total.sparse_bytes if masks else total.dense_bytes


def _row(models, distribution, sparsity, dense_first, flops, train, size):
    method = Static(sparsity, distribution, dense_first=dense_first)
    row = {
        "distribution": distribution,
        "sparsity": sparsity,
        "dense_first": dense_first,
        "published": {"megabytes": size, "flops": flops, "training_5x": train},
    }
    for name, model in models.items():
        dense, _ = figures(model)
        sparse, num_bytes = figures(model, method)
        rigl = counting.training_flops("rigl", dense, sparse)
        row[name] = {
            "megabytes": num_bytes / 1e6,
            "flops": sparse / dense,
            "training_5x": 5 * rigl / (3 * dense),
            "dense_flops": dense,
        }
    return row


def _table(rows):
    table = Table(
        title="* first layer dense; p: published; 5x: training 5 x as long",
        box=box.SIMPLE_HEAD,
        pad_edge=False,
    )
    table.add_column("masks", no_wrap=True)
    keys = {"MB": "megabytes", "FLOPs": "flops", "5x": "training_5x"}
    for heading, key in keys.items():
        variants = ("v1.5",) if key == "megabytes" else ("v1.5", "v1")
        for variant in ("p", *variants):
            table.add_column(
                f"{heading}\n{variant}", justify="right", no_wrap=True
            )
    for row in rows:
        p, new, old = row["published"], row["v1.5"], row["v1"]
        star = "*" * row["dense_first"]
        table.add_row(
            f"{row['distribution']} {row['sparsity']}{star}",
            f"{p['megabytes']:.3f}",
            f"{new['megabytes']:.3f}",
            f"{p['flops']:.2f}",
            *(f"{variant['flops']:.3f}" for variant in (new, old)),
            f"{p['training_5x']:.2f}",
            *(f"{variant['training_5x']:.2f}" for variant in (new, old)),
        )
    return table


if __name__ == "__main__":
    main()
