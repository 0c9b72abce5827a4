"""What a generator made of the same latent points as it was trained."""

import os
import pathlib
import warnings
from collections.abc import Mapping
from typing import Any

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.array_files import read_arrays
from _keras_sparse_common.whole_files import whole_file
from keras_latent._types import PathLike
from keras_latent.fader_checks import RANGES, last_activation
from keras_latent.gan import GAN
from keras_latent.progressive_gan import ProgressiveGAN

POINTS = 1000  # of a scatter
KEPT = 16  # most epochs of a history


def check_gan(model):
    """Raises unless a model is a `GAN` or one of its kinds."""
    if not isinstance(model, GAN):
        raise ValueError(
            "`gan` must be a `GAN`, `EvolutionaryGAN`, `InfoGAN` or "
            f"`ProgressiveGAN`. Received: {type(model).__name__}."
        )


def generator_range(gan):
    """The range of what a generator makes, or None where it has no ends.

    Args:
        gan: `GAN`.

    Returns:
        (low, high) by the generator's last activation; (-1, 1), where the
        images should be, of a `ProgressiveGAN`; else None.
    """
    if isinstance(gan, ProgressiveGAN):
        return -1.0, 1.0
    return RANGES.get(last_activation(gan.generator))


def draw_samples(gan, images, seed):
    """`images` examples of a GAN; of points of the plane 1,000."""
    plane = gan.generator.output_shape[1:] == (2,)
    return gan.sample(POINTS if plane else images, seed=seed)


class EpochCounter:
    """Numbers epochs through several fits and resumed ones.

    Keras begins at 0 in each `fit`, also in each stage of a `ProgressiveGAN`.

    Attributes:
        steps: dict, number of an epoch from 1 -> steps trained at its end.

    Example:
        >>> from keras_latent.sample_history import EpochCounter
        >>> counter = EpochCounter()
        >>> [counter.count(epoch, step) for epoch, step in [(0, 5), (1, 10)]]
        [1, 2]
        >>> counter.begin(5)  # a training goes on from its fifth step
        >>> counter.count(0, 10)
        2
    """

    def __init__(self):
        self.steps = {}

    def begin(self, step):
        """Forgets what a training that begins at `step` will do again."""
        self.steps = {n: s for n, s in self.steps.items() if s <= step}

    def count(self, epoch, step):
        """The number of an epoch that Keras calls `epoch`."""
        number = max([epoch, *self.steps]) + 1
        self.steps[number] = step
        return number


class SampleHistory(keras.callbacks.Callback):
    """Keeps samples of the same latent points, of at most 16 epochs.

    The first epoch is kept and then each one at first; when there are more
    than 16, every second is dropped and from then on kept half as often. So
    memory does not grow with the epochs.

    Args:
        path: file that ends in ".npz", so that a resumed training goes on
            with it; or None. A training that begins at step 0 starts it anew.
        images: int from 1, images of an epoch; of points it has 1,000.
        seed: int from 0, of the latent points.

    Attributes:
        samples: dict, number of an epoch from 1 -> array.

    Raises:
        ValueError: an argument out of range; in `fit`, a model that is no
            `GAN`.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> gan = kl.GAN(*kl.mlp_gan_networks((2,), 2, width=4))
        >>> gan.compile(run_eagerly=True)
        >>> kept = kl.SampleHistory()
        >>> options = dict(epochs=2, verbose=0, callbacks=[kept])
        >>> logs = gan.fit(np.zeros((4, 2)), batch_size=4, **options)
        >>> {number: points.shape for number, points in kept.samples.items()}
        {1: (1000, 2), 2: (1000, 2)}
    """

    def __init__(
        self, path: PathLike | None = None, images: int = 8, seed: int = 0
    ) -> None:
        check_count("images", images)
        check_count("seed", seed, minimum=0)
        if path is not None and pathlib.Path(path).suffix != ".npz":
            raise ValueError(
                f"`path` must end in '.npz'. Received: {os.fspath(path)!r}."
            )
        super().__init__()
        self.path = None if path is None else pathlib.Path(path)
        self.images, self.seed = images, seed
        self.samples: dict[int, np.ndarray] = {}
        self.interval = 1
        self.counter = EpochCounter()

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        check_gan(self.model)
        step = int(self.model.step)
        if step and not self.counter.steps and self.path is not None:
            self._load()
        self.counter.begin(step)
        self.interval = self.interval if self.counter.steps else 1
        known = self.counter.steps
        self.samples = {n: s for n, s in self.samples.items() if n in known}

    def on_epoch_end(
        self, epoch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        number = self.counter.count(epoch, int(self.model.step))
        if (number - 1) % self.interval == 0:
            made = draw_samples(self.model, self.images, self.seed)
            self.samples[number] = made
            if len(self.samples) > KEPT:
                self.interval *= 2
                self.samples = {
                    n: made
                    for n, made in self.samples.items()
                    if (n - 1) % self.interval == 0
                }
        if self.path is not None:
            self._save()

    def evenly(self, gan: keras.Model, count: int) -> dict[int, np.ndarray]:
        """Samples of epochs spread evenly, up to those of now.

        Args:
            gan: `GAN`, as trained.
            count: int from 2, most epochs.

        Returns:
            dict, number of an epoch -> array; empty where none was kept.
        """
        if not self.samples:
            return {}
        kept, last = dict(self.samples), max(self.counter.steps)
        if last not in kept:
            kept[last] = draw_samples(gan, self.images, self.seed)
        numbers = sorted(kept)
        places = np.linspace(0, len(numbers) - 1, min(count, len(numbers)))
        return {
            numbers[p]: kept[numbers[p]] for p in places.round().astype(int)
        }

    def _save(self):
        self.path.parent.mkdir(parents=True, exist_ok=True)
        samples = {str(n): made for n, made in self.samples.items()}
        steps = list(self.counter.steps.items())
        with whole_file(self.path) as new, open(new, "wb") as file:
            np.savez(file, steps=steps, interval=self.interval, **samples)

    def _load(self):
        if not self.path.exists():
            warnings.warn(
                f"The training goes on, but {str(self.path)!r} is not there: "
                "the samples of the epochs before are missing.",
                stacklevel=2,
            )
            return
        try:
            saved = read_arrays(self.path)
            steps = saved.pop("steps").tolist()
            self.counter.steps = {int(n): int(step) for n, step in steps}
            self.interval = int(saved.pop("interval"))
            self.samples = {int(n): saved[n] for n in sorted(saved, key=int)}
        except (KeyError, TypeError, ValueError) as error:
            raise ValueError(
                "`path` must be a whole file of this callback, or none. "
                f"Received: {str(self.path)!r} ({error}). Delete it."
            ) from error
