"""Mixtures of Gaussians in the plane, whose modes are known."""

from typing import NamedTuple

import numpy as np

from _keras_sparse_common.arguments import check_count


class GaussianToy(NamedTuple):
    """Points of a mixture, and what `mode_coverage` wants to know of it.

    Args:
        points: float32 array (count, 2).
        centres: float32 array (modes, 2), means of the modes.
        standard_deviation: float, of each mode along each axis.
    """

    points: np.ndarray
    centres: np.ndarray
    standard_deviation: float


def gaussian_grid(count: int, seed: int = 0) -> GaussianToy:
    """Points of 25 Gaussians on a grid of 5 x 5.

    Means 2 * {-2, ..., 2} on each axis and deviation .05, all divided by
    2.828; each point's mode is drawn at random.

    Args:
        count: int from 1, points.
        seed: int from 0.

    Returns:
        `GaussianToy`, with numbers from after the division.

    Raises:
        ValueError: a count or seed that is none.

    Source: `toys/train_toy_25G.py` of WANG-Chaoyue/EvolutionaryGAN.

    Example:
        >>> import keras_latent as kl
        >>> points, centres, deviation = kl.gaussian_grid(100)
        >>> points.shape, centres.shape, round(deviation, 4)
        ((100, 2), (25, 2), 0.0177)
    """
    axis = np.arange(-2.0, 3.0) * 2
    centres = np.stack(np.meshgrid(axis, axis, indexing="ij"), -1)
    return _mixture(centres.reshape(25, 2) / 2.828, 0.05 / 2.828, count, seed)


def gaussian_ring(count: int, seed: int = 0) -> GaussianToy:
    """Points of 8 Gaussians on a circle.

    Radius 2 and deviation .02, both divided by 1.414; each point's mode is
    drawn at random.

    Args:
        count: int from 1, points.
        seed: int from 0.

    Returns:
        `GaussianToy`, with numbers from after the division.

    Raises:
        ValueError: a count or seed that is none.

    Source: `toys/train_toy_8G.py` of WANG-Chaoyue/EvolutionaryGAN.

    Example:
        >>> import keras_latent as kl
        >>> kl.gaussian_ring(100).centres.shape
        (8, 2)
    """
    angle = np.arange(8) * np.pi / 4
    centres = 2 * np.stack([np.cos(angle), np.sin(angle)], -1)
    return _mixture(centres / 1.414, 0.02 / 1.414, count, seed)


def _mixture(centres, deviation, count, seed):
    check_count("count", count)
    check_count("seed", seed, minimum=0)
    generator = np.random.default_rng(seed)
    modes = generator.integers(len(centres), size=count)
    points = centres[modes] + deviation * generator.normal(size=(count, 2))
    return GaussianToy(
        points.astype("float32"), centres.astype("float32"), deviation
    )
