"""Which units of a generator draw red, green and blue, and do they cause it?

    python examples/dissect_shapes.py
    python examples/dissect_shapes.py --quick

Trains a generator to draw procedural coloured shapes from their factors, by
squared error, which takes two minutes where a GAN takes many. Its images are
segmented exactly by colour, so no other network is needed. Dissects a layer of
it, writes the page of its units to --output, ablates the units of each colour,
and measures the causal effect of one of them.
"""

import argparse
import pathlib

import keras
import tensorflow as tf

import keras_latent as kl

CLASSES = ["background", "red", "green", "blue"]
LAYER = -3  # after the last ReLU: maps of 16 x 16


def main():
    """Trains, dissects, ablates; writes the page."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--epochs", type=int)
    parser.add_argument("--images", type=int, help="to dissect with")
    parser.add_argument("--output", default="runs/dissect_shapes")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--quick", action="store_true", help="a small run")
    options = parser.parse_args()
    epochs = options.epochs or (10 if options.quick else 40)
    images = options.images or (200 if options.quick else 1000)
    folder = pathlib.Path(options.output)
    examples = 1000 if options.quick else 4000
    generator = trained(epochs, examples, options.seed)
    folder.mkdir(parents=True, exist_ok=True)
    generator.save(folder / "generator.keras")
    found = kl.dissect(
        generator,
        LAYER,
        factors(images, options.seed),
        masks,
        threshold="iqr",
        class_names=CLASSES,
    )
    found.to_csv(folder / "units.csv")
    page = kl.dissection_report(
        found, generator, folder / "units.html", image_range=(-1, 1)
    )
    print(f"Units of layer {found.layer!r}: {found.counts()}")
    for label in range(1, len(CLASSES)):
        ablate(generator, found, label, options.seed)
    insert(generator, found, options)
    print(f"Page: {page}")


def trained(epochs, examples, seed):
    """A generator that has learnt to draw shapes from their factors."""
    keras.utils.set_random_seed(seed)
    data = kl.shapes(examples, seed=seed)
    generator, _ = kl.dcgan_networks(
        (32, 32, 3), latent_dim=data.factors.shape[1], width=16, seed=seed
    )
    generator.compile(keras.optimizers.Adam(2e-3), "mse")
    generator.fit(
        data.factors, data.images, batch_size=32, epochs=epochs, verbose=2
    )
    return generator


def factors(count, seed):
    """Latent points: factors of shapes that it has not been shown."""
    return kl.shapes(count, seed=1000 + seed).factors


def ablate(generator, found, label, seed):
    """Prints what is left of a colour without the units that meet it best."""
    units = found.ranking(label)[:3]
    curve = kl.ablation_curve(
        generator,
        LAYER,
        factors(100, seed),
        masks,
        label,
        units,
        everywhere=True,
    )
    left = ", ".join(f"{share:.0%}" for share in curve.remaining)
    print(f"{CLASSES[label]} left after 0, 1, ... units: {left}")


def insert(generator, found, options):
    """Prints the causal effect of the units of the commonest colour."""
    name = next(iter(found.counts()), CLASSES[1])
    effect = kl.causal_effect(
        generator,
        LAYER,
        found.z,
        probabilities,
        CLASSES.index(name),
        initial=found,
        count=3,
        steps=20 if options.quick else 200,
        probes=2,
        seed=options.seed,
    )
    print(
        f"Causal effect of units {effect.units} on {name}: {float(effect):.2f} "
        f"({effect.inserted:.2f} where inserted, {effect.ablated:.2f} where "
        "ablated)"
    )


def probabilities(images):
    """Of background, red, green and blue: how bright and how pure it is."""
    shades = tf.clip_by_value((tf.convert_to_tensor(images) + 1) / 2, 0, 1)
    logits = tf.concat([tf.fill(tf.shape(shades[..., :1]), 0.4), shades], -1)
    return tf.nn.softmax(8 * logits)


def masks(images):
    """The most probable label of each pixel."""
    return tf.argmax(probabilities(images), axis=-1).numpy()


if __name__ == "__main__":
    main()
