"""USPS for MNIST, and MNIST for USPS: two collections of written digits.

    python examples/adapt_usps.py --data-dir DIR --npz-dir DIR

The first DIR holds MNIST as TensorFlow Datasets prepares it, the second a file
usps.npz with the arrays x_train, y_train, x_test, y_test. Each way, a network
is trained on one collection alone and a domain-adversarial one on as many
batches of both; a table shows what they read of the other.
"""

import argparse

import keras
from rich.console import Console
from rich.table import Table

import keras_latent as kl

BATCH_SIZE = 32


def main():
    """Trains both ways, with and without the adversary; prints a table."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--npz-dir", required=True, help="of usps.npz")
    parser.add_argument("--steps", type=int, default=2000)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    steps = 100 if options.quick else options.steps
    folders = {"usps": options.npz_dir, "mnist": options.data_dir}
    train, test = (
        {
            name: load(name, folder, split, options.quick)
            for name, folder in folders.items()
        }
        for split in ("train", "test")
    )
    table = Table(title=f"Digits right of the target, {steps} steps")
    for column in ("source", "target", "source only", "adapted", "change"):
        table.add_column(column)
    for source, target in (("usps", "mnist"), ("mnist", "usps")):
        found = []
        for weight in (0.0, None):  # None: the schedule of the paper
            model = make_model(options.seed, weight, steps)
            model.fit(
                *train[source],
                target=train[target][0],
                batch_size=BATCH_SIZE,
                steps_per_epoch=steps,
                seed=options.seed,
                verbose=0,
            )
            results = model.evaluate(*test[target], return_dict=True, verbose=0)
            found.append(results["accuracy"])
        points = f"{100 * (found[1] - found[0]):+.1f} points"
        table.add_row(source, target, *[f"{v:.1%}" for v in found], points)
    Console(highlight=False).print(table)


def load(name, folder, split, quick):
    """Images of 28 x 28 pixels, and labels; the first 2,000 if `quick`."""
    images, labels = kl.datasets.load(name, folder, split, image_size=28)
    end = 2000 if quick else len(images)
    return images[:end], labels[:end]


def make_model(seed, weight, steps):
    """A compiled `DomainAdversarial` for gray digits."""
    keras.utils.set_random_seed(seed)
    networks = kl.domain_networks((28, 28, 1), 10)
    model = kl.DomainAdversarial(*networks, weight=weight)
    model.compile(
        keras.optimizers.SGD(kl.AnnealedLearningRate(steps), momentum=0.9),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
    )
    return model


if __name__ == "__main__":
    main()
