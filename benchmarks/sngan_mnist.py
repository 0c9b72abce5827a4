"""An SN-GAN that draws MNIST digits, and what metrics say of them.

    python benchmarks/sngan_mnist.py --data-dir DIR

Trains `kl.sngan_networks` on the 60,000 training digits, padded to 32 x 32 and
scaled to [-1, 1], with the hinge loss. Judges the averaged generator by the
features of a classifier trained on the same digits (never by Inception, so the
distances mean nothing beside published ones): Frechet and kernel distance of
10,000 drawings to the 10,000 test digits, beside that of as many training
digits; what an external classifier of another seed makes of 1,000 drawings.
Writes the generator to `benchmarks/results/sngan_mnist.keras`, a picture of it
and a JSON file. This script rebuilds all three.
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

RESULTS = pathlib.Path(__file__).parent / "results"
DRAWN, JUDGED, SHOWN = 10_000, 1_000, 100
SURE = 0.9  # mean of the largest probability, at least


def main():
    """Trains, judges, writes."""
    options = parse()
    (train, digits), (test, _) = load(options.data_dir)
    keras.utils.set_random_seed(options.seed)
    began = time.perf_counter(), time.process_time()
    gan, history = fit(train, options)
    minutes = (time.perf_counter() - began[0]) / 60
    cpu_minutes = (time.process_time() - began[1]) / 60
    found = judge(gan, train, digits, test, options.seed)
    found |= {"minutes": minutes, "cpu_minutes": cpu_minutes}
    Console(width=100).print(table(found))
    write(gan, found, history, options)


def parse():
    """Options of the command line."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", required=True)
    parser.add_argument("--steps", type=int, default=5_000)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--logit-scale", type=float, default=40.0)
    parser.add_argument("--batch-size", type=int, default=64)
    parser.add_argument("--critic-steps", type=int, default=1)
    parser.add_argument("--g-learning-rate", type=float, default=5e-4)
    parser.add_argument("--d-learning-rate", type=float, default=5e-4)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    return parser.parse_args()


def load(data_dir):
    """Images in [-1, 1] of 32 x 32 pixels, and digits, of both splits."""
    loaded = []
    for split in ("train", "test"):
        images, digits = kl.datasets.load("mnist", data_dir, split=split)
        images = np.pad(images, [(0, 0), (2, 2), (2, 2), (0, 0)])
        loaded.append((2 * images.astype("float32") - 1, digits))
    return loaded


def fit(images, options):
    """A trained `GAN`, and its logs by epochs of 500 steps."""
    networks = kl.sngan_networks(
        width=options.width,
        logit_scale=options.logit_scale,
        seed=options.seed,
    )
    gan = kl.GAN(
        *networks,
        loss="hinge",
        critic_steps=options.critic_steps,
        ema_momentum=0.999,
        seed=options.seed,
    )
    rates = options.d_learning_rate, options.g_learning_rate
    adam = [keras.optimizers.Adam(rate, beta_1=0.5) for rate in rates]
    # On a CPU convolutions compiled by XLA take twice as long.
    gan.compile(*adam, steps_per_execution=50, jit_compile=False)
    batches = (
        tf.data.Dataset.from_tensor_slices(images)
        .shuffle(len(images), options.seed)
        .repeat()
        .batch(options.batch_size, drop_remainder=True)
        .prefetch(2)
    )
    per_epoch = min(500, options.steps)
    history = gan.fit(
        batches,
        steps_per_epoch=per_epoch,
        epochs=options.steps // per_epoch,
        shuffle=False,
        verbose=2,
    )
    return gan, history.history


def judge(gan, train, digits, test, seed):
    """Distances to the test digits; how sure an external classifier is."""
    features = kl.feature_extractor(train, digits, epochs=3, seed=seed)
    drawn = gan.sample(DRAWN, seed=1)
    external, accuracy = kl.train_classifier(train, digits, 3, seed=seed + 1)
    logits = external.predict(drawn[:JUDGED], verbose=0)
    sure = tf.nn.softmax(logits).numpy()
    kernel = kl.kernel_distance(test, drawn, features)
    counts = np.bincount(sure.argmax(-1), minlength=10)
    return {
        "features": features.description,
        "frechet_distance": float(kl.frechet_distance(test, drawn, features)),
        "frechet_distance_of_training_digits": float(
            kl.frechet_distance(test, train[:DRAWN], features)
        ),
        "kernel_distance": float(kernel),
        "external_accuracy": accuracy,
        "mean_largest_probability": float(sure.max(-1).mean()),
        "least_drawn_digit": float(counts.min() / len(sure)),
        "most_drawn_digit": float(counts.max() / len(sure)),
    }


def table(found):
    """One line for each figure."""
    result = Table(title="SN-GAN on MNIST, 32 x 32")
    result.add_column("figure")
    result.add_column("value")
    for name, value in found.items():
        shown = value if isinstance(value, str) else f"{value:.4g}"
        result.add_row(name.replace("_", " "), shown)
    return result


def write(gan, found, history, options):
    """The averaged generator, a picture of it, the figures."""
    options.output.mkdir(parents=True, exist_ok=True)
    gan.ema_generator.save(options.output / "sngan_mnist.keras")
    names = ("steps", "width", "logit_scale", "batch_size", "critic_steps")
    names += ("d_learning_rate", "g_learning_rate", "seed")
    content = {
        "keras": keras.__version__,
        "options": {name: getattr(options, name) for name in names},
        **found,
        "history": history,
    }
    path = options.output / "sngan_mnist.json"
    path.write_text(json.dumps(content, indent=1) + "\n")
    shown = gan.sample(SHOWN, seed=2)
    kl.sample_grid(shown, options.output / "sngan_mnist.png", columns=20)


if __name__ == "__main__":
    main()
