"""A GAN that draws digits, its discriminator spectrally normalized.

    python examples/draw_digits.py --data-dir DIR
    python examples/draw_digits.py --quick

DIR holds MNIST as TensorFlow Datasets prepares it; --quick takes the small
digits inside scikit-learn instead. Draws the same latent points after each
epoch, so that one sees digits appear, and measures the end by the features of
a classifier trained on the same digits: such distances say which of two
generators of these digits is better, and nothing beside published ones.
"""

import argparse
import pathlib

import keras

import keras_latent as kl

BATCH_SIZE = 64


def main():
    """Trains, draws, measures; writes the generator."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", help="of TensorFlow Datasets")
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--width", type=int, default=16)
    parser.add_argument("--output", default="runs/draw_digits")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    name, size = ("digits", 16) if options.quick else ("mnist", 32)
    epochs = options.epochs or (12 if options.quick else 10)
    images, labels, test = load(name, options.data_dir, size)
    features = kl.feature_extractor(
        images, labels, epochs=30 if options.quick else 3, seed=options.seed
    )
    print(f"Features: {features.description}")

    keras.utils.set_random_seed(options.seed)
    networks = kl.sngan_networks(
        (size, size, 1), latent_dim=64, width=options.width, seed=options.seed
    )
    gan = kl.GAN(*networks, "hinge", ema_momentum=0.99, seed=options.seed)
    rate = 1e-3 if options.quick else 2e-4
    adam = keras.optimizers.Adam
    gan.compile(adam(rate, 0.5), adam(rate, 0.5))
    folder = pathlib.Path(options.output)
    report = kl.GANReport(folder, test, features)
    grids = kl.SampleGrid(folder / "epochs", every=1 + epochs // 20)
    gan.fit(
        images,
        batch_size=BATCH_SIZE,
        epochs=epochs,
        verbose=2,
        callbacks=[report, grids],
    )
    gan.ema_generator.save(folder / "generator.keras")
    found = report.findings
    print(
        f"Frechet distance {float(found.frechet):.2f} and kernel distance "
        f"{float(found.kernel):.3f} to {found.frechet.real_examples} test "
        f"images; inception score {float(found.inception):.2f}"
    )
    print(f"Digits, epoch by epoch: {folder}/report.html")


def load(name, data_dir, size):
    """Training images in [-1, 1], their labels, and test images."""
    images, labels = kl.datasets.load(name, data_dir, image_size=size)
    test, _ = kl.datasets.load(name, data_dir, "test", image_size=size)
    return 2 * images - 1, labels, 2 * test - 1


if __name__ == "__main__":
    main()
