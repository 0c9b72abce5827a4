"""Codes of MNIST digits that do not tell the digit, and what that costs.

    python benchmarks/fader.py --data-dir DIR --seeds 3
    python benchmarks/fader.py --data-dir DIR --seeds 3 --long

For each seed a `Fader` of dense networks and the same networks without an
adversary (beta 0), on the 60,000 training images, for equal steps of encoder
and decoder. On the 10,000 test images: how often a fresh classifier, trained
on the codes of 20,000 training images, reads the digit from the code; how
often a judge, a classifier that took no part, sees the digit that the decoder
was told; the squared error with the true digit. Prints a table with the
bounds, and writes each seed to the JSON after it is done.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from rich.console import Console
from rich.table import Table

import keras_latent as kl

OUTPUT = pathlib.Path(__file__).parent / "results" / "fader.json"
PROBED, SWAPPED, PER_EPOCH = 20000, 2000, 100
DEFAULT = dict(steps=3000, code_size=8, width=256, batch_size=128)
DEFAULT |= dict(beta=0.02, critic_steps=5, ramp=0.3, adversarial="negative")
DEFAULT |= dict(decay="none")
# While the encoder slows down, the classifier catches up.
LONG = DEFAULT | dict(steps=8000, decay="cosine")
# (network, figure) -> bound of the mean over the seeds.
BOUNDS = {
    ("Fader", "probe"): 0.30,
    ("Fader", "swap"): 0.80,
    ("Fader", "error_ratio"): 1.5,
    ("no adversary", "probe"): 0.80,
}
AT_LEAST = {("Fader", "swap"), ("no adversary", "probe")}
LONG_PROBE = 0.15


def main():
    """Trains, measures, writes after each seed, prints."""
    options = parse()
    settings = LONG if options.long else DEFAULT
    given = {name: getattr(options, name) for name in DEFAULT}
    settings = settings | {k: v for k, v in given.items() if v is not None}
    name = "long" if options.long else "default"
    print(f"{name}: {settings}", flush=True)
    train, test = load(options.data_dir)
    judge, judged = kl.train_classifier(*train, epochs=2)
    rows = []
    for seed in range(options.first_seed, options.first_seed + options.seeds):
        rows.append({"seed": seed, **run(seed, settings, train, test, judge)})
        print(rows[-1], flush=True)
        save(options.output, name, settings, judged, rows)
        keras.backend.clear_session()
    Console(width=110).print(table(rows, options.long))


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--seeds", type=int, default=1)
    parser.add_argument("--first-seed", type=int, default=10)
    parser.add_argument("--long", action="store_true")
    parser.add_argument("--output", type=pathlib.Path, default=OUTPUT)
    for key, value in DEFAULT.items():
        parser.add_argument(f"--{key.replace('_', '-')}", type=type(value))
    return parser.parse_args()


def load(data_dir):
    """Returns (images in [0, 1], digits) to train on and to test on."""
    return tuple(
        kl.datasets.load("mnist", data_dir, split)
        for split in ("train", "test")
    )


def run(seed, settings, train, test, judge):
    """Figures of both networks of one seed."""
    found = {}
    for network, beta in (("no adversary", 0.0), ("Fader", settings["beta"])):
        start = time.perf_counter(), time.process_time()
        fader, logs = fit(seed, settings, beta, train)
        clock = time.perf_counter() - start[0], time.process_time() - start[1]
        found[network] = {
            **measure(fader, train, test, judge, seed),
            "classifier_loss": logs["classifier_loss"][-1],
            "minutes": clock[0] / 60,
            "cpu_minutes": clock[1] / 60,
        }
    for row in found.values():
        row["error_ratio"] = row["error"] / found["no adversary"]["error"]
    return found


def fit(seed, settings, beta, train):
    """A trained `Fader`, and its logs by epochs of 100 steps."""
    keras.utils.set_random_seed(seed)
    shape, code_size = train[0].shape[1:], settings["code_size"]
    networks = kl.fader_networks(shape, 10, code_size, width=settings["width"])
    fader = kl.Fader(
        *networks,
        beta=beta,
        adversarial=settings["adversarial"],
        # Without an adversary the classifier changes nothing: once will do.
        critic_steps=settings["critic_steps"] if beta else 1,
        ramp_steps=int(settings["ramp"] * settings["steps"]),
        seed=seed,
    )
    per_epoch = min(PER_EPOCH, settings["steps"])
    fader.compile(adam(settings), steps_per_execution=min(20, per_epoch))
    logs = fader.fit(
        batches(*train, settings["batch_size"], seed),
        steps_per_epoch=per_epoch,
        epochs=max(1, settings["steps"] // per_epoch),
        shuffle=False,
        verbose=0,
    )
    return fader, logs.history


def adam(settings):
    """The default optimizer of a `Fader`, with or without a falling rate."""
    rate = 3e-4
    if settings["decay"] == "cosine":
        rate = keras.optimizers.schedules.CosineDecay(rate, settings["steps"])
    return keras.optimizers.Adam(rate, beta_1=0.5)


def batches(images, digits, batch_size, seed):
    """Endless batches; each pass over the images in an order of its own."""
    images, digits = tf.constant(images), tf.constant(digits)
    rows = tf.data.Dataset.range(len(images)).shuffle(len(images), seed)
    rows = rows.repeat().batch(batch_size, drop_remainder=True)
    return rows.map(
        lambda row: (tf.gather(images, row), tf.gather(digits, row))
    )


def measure(fader, train, test, judge, seed):
    """What a fresh classifier and the judge say, and the error."""
    probed = tuple(array[:PROBED] for array in train)
    swapped = tuple(array[:SWAPPED] for array in test)
    return {
        "probe": kl.probe_accuracy(fader, probed, test, seed=seed).accuracy,
        "swap": kl.swap_accuracy(fader, judge, swapped).accuracy,
        "error": kl.reconstruction_error(fader, test).error,
    }


def save(path, name, settings, judged, rows):
    """Writes one part of the JSON file, and keeps the other."""
    known = json.loads(path.read_text()) if path.exists() else {}
    known[name] = {
        "keras": keras.__version__,
        "tensorflow": tf.__version__,
        "settings": settings,
        "judge_accuracy": judged,
        "seeds": rows,
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(known, indent=1) + "\n")


def table(rows, long):
    """Mean, least and most of each figure, beside its bound."""
    shown = Table(title=f"MNIST, test images, {len(rows)} seed(s)")
    for column in ("network", "figure", "mean", "least to most", "bound"):
        shown.add_column(column)
    bounds = BOUNDS | ({("Fader", "probe"): LONG_PROBE} if long else {})
    for network in ("no adversary", "Fader"):
        for figure in rows[0][network]:
            values = np.array([row[network][figure] for row in rows])
            key = network, figure
            cells = [f"{values.mean():.3f}"]
            cells.append(f"{values.min():.3f} to {values.max():.3f}")
            shown.add_row(network, figure, *cells, verdict(key, values, bounds))
    return shown


def verdict(key, values, bounds):
    """The bound in words and whether the mean over the seeds keeps it."""
    if key not in bounds:
        return ""
    sign = ">=" if key in AT_LEAST else "<="
    kept = values.mean() >= bounds[key]
    kept = kept if key in AT_LEAST else values.mean() <= bounds[key]
    return f"{sign} {bounds[key]:g} {'holds' if kept else 'fails'}"


if __name__ == "__main__":
    main()
