"""What fine-tuning with the Hessian Penalty does to a generator of shapes.

    python benchmarks/hessian_shapes.py

Trains a GAN of 8 latent numbers on `kl.shapes` of 16 x 16 pixels, then goes on
from there for equally many steps twice: without a penalty, and with
`kl.HessianPenaltyRegularizer`, whose weight grows over the first half. All
else is equal: first weights, examples, optimizers. Judges the averages of both
generators' weights at the same latent points: energy off the Hessian's
diagonal, relative diagonal strength, path length, Frechet distance in features
of a classifier of the three shapes, trained here, and the share of images
without anything bright. The penalty is of the images, which tanh bounds, and
their mean. Options were tried on seed 0 alone (weights .02, .1, .3 and 1: the
larger, the more diagonal, until images between two shapes go black); the
figures are of seed 10. Prints a table, writes
`benchmarks/results/hessian_shapes.json` and a picture: what each latent number
does to one image, from -2 to 2, the most active first, and samples.
"""

import argparse
import json
import pathlib
import time

import keras
import numpy as np
import tensorflow as tf
from keras import layers
from rich.console import Console
from rich.table import Table

import keras_latent as kl
from keras_latent.sample_pictures import draw_panels

RESULTS = pathlib.Path(__file__).parent / "results"
OUTPUT = RESULTS / "hessian_shapes.json"
LATENT, SIZE = 8, 16
SHOWN = np.linspace(-2, 2, 7)
# Of each figure: (with penalty) / (without) at most, or at least.
BOUNDS = {
    "off_diagonal_energy": ("at most", 0.1),
    "relative_diagonal_strength": ("at least", 2.0),
    "path_length": ("at most", 1.0),
    "frechet_distance": ("at most", 2.0),
}


def main():
    """Trains, judges, writes."""
    options = parse()
    tf.config.threading.set_intra_op_parallelism_threads(1)
    tf.config.threading.set_inter_op_parallelism_threads(1)
    keras.utils.set_random_seed(options.seed)
    cpu = time.process_time()
    data = kl.shapes(options.examples, SIZE, options.seed)
    held_out = kl.shapes(options.judged, SIZE, options.seed + 1)
    kinds = np.rint(2 * data.factors[:, 1]).astype("int32")
    features = kl.feature_extractor(data.images, kinds, 8, seed=options.seed)
    before = train(*networks(options), data.images, options.steps, options)
    arms = {}
    for name, penalties in {"without": [], "with": [penalty(options)]}.items():
        pair = [
            keras.models.clone_model(network)
            for network in (before.generator, before.discriminator)
        ]
        pair[0].set_weights(before.generator.get_weights())
        pair[1].set_weights(before.discriminator.get_weights())
        tuned = options.tuning_steps
        gan = train(*pair, data.images, tuned, options, penalties)
        arms[name] = gan.ema_generator
    found = {
        name: judge(generator, held_out.images, features, options)
        for name, generator in arms.items()
    }
    ratios = {
        name: found["with"][name] / found["without"][name] for name in BOUNDS
    }
    found["ratios"], found["holds"] = ratios, verdict(ratios)
    found["cpu_minutes"] = round((time.process_time() - cpu) / 60, 2)
    Console(width=100).print(table(found))
    print(f"{found['cpu_minutes']} CPU minutes")
    write(found, arms, options)


