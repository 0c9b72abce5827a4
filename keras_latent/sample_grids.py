"""A picture of the generator's samples after each epoch."""

import json
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

import keras

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import PathLike, Range
from keras_latent.image_range import OVERSHOOT, check_image_range
from keras_latent.sample_history import (
    EpochCounter,
    check_gan,
    draw_samples,
    generator_range,
)
from keras_latent.sample_pictures import sample_grid

EPOCHS = "epochs.json"


class SampleGrid(keras.callbacks.Callback):
    """Draws what the generator makes of the same latent points.

    Files are `epoch_0001.png` and so on, of each `every` epochs and the last.
    Numbers go on through several calls of `fit`, the stages of a
    `ProgressiveGAN`, and a training that is loaded and resumed: `epochs.json`
    has the step at the end of each epoch. A training from step 0 begins at 1
    and replaces files of the same names. For curves in TensorBoard there is
    `keras.callbacks.TensorBoard`, which gets all logs of a GAN.

    Args:
        path: folder; made if there is none.
        rows, columns: int from 1, of images. Points of the plane are drawn as
            a scatter of 1,000.
        every: int from 1, epochs from one picture to the next.
        seed: int from 0, of the latent points.
        image_range: (low, high), the values of black and white, or the ends
            of both axes of a scatter; a warning tells of values beyond it.
            None: that of the generator's last activation, (-1, 1) or (0, 1),
            also (-1, 1) of a `ProgressiveGAN`; else measured in each picture.

    Raises:
        ValueError: an argument out of range; in `fit`, a model that is no
            `GAN`, or one of neither images nor points of the plane.

    Example:
        >>> import os, tempfile, numpy as np, keras_latent as kl
        >>> gan = kl.GAN(*kl.mlp_gan_networks((4, 4, 1), 2, width=4))
        >>> gan.compile(run_eagerly=True)
        >>> with tempfile.TemporaryDirectory() as path:
        ...     grids = kl.SampleGrid(path, every=2)
        ...     options = dict(epochs=3, verbose=0, callbacks=[grids])
        ...     logs = gan.fit(np.zeros((4, 4, 4, 1)), batch_size=4, **options)
        ...     sorted(os.listdir(path))
        ['epoch_0002.png', 'epoch_0003.png', 'epochs.json']
    """

    def __init__(
        self,
        path: PathLike,
        rows: int = 8,
        columns: int = 8,
        every: int = 1,
        seed: int = 0,
        image_range: Range | None = None,
    ) -> None:
        counts = dict(rows=rows, columns=columns, every=every)
        for name, value in counts.items():
            check_count(name, value)
        check_count("seed", seed, minimum=0)
        super().__init__()
        self.path, self.rows, self.columns = pathlib.Path(path), rows, columns
        self.every, self.seed = every, seed
        self.image_range = check_image_range(image_range)
        self.counter, self.drawn, self.warned = EpochCounter(), None, False

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        check_gan(self.model)
        _check_shape(self.model.generator.output_shape[1:])
        self.path.mkdir(parents=True, exist_ok=True)
        step, known = int(self.model.step), self.path / EPOCHS
        if step and not self.counter.steps and known.exists():
            self.counter.steps = _read_steps(known)
        self.counter.begin(step)

    def on_epoch_end(
        self, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        number = self.counter.count(epoch, int(self.model.step))
        text = json.dumps(self.counter.steps) + "\n"
        save_whole(text.encode(), self.path / EPOCHS)
        if number % self.every == 0:
            self._draw(number)

    def on_train_end(self, logs: Mapping[str, Any] | None = None) -> None:
        last = max(self.counter.steps, default=None)
        if last is not None and last != self.drawn:
            self._draw(last)

    def _draw(self, number):
        samples = draw_samples(self.model, self.rows * self.columns, self.seed)
        self._watch(samples)
        limits = self.image_range or generator_range(self.model)
        path = self.path / f"epoch_{number:04d}.png"
        sample_grid(samples, path, self.columns, limits)
        self.drawn = number

    def _watch(self, samples):
        if self.image_range is None or self.warned:
            return
        low, high = self.image_range
        least, most = float(samples.min()), float(samples.max())
        if max(low - least, most - high) > OVERSHOOT * (high - low):
            self.warned = True
            warnings.warn(
                f"`image_range` was declared as ({low:g}, {high:g}), and the "
                f"generator's samples are from {least:g} to {most:g}: what is "
                "beyond is cut. Declare another range or scale the images.",
                stacklevel=2,
            )


def _check_shape(shape):
    image = len(shape) == 3 and shape[-1] in (1, 3)
    if not image and tuple(shape) != (2,):
        raise ValueError(
            "`gan` must make images of 1 or 3 channels, or points of the "
            f"plane, to be drawn. Received: examples of shape {tuple(shape)}. "
            "Leave the callback out, or draw `gan.sample(count)` yourself."
        )


def _read_steps(path):
    """dict, number of an epoch -> steps at its end, that a run has left."""
    try:
        steps = dict(json.loads(path.read_text()))
        return {int(number): int(step) for number, step in steps.items()}
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`path` must hold the {path.name} of this callback, or none. "
            f"Received: {str(path)!r} ({error}). Delete that file."
        ) from error
