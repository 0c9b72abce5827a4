"""Draws how masks move while RigL trains, and what each layer keeps.

    python benchmarks/mask_pictures.py --data-dir DIR

Trains LeNet-300-100 on MNIST, 98 % sparse from random masks, and writes
`benchmarks/results/mask_evolution.gif`: live connections of each pixel of the
input, after every update of the masks. `benchmarks/results/density.png` shows
the share of live weights in each layer of ResNet-50 at 90 % sparsity, for each
distribution. DIR holds MNIST as TensorFlow Datasets prepares it; without it
the embedded 8 x 8 digits are drawn.
"""

import argparse
import os
import pathlib

import keras
import numpy as np
from matplotlib import colormaps
from matplotlib.figure import Figure
from PIL import Image, ImageDraw

import keras_sparse as ks

RESULTS = pathlib.Path(__file__).parent / "results"
SIDE, FOOT = 336, 28  # pixels of a frame, and of the line of text below it
DISTRIBUTIONS = {
    "uniform": ks.distributions.uniform,
    "Erdos-Renyi": ks.distributions.erdos_renyi,
    "ERK": ks.distributions.erdos_renyi_kernel,
}


def recorded(data_dir, epochs, seed):
    """Trains; returns the recorder and the image's shape."""
    keras.utils.set_random_seed(seed)
    name = "mnist" if data_dir else "digits"
    data = ks.datasets.load(name, data_dir)
    x, y = data.arrays("train")
    layers = [keras.Input(data.image_shape), keras.layers.Flatten()]
    for units in (300, 100):
        layers.append(keras.layers.Dense(units, "relu"))
    layers.append(keras.layers.Dense(10, "softmax"))
    model = keras.Sequential(layers)
    steps = epochs * -(-len(x) // 128)
    method = ks.RigL(
        0.98,
        update_every=max(1, steps // 40),
        update_until=steps * 3 // 4,
        seed=seed,
    )
    model.compile(
        ks.SparseOptimizer("adam", method), "sparse_categorical_crossentropy"
    )
    recorder = ks.MaskRecorder()
    model.fit(
        x, y, batch_size=128, epochs=epochs, callbacks=[recorder], verbose=2
    )
    return recorder, data.image_shape


def film(history, image_shape, path):
    """Writes one frame for each mask: live connections of each pixel."""
    counts = [m.reshape(*image_shape, -1).sum((2, 3)) for _, m in history]
    most = max(count.max() for count in counts)
    shades = colormaps["inferno"]
    frames = []
    for (step, mask), count in zip(history, counts, strict=True):
        picture = Image.fromarray(np.uint8(255 * shades(count / most)[..., :3]))
        frame = Image.new("RGB", (SIDE, SIDE + FOOT), "white")
        frame.paste(picture.resize((SIDE, SIDE), Image.Resampling.NEAREST))
        live = f"{100 * mask.mean():.1f} % of {mask.size:,} weights live"
        ImageDraw.Draw(frame).text((6, SIDE + 8), f"step {step}: {live}", 0)
        frames.append(frame)
    times = [150] * (len(frames) - 1) + [2000]
    frames[0].save(
        path, save_all=True, append_images=frames[1:], duration=times, loop=0
    )


def bars(sparsity, path):
    """Draws the density of each layer of ResNet-50 by each distribution."""
    model = keras.applications.ResNet50(weights=None)
    shapes = {
        weight.path: tuple(weight.shape)
        for weight in model.trainable_variables
        if weight.name == "kernel"
    }
    figure = Figure((9.0, 5.4), layout="constrained")
    rows = figure.subplots(len(DISTRIBUTIONS), sharex=True, sharey=True)
    for axes, (name, share_out) in zip(
        rows, DISTRIBUTIONS.items(), strict=True
    ):
        found = share_out(shapes, sparsity)
        axes.bar(range(len(shapes)), [1 - found[path] for path in shapes])
        axes.set(title=name, ylabel="live weights", ylim=(0, 1))
    rows[-1].set_xlabel("layers of ResNet-50, from the image to the classes")
    figure.savefig(path, dpi=100)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--data-dir", default=None)
    parser.add_argument("--epochs", type=int, default=3)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--output", type=pathlib.Path, default=RESULTS)
    options = parser.parse_args()
    recorder, image_shape = recorded(
        options.data_dir, options.epochs, options.seed
    )
    film(recorder.history, image_shape, options.output / "mask_evolution.gif")
    bars(0.9, options.output / "density.png")
    first, last = recorder.history[0][1], recorder.history[-1][1]
    moved = 1 - (first & last).sum() / first.sum()
    number = len(recorder.history)
    print(f"{number} masks; {100 * moved:.0f} % of the first are gone at last")


if __name__ == "__main__":
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    main()