def parse():
    """The options of the command."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    add = parser.add_argument
    add("--seed", type=int, default=10)
    add("--steps", type=int, default=6000, help="before fine-tuning")
    add("--tuning-steps", type=int, default=4000)
    add("--weight", type=float, default=0.2, help="of the penalty")
    add("--reduction", choices=("max", "mean", "sum"), default="mean")
    add("--units", type=int, default=384, help="of the generator's layers")
    add("--width", type=int, default=24, help="of the discriminator")
    add("--batch-size", type=int, default=32)
    add("--learning-rate", type=float, default=5e-4)
    add("--examples", type=int, default=20_000)
    add("--judged", type=int, default=4_000)
    add("--output", type=pathlib.Path, default=OUTPUT)
    return parser.parse_args()


def networks(options):
    """A dense generator with norms; a spectrally normalized discriminator."""
    upward = [keras.Input((LATENT,))]
    for _ in range(3):
        upward += [layers.Dense(options.units), kl.PixelNormalization()]
        upward += [layers.Activation("silu")]
    upward += [layers.Dense(3 * SIZE**2), layers.Reshape((SIZE, SIZE, 3))]
    upward += [layers.Activation("tanh", name="images")]
    downward = [keras.Input((SIZE, SIZE, 3))]
    for filters in (options.width, 2 * options.width):
        convolution = layers.Conv2D(filters, 4, 2, padding="same")
        downward += [layers.SpectralNormalization(convolution)]
        downward += [layers.LeakyReLU(0.1)]
    for units in (128, 1):
        dense = layers.SpectralNormalization(layers.Dense(units))
        downward += [layers.Flatten(), dense]
        downward += [layers.LeakyReLU(0.1)] if units > 1 else []
    return keras.Sequential(upward), keras.Sequential(downward)


def penalty(options):
    """The regularizer that is under test."""
    return kl.HessianPenaltyRegularizer(
        options.weight,
        warmup_steps=options.tuning_steps // 2,
        reduction=options.reduction,
        seed=options.seed,
    )


def train(generator, discriminator, images, steps, options, penalties=()):
    """A `GAN` after some steps, hinge loss, the generator averaged."""
    gan = kl.GAN(
        generator,
        discriminator,
        loss="hinge",
        regularizers=penalties,
        ema_momentum=0.99,
        seed=options.seed,
    )
    adam, rate = keras.optimizers.Adam, options.learning_rate
    gan.compile(
        adam(rate, 0.5),
        adam(rate, 0.5),
        jit_compile=False,
        steps_per_execution=50,
    )
    batches = (
        tf.data.Dataset.from_tensor_slices(images)
        .shuffle(len(images), options.seed)
        .repeat()
        .batch(options.batch_size, drop_remainder=True)
        .prefetch(2)
    )
    gan.fit(batches, steps_per_epoch=500, epochs=steps // 500, verbose=0)
    return gan


def judge(generator, real, features, options):
    """All figures of one generator."""
    draw = np.random.default_rng([options.seed, 1])
    z = draw.normal(size=(options.judged, LATENT)).astype("float32")
    images = generator.predict(z, 256, verbose=0)
    scores = kl.hessian_scores(generator, z[:256])
    path = kl.path_length(generator, LATENT, 1000, seed=options.seed)
    distance = kl.frechet_distance(real, images, features)
    return {
        "off_diagonal_energy": scores.off_diagonal_energy,
        "diagonal_energy": scores.diagonal_energy,
        "relative_diagonal_strength": scores.relative_diagonal_strength,
        "diagonal_maxima": scores.diagonal_maxima,
        "path_length": float(path),
        "frechet_distance": float(distance),
        "empty_images": float((images.max(axis=(1, 2, 3)) < 0).mean()),
        "activeness": kl.activeness(generator, z[:300]).tolist(),
    }


def verdict(ratios):
    """Whether each bound of `BOUNDS` holds."""
    return {
        name: ratios[name] <= bound
        if side == "at most"
        else ratios[name] >= bound
        for name, (side, bound) in BOUNDS.items()
    }


def table(found):
    """One line for each figure."""
    result = Table(title="Fine-tuned without and with the Hessian Penalty")
    for heading in ("figure", "without", "with", "ratio", "wanted"):
        result.add_column(heading)
    for name, value in found["without"].items():
        if name == "activeness":
            continue
        ratio = found["with"][name] / value
        wanted = " ".join(map(str, BOUNDS.get(name, [""])))
        row = (f"{n:.4g}" for n in (value, found["with"][name], ratio))
        result.add_row(name.replace("_", " "), *row, wanted)
    return result


def write(found, arms, options):
    """The figures, and the picture."""
    options.output.parent.mkdir(parents=True, exist_ok=True)
    kept = {k: v for k, v in vars(options).items() if k != "output"}
    content = {"keras": keras.__version__, "options": kept, **found}
    options.output.write_text(json.dumps(content, indent=1) + "\n")
    panels, titles = [], []
    for name, generator in arms.items():
        active = np.argsort(found[name]["activeness"])[::-1]
        draw = np.random.default_rng(options.seed)
        z = draw.normal(size=(LATENT * len(SHOWN), LATENT)).astype("float32")
        moved = np.repeat(z[:1], len(z), axis=0)
        rows = moved.reshape(LATENT, len(SHOWN), LATENT)
        for row, index in zip(rows, active, strict=True):
            row[:, index] = SHOWN
        for latents, title in ((moved, "each number"), (z, "samples")):
            panels.append(generator.predict(latents, verbose=0))
            titles.append(f"{name} the penalty: {title}")
    picture = draw_panels(panels, titles, len(SHOWN), (-1, 1))
    options.output.with_suffix(".png").write_bytes(picture)


if __name__ == "__main__":
    main()
