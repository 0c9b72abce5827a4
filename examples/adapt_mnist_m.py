"""Plain digits with labels, for digits on coloured backgrounds without.

    python examples/adapt_mnist_m.py --data-dir DIR
    python examples/adapt_mnist_m.py --quick

DIR holds MNIST as TensorFlow Datasets prepares it; its digits are put on
patches of coloured noise, or of the photographs in the folder --backgrounds.
--quick takes the small digits inside scikit-learn instead. Trains a network on
the plain digits alone and a domain-adversarial one on as many batches; writes
the adapted classifier to --output.
"""

import argparse
import pathlib

import keras
import numpy as np

import keras_latent as kl

BATCH_SIZE = 32


def main():
    """Trains both networks and prints what they read of both domains."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--backgrounds", help="folder of photographs")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--output", default="runs/adapt_mnist_m")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    epochs = options.epochs or (15 if options.quick else 5)
    source, target = load(options, "train")
    source_test, target_test = load(options, "test")

    for name in ("source only", "adapted"):
        keras.utils.set_random_seed(options.seed)
        networks = kl.domain_networks(source[0].shape[1:], 10)
        # At weight 0 nothing of the target reaches the features.
        weight = 0.0 if name == "source only" else None
        model = kl.DomainAdversarial(*networks, weight=weight)
        steps = epochs * -(-len(source[0]) // BATCH_SIZE)
        model.compile(
            keras.optimizers.SGD(kl.AnnealedLearningRate(steps), momentum=0.9),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
        )
        logs = model.fit(
            *source,
            target=target[0],
            batch_size=BATCH_SIZE,
            epochs=epochs,
            seed=options.seed,
            verbose=0,
        ).history
        print(
            f"{name}: {accuracy(model, source_test):.3f} of the source right, "
            f"{accuracy(model, target_test):.3f} of the target; the domain "
            f"classifier is right for {logs['domain_accuracy'][-1]:.3f}"
        )
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    model.classifier.save(folder / "classifier.keras")
    print(f"The classifier, features and labeler: {folder}/classifier.keras")


def load(options, split):
    """Digits as they are, and on backgrounds, each with their labels."""
    if options.quick:
        digits, labels = kl.datasets.load("digits", split=split, image_size=16)
    else:
        digits, labels = kl.datasets.load("mnist", options.data_dir, split)
    seed = 2 * options.seed + (split == "test")
    backgrounds = options.backgrounds and read_images(options.backgrounds)
    colored = kl.datasets.make_mnist_m(digits, backgrounds or None, seed)
    plain = kl.datasets.convert_channels(digits, 3)
    return (plain, labels), (colored, labels)


def read_images(folder):
    """All images of a folder, as they are."""
    paths = sorted(pathlib.Path(folder).iterdir())
    images = [keras.utils.load_img(path) for path in paths]
    return [np.asarray(image) for image in images]


def accuracy(model, data):
    """Share of the images whose label the model finds."""
    return model.evaluate(*data, return_dict=True, verbose=0)["accuracy"]


if __name__ == "__main__":
    main()
