"""What domain-adversarial training gains on digits of another kind.

    python benchmarks/domain_adaptation.py --data-dir TFDS --npz-dir NPZ

MNIST to MNIST-M (procedural, `kl.datasets.make_mnist_m`, so mild that "source
only" reads about half of it), and USPS to MNIST both ways, all at 14 x 14
pixels. "source only" is the same features and
labeler, trained for as many updates on the source's half of the same batches,
with the same learning rates. Target labels are used for the figures alone.
Prints a table and writes `benchmarks/results/domain_adaptation.json`.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
from rich.console import Console
from rich.table import Table

import keras_latent as kl

OUTPUT = pathlib.Path(__file__).parent / "results" / "domain_adaptation.json"
PAIRS = {
    "MNIST to MNIST-M": ("mnist", "mnist_m"),
    "USPS to MNIST": ("usps", "mnist"),
    "MNIST to USPS": ("mnist", "usps"),
}
BOUNDED = "MNIST to MNIST-M"
SOURCE_ONLY = (0.45, 0.66)  # where the pair is neither trivial nor hopeless
GAIN_AT_LEAST, DROP_AT_MOST, DOMAIN_AT_MOST = 0.10, 0.08, 0.80
EPOCHS = 5  # the figures of the domains are of the last fifth


def main():
    """Trains, prints, writes."""
    options = parse()
    rows = []
    for title in options.pairs:
        data = load(*PAIRS[title], options)
        for seed in options.seeds:
            for method in ("source only", "adversarial"):
                row = {"pair": title, "seed": seed, "method": method}
                rows.append({**row, **run(method, data, seed, options)})
                print(rows[-1], flush=True)
                keras.backend.clear_session()
    Console(width=100).print(table(rows))
    found = verdict(rows)
    print(found)
    names = ("size", "steps", "batch_size", "contrast", "brightness")
    names += ("statistics", "seeds")
    content = {
        "keras": keras.__version__,
        "options": {name: getattr(options, name) for name in names},
        "verdict": found,
        "rows": rows,
    }
    options.output.parent.mkdir(parents=True, exist_ok=True)
    options.output.write_text(json.dumps(content, indent=1) + "\n")


def parse():
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="prepared TensorFlow Datasets")
    parser.add_argument("--npz-dir", help="folder of usps.npz")
    parser.add_argument("--pairs", nargs="+", choices=PAIRS, default=[*PAIRS])
    parser.add_argument("--seeds", type=int, nargs="+", default=[0, 1, 2])
    parser.add_argument("--steps", type=int, default=1800)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--size", type=int, default=14, help="pixels")
    parser.add_argument("--contrast", type=float, default=0.7)
    parser.add_argument("--brightness", type=float, default=0.35)
    choices = ["both", "source", "target"]
    parser.add_argument("--statistics", choices=choices, default="both")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    return parser.parse_args()


def load(source, target, options):
    """Dict (domain, split) -> images, labels, of one size and colour."""
    data = {}
    for domain, name in (("source", source), ("target", target)):
        for split in ("train", "test"):
            x, y = kl.datasets.load(
                "mnist" if name == "mnist_m" else name,
                options.npz_dir if name == "usps" else options.data_dir,
                split=split,
                image_size=options.size,
                channels=1,
            )
            if name == "mnist_m":
                x = kl.datasets.make_mnist_m(
                    x,
                    seed=("train", "test").index(split),
                    contrast=options.contrast,
                    brightness=(0.0, options.brightness),
                )
            elif target == "mnist_m":
                x = np.repeat(x, 3, axis=-1)
            data[domain, split] = x, y
    return data


def run(method, data, seed, options):
    """Figures of one training."""
    began = time.process_time()
    (x, y), (target, _) = (data[d, "train"] for d in ("source", "target"))
    keras.utils.set_random_seed(seed)
    model = kl.DomainAdversarial(
        *kl.domain_networks(x.shape[1:], 10), statistics=options.statistics
    )
    fit = dict(
        epochs=EPOCHS, steps_per_epoch=options.steps // EPOCHS, verbose=0
    )
    if method == "source only":
        model = model.classifier
        batches = kl.pair((x, y), target, options.batch_size, seed)
        compile_model(model, options.steps)
        batches = batches.map(lambda x, y: (x[0], y))
        logs = model.fit(batches, shuffle=False, **fit).history
    else:
        compile_model(model, options.steps)
        given = dict(batch_size=options.batch_size, seed=seed, target=target)
        logs = model.fit(x, y, **given, **fit).history
    found = {
        domain: float(model.evaluate(*data[domain, "test"], 500, verbose=0)[1])
        for domain in ("source", "target")
    }
    domain = logs.get("domain_accuracy", [None])[-1]
    seconds = time.process_time() - began
    return {**found, "domain_accuracy": domain, "cpu_seconds": seconds}


def compile_model(model, steps):
    """The optimizer of the paper."""
    rate = kl.AnnealedLearningRate(steps)
    model.compile(
        keras.optimizers.SGD(rate, momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )


def mean(rows, pair, method, name):
    """Mean over the seeds, and the list of each."""
    values = [
        row[name]
        for row in rows
        if (row["pair"], row["method"]) == (pair, method)
    ]
    return (None, values) if None in values else (np.mean(values), values)


def verdict(rows):
    """What is asked of the bounded pair, and whether it holds."""
    if BOUNDED not in {row["pair"] for row in rows}:
        return {}
    plain, ours = (
        {
            name: mean(rows, BOUNDED, method, name)[0]
            for name in ("source", "target", "domain_accuracy")
        }
        for method in ("source only", "adversarial")
    )
    gain = float(ours["target"] - plain["target"])
    drop = float(plain["source"] - ours["source"])
    low, high = SOURCE_ONLY
    return {
        "source_only_in_range": bool(low <= plain["target"] <= high),
        "gain": gain,
        "gain_holds": gain >= GAIN_AT_LEAST,
        "source_drop": drop,
        "source_drop_holds": drop <= DROP_AT_MOST,
        "domain_holds": bool(ours["domain_accuracy"] < DOMAIN_AT_MOST),
    }


def table(rows):
    """One line for each pair and method."""
    title = "Accuracy in percent: mean of the seeds (each)"
    result = Table(title=title)
    for heading in ("pair", "method", "target", "source", "domain"):
        result.add_column(heading)
    for key in dict.fromkeys((r["pair"], r["method"]) for r in rows):
        names = ("target", "source", "domain_accuracy")
        result.add_row(*key, *(cell(*mean(rows, *key, n)) for n in names))
    return result


def cell(average, values):
    """A mean in percent, with the seeds' values."""
    if average is None:
        return ""
    each = " ".join(f"{100 * value:.1f}" for value in values)
    return f"{100 * average:.1f} ({each})"


if __name__ == "__main__":
    main()
