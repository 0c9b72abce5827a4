"""25 Gaussians in the plane: generators that evolve, beside one loss alone.

    python examples/evolve_gaussians.py
    python examples/evolve_gaussians.py --quick

A GAN of one loss tends to draw some modes of its data and forget others. An
evolutionary GAN makes a child by each of three losses and keeps the fittest,
which shall be good and diverse. Both get equally many updates of the
discriminator, from the same weights. Prints how many of the 25 modes each
covers; writes a page for each, and a scatter of both, to --output.
"""

import argparse
import pathlib

import keras

import keras_latent as kl
from keras_latent.sample_pictures import draw_panels

BATCH_SIZE = 64
SAMPLES = 10_000
EPOCHS = 10


def main():
    """Trains both, counts their modes, draws their samples."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--steps", type=int, help="of the discriminator")
    parser.add_argument("--loss", default="non_saturating", help="alone")
    parser.add_argument("--output", default="runs/evolve_gaussians")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    steps = options.steps or (500 if options.quick else 6000)
    rows = -(-steps // EPOCHS) * BATCH_SIZE
    toy = kl.gaussian_grid(rows, options.seed)
    modes = {
        "centres": toy.centres,
        "standard_deviation": toy.standard_deviation,
    }
    real = kl.gaussian_grid(SAMPLES, options.seed + 1).points
    drawn = {"real": real[:2000]}
    for name in ("evolutionary", options.loss):
        gan = make_gan(name, options.seed)
        folder = pathlib.Path(options.output) / name
        report = kl.GANReport(folder, real, image_range=(-2, 2), **modes)
        gan.fit(
            toy.points,
            batch_size=BATCH_SIZE,
            epochs=EPOCHS,
            verbose=0,
            callbacks=[report],
        )
        gan.save(folder / "gan.keras")
        found = report.findings.modes
        print(
            f"{name}: {found.covered} of {len(found.counts)} modes covered, "
            f"{found.high_quality:.3f} of the samples near one"
        )
        drawn[name] = gan.sample(2000, seed=options.seed)
    picture = draw_panels(list(drawn.values()), list(drawn), 1, (-2, 2))
    path = pathlib.Path(options.output) / "scatter.png"
    path.write_bytes(picture)
    print(f"Samples of both: {path}; a page in each folder beside it")


def make_gan(name, seed):
    """A compiled GAN: "evolutionary", or of the loss of that name."""
    keras.utils.set_random_seed(seed)  # the order of the points
    networks = kl.mlp_gan_networks((2,), 2, width=64, stddev=0.15, seed=seed)
    shared = {"latent_distribution": "signed_uniform", "seed": seed}
    if name == "evolutionary":
        gan = kl.EvolutionaryGAN(
            *networks, diversity_weight=0.05, evaluation_size=64, **shared
        )
    else:
        gan = kl.GAN(*networks, name, **shared)
    adam = keras.optimizers.Adam
    gan.compile(adam(1e-3, 0.5), adam(1e-3, 0.5), steps_per_execution=50)
    return gan


if __name__ == "__main__":
    main()
