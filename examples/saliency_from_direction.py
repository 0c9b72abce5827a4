"""Masks of objects from a direction that removes the background.

    python examples/saliency_from_direction.py

Nobody labels anything: along one direction of a generator the background
turns white and the object stays, which parts the two; a small network learns
these masks, and finds the object in images of its own. The generator is a
drawing with latent points, so that there is a truth to compare with: coloured
shapes before smooth noise, its factors mixed by a rotation.
"""

import argparse
import pathlib

import keras
import numpy as np
import tensorflow as tf

import keras_latent as kl
from keras_latent.otsu_threshold import otsu_threshold

SIZE = 32
CELLS = 4  # of the noise, each side
NOISE = 10  # numbers of a latent point that make the noise
SHAPE = 5
LATENT_DIM = SHAPE + 1 + NOISE
BACKGROUND = SHAPE  # its row


class Drawing:
    """A generator whose background fades along one direction."""

    def __init__(self, seed):
        draw = np.random.default_rng(seed)
        turn = np.linalg.qr(draw.normal(size=(LATENT_DIM, LATENT_DIM)))[0]
        self.rows = turn.astype("float32")
        colours = draw.normal(size=(NOISE, CELLS * CELLS * 3))
        self.colours = (colours / NOISE**0.5).astype("float32")

    def draw(self, z):
        """Images and masks of latent points."""
        factors = tf.cast(z, "float32") @ self.rows.T
        noise = tf.sigmoid(2 * factors[:, -NOISE:] @ self.colours)
        noise = tf.reshape(noise, (-1, CELLS, CELLS, 3))
        noise = tf.image.resize(0.6 * noise, (SIZE, SIZE), "bicubic")
        fade = tf.sigmoid(factors[:, BACKGROUND] - 1)[:, None, None, None]
        background = tf.clip_by_value(noise + fade * (1 - noise), 0, 1)
        shapes = tf.sigmoid(2 * factors[:, :SHAPE])
        return kl.render_shapes(shapes, SIZE, background)

    def __call__(self, z):
        return self.draw(z)[0]


def main():
    """Labels images by a direction, trains a segmenter, measures it."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--images", type=int, default=2000)
    parser.add_argument("--epochs", type=int, default=5)
    parser.add_argument(
        "--threshold",
        type=float,
        default=0.4,
        help="of the change, chosen on drawings of the seeds 10 to 14",
    )
    parser.add_argument("--output", default="runs/saliency_from_direction")
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args()
    folder = pathlib.Path(options.output)
    folder.mkdir(parents=True, exist_ok=True)
    generator = Drawing(options.seed)
    names = [*("hue", "shape", "horizontal", "vertical", "size"), "background"]
    names += [f"noise {number}" for number in range(NOISE)]
    directions = kl.Directions(generator.rows, names)
    z = latents(options.images, 2 * options.seed)
    fresh = latents(500, 2 * options.seed + 1)
    directions.plot(
        generator, z[:3], ["background"], path=folder / "direction.png"
    )

    for threshold in (None, options.threshold):
        found = kl.saliency_masks(
            generator, directions, "background", z, threshold=threshold
        )
        truth = generator.draw(z[found.rows])[1]
        name = "Otsu's threshold" if threshold is None else f"{threshold:g}"
        print(f"Masks of changes, {name}: IoU {iou(found.masks, truth):.3f}")

    keras.utils.set_random_seed(options.seed)
    network = kl.segmentation_network((SIZE, SIZE, 3), seed=options.seed)
    network.fit(
        found.images,
        found.masks,
        batch_size=64,
        epochs=options.epochs,
        verbose=2,
    )
    images, truth = (part.numpy() for part in generator.draw(fresh))
    masks = network.predict(images, verbose=0).argmax(axis=-1)
    print(f"A threshold of colour: IoU {iou(by_colour(images), truth):.3f}")
    print(f"The segmenter on new images: IoU {iou(masks, truth):.3f}")
    network.save(folder / "segmenter.keras")
    shown = np.stack([images[:8], as_images(truth[:8]), as_images(masks[:8])])
    kl.sample_grid(shown.reshape(-1, SIZE, SIZE, 3), folder / "masks.png")
    print(f"Image, truth and mask, row by row: {folder}/masks.png")


def latents(count, seed):
    """Points of the standard normal distribution."""
    draw = np.random.default_rng(seed)
    return draw.normal(size=(count, LATENT_DIM)).astype("float32")


def iou(masks, truth):
    """The mean over images of intersection over union."""
    return kl.mask_iou(masks, truth).mean()


def by_colour(images):
    """Masks of the most colourful pixels, for comparison."""
    colour = np.ptp(images, axis=-1)
    return np.stack([each >= otsu_threshold(each) for each in colour])


def as_images(masks):
    """Masks as images in [-1, 1], white on the object."""
    return np.repeat(2.0 * (masks[..., None] > 0) - 1, 3, axis=-1)


if __name__ == "__main__":
    main()
