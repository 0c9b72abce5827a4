"""What the command `gan` learns to draw: a set of images, or a toy."""

import dataclasses

import numpy as np

from keras_latent import datasets
from keras_latent.cli_errors import usage
from keras_latent.cli_settings import limited
from keras_latent.gan_settings import TOYS

TOY_POINTS, QUICK_TOY_POINTS, TOY_TEST_POINTS = 20_000, 2_000, 2_000
TEST_SEED = 2**31  # added to the seed of the run


@dataclasses.dataclass(frozen=True, eq=False)
class GANData:
    """Examples to learn from and to measure by.

    Attributes:
        train, test: float32 arrays (n, ...): images in [-1, 1], or points.
        labels: int array, of `train`; None of a toy.
        classes: int, of the labels, or modes of a toy.
        origin: str, where the data come from.
        modes: dict, `centres` and `standard_deviation` of a toy; else empty.
    """

    train: np.ndarray
    test: np.ndarray
    labels: np.ndarray | None
    classes: int
    origin: str
    modes: dict


def load_gan_data(settings):
    """Loads the data of a run.

    Args:
        settings: `GANSettings`, defaults filled in.

    Returns:
        `GANData`.

    Raises:
        UsageProblem: the set is not there.

    Example:
        >>> from keras_latent.gan_data import load_gan_data
        >>> from keras_latent.gan_settings import GANSettings
        >>> data = load_gan_data(GANSettings("digits").with_defaults())
        >>> data.train.shape, data.classes
        ((1437, 16, 16, 1), 10)
    """
    return _toy(settings) if settings.toy else _images(settings)


def _toy(settings):
    make = TOYS[settings.dataset]
    count = QUICK_TOY_POINTS if settings.quick else TOY_POINTS
    points, centres, deviation = make(count, settings.seed)
    test = make(TOY_TEST_POINTS, TEST_SEED + settings.seed).points
    modes = {"centres": centres, "standard_deviation": deviation}
    origin = f"points of {len(centres)} Gaussians"
    return GANData(points, test, None, len(centres), origin, modes)


def _images(settings):
    with usage(name="--dataset"):
        (train, labels), (test, _) = (
            limited(
                datasets.load(
                    settings.dataset,
                    settings.data_dir,
                    split,
                    image_size=settings.image_size,
                ),
                settings,
            )
            for split in ("train", "test")
        )
    classes = int(labels.max()) + 1
    origin = datasets.origin(settings.dataset, settings.data_dir)
    return GANData(2 * train - 1, 2 * test - 1, labels, classes, origin, {})
