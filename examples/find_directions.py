"""Directions of a generator of digits, found without a training.

    python examples/find_directions.py
    python examples/find_directions.py --generator G.keras --layer NAME

Trains a small GAN on the digits inside scikit-learn, or takes a generator
that there is, and reads directions off its first weights (SeFa) and off the
activations of a layer (GANSpace). How far pictures change along a direction,
beside random ones, says whether it leads anywhere; what it means, only the
sheets of pictures show.
"""

import argparse
import pathlib

import keras
import numpy as np

import keras_latent as kl

SIZE = 16
SHIFTS = np.linspace(-4, 4, 9)


def main():
    """Finds directions in two ways, draws and compares them."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--generator", help="a saved Keras model")
    parser.add_argument(
        "--layer", help="of GANSpace; by default the second that has a kernel"
    )
    parser.add_argument("--directions", type=int, default=8)
    parser.add_argument("--epochs", type=int, default=12, help="of the GAN")
    parser.add_argument("--output", default="runs/find_directions")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    if options.generator:
        generator = keras.models.load_model(options.generator)
    else:
        generator = train(options.epochs, options.seed)
        generator.save(folder / "generator.keras")
    kernels = [one.name for one in generator.layers if hasattr(one, "kernel")]
    layer = options.layer or kernels[1]
    count, dim = options.directions, generator.input_shape[-1]
    draw = np.random.default_rng(options.seed)
    random = draw.normal(size=(count, dim))
    found = {
        "sefa": kl.sefa(generator, num_directions=count),
        "ganspace": kl.ganspace(generator, layer, count, seed=options.seed),
        "random": kl.Directions(
            random / np.linalg.norm(random, axis=1, keepdims=True)
        ),
    }
    z = draw.normal(size=(64, dim))
    for name, directions in found.items():
        changes = change(generator, directions, z)
        each = " ".join(f"{one:.3f}" for one in changes)
        print(f"{name}: pictures change by {changes.mean():.3f}: {each}")
        directions.save(folder / f"{name}.npz")
        directions.plot(
            generator, z[:2], shifts=SHIFTS, path=folder / f"{name}.png"
        )
        directions.animate(
            generator, z[:6], int(changes.argmax()), folder / f"{name}.gif"
        )
    shared = overlap(found["sefa"], found["ganspace"])
    print(f"SeFa and GANSpace share {shared:.2f} of the plane they span")
    print(f"Sheets and films of each: {folder}")


def train(epochs, seed):
    """The averaged generator of a GAN on small digits."""
    images, _ = kl.datasets.load("digits", image_size=SIZE)
    keras.utils.set_random_seed(seed)
    networks = kl.sngan_networks((SIZE, SIZE, 1), 64, width=16, seed=seed)
    gan = kl.GAN(*networks, "hinge", ema_momentum=0.99, seed=seed)
    adam = keras.optimizers.Adam
    gan.compile(adam(1e-3, 0.5), adam(1e-3, 0.5))
    gan.fit(2 * images - 1, batch_size=64, epochs=epochs, verbose=2)
    return gan.ema_generator


def change(generator, directions, z):
    """Mean squared change of pixels from -4 to 4 along each direction."""
    ends = [SHIFTS[0], SHIFTS[-1]]
    pairs = [
        directions.traverse(generator, z, k, ends)
        for k in range(len(directions))
    ]
    return np.array([np.mean((pair[:, 1] - pair[:, 0]) ** 2) for pair in pairs])


def overlap(one, two):
    """Mean squared cosine of the angles between two spans, 1 if they agree."""
    bases = [np.linalg.qr(found.matrix.T)[0] for found in (one, two)]
    return np.mean(np.linalg.svd(bases[0].T @ bases[1])[1] ** 2)


if __name__ == "__main__":
    main()
