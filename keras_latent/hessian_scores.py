"""How diagonal the Hessian of a generator is, by all its second derivatives."""

import dataclasses
import itertools

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import ArrayLike, Conditioning, Network
from keras_latent.hessian_penalty import as_points
from keras_latent.second_differences import (
    activations,
    second_differences,
    warn_of_rounding,
)

FLOOR = 1e-8  # of the authors' code: nothing is divided by zero


@dataclasses.dataclass(frozen=True)
class HessianFindings:
    """How far latent numbers act apart from each other.

    Attributes:
        off_diagonal_energy: float from 0, mean over points and pixels of the
            sum of H_ij^2 over all i != j. Half of the Hessian Penalty that
            the mean of all pixels has.
        diagonal_energy: float from 0, likewise of the H_ii^2.
        relative_diagonal_strength: float from 0, mean over points and pixels
            of (mean of |H_ii|) / (mean of |H_ij|, i != j).
        diagonal_maxima: float in [0, 1], share of points and pixels whose
            largest |H_ij| is on the diagonal.
        points, latent_dim: int.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.HessianFindings(0.0, 4.0, float("inf"), 1.0, 64, 2)
        >>> found.off_diagonal_energy < found.diagonal_energy
        True
    """

    off_diagonal_energy: float
    diagonal_energy: float
    relative_diagonal_strength: float
    diagonal_maxima: float
    points: int
    latent_dim: int


def hessian_scores(
    generator: Network,
    z: ArrayLike,
    epsilon: float = 0.1,
    conditioning: Conditioning = None,
    batch_size: int = 64,
) -> HessianFindings:
    """Measures all second derivatives of a generator at latent points.

    Takes latent_dim * (latent_dim + 1) + 1 calls for each batch. In memory
    are latent_dim second derivatives of one batch of images.

    To measure along directions, the rows of Q, give
    `lambda w: generator(w @ Q)` and coordinates w.

    Args:
        generator: as for `hessian_penalty`, of one output.
        z: float tensor or array (points, latent_dim), at least two numbers
            each; a tensor of float64 stays so, all else becomes float32.
        epsilon: number above 0, the step.
        conditioning: dict of keyword arguments of the generator, the same for
            all points.
        batch_size: int from 1, points at once.

    Returns:
        `HessianFindings`.

    Raises:
        ValueError: an argument out of range, several outputs, not finite, no
            row for each point.

    Source: Peebles et al. 2020, arXiv:2008.10599, section 4.3;
        `diagonalness` in progan_experiments/figures.py of
        wpeebles/hessian_penalty. The energy is equation 3 there.
    Differs from the authors' code: H_ij of the second derivatives along
        e_i, e_j and e_i + e_j, with two calls instead of four and an error of
        the same order; no whole Hessians are kept.

    Example:
        >>> import tensorflow as tf, keras_latent as kl
        >>> def curved(z):
        ...     return 2.0 * z[:, :1] ** 2 + z[:, :1] * z[:, 1:]
        >>> found = kl.hessian_scores(curved, tf.ones((3, 2), "float64"))
        >>> round(found.off_diagonal_energy, 6), found.diagonal_maxima
        (2.0, 1.0)
        >>> round(found.relative_diagonal_strength, 6)  # (4 + 0) / 2 over 1
        2.0
    """
    check_number("epsilon", epsilon, open_low=True)
    check_count("batch_size", batch_size)
    z = as_points(z)
    if z.shape.rank != 2 or z.shape[1] < 2 or not len(z):
        raise ValueError(
            "`z` must be of shape (points, latent_dim), with a point and two "
            f"numbers at least. Received: shape {tuple(z.shape)}."
        )
    warn_of_rounding(generator, z.dtype.name, epsilon)
    parts = []
    for start in range(0, len(z), batch_size):
        second = second_derivatives(
            generator, z[start : start + batch_size], epsilon, conditioning
        )
        parts.append(_pixel_scores(second, z.shape[1]))
    columns = zip(*parts, strict=True)
    means = [float(np.concatenate(column).mean()) for column in columns]
    off, diagonal, strength, maxima = means
    return HessianFindings(
        off, diagonal, strength, maxima, len(z), int(z.shape[1])
    )


def second_derivatives(generator, z, epsilon=0.1, conditioning=None):
    """All second derivatives of a generator, one after the other.

    Args:
        generator, epsilon, conditioning: as for `hessian_scores`.
        z: float tensor (batch, latent_dim).

    Yields:
        Tuples (i, j, H_ij), i <= j: first all of i = j, then each pair; the
        last a float64 array (batch, ...).

    Raises:
        ValueError: several outputs, not finite, no row for each point.

    Example:
        >>> from keras_latent.hessian_scores import second_derivatives
        >>> z = tf.ones((1, 2), "float64")
        >>> found = second_derivatives(lambda z: z[:, :1] * z[:, 1:], z)
        >>> [(i, j, round(float(h[0, 0]), 6)) for i, j, h in found]
        [(0, 0, 0.0), (1, 1, 0.0), (0, 1, 1.0)]
    """

    def call(points):
        return activations(generator, points, conditioning)

    centre = call(z)
    if len(centre) > 1:
        raise ValueError(
            f"`generator` must have one output. Received: {len(centre)} of "
            "them. Choose one, in a function of latent points."
        )
    units = tf.eye(z.shape[1], dtype=z.dtype)

    def along(direction):
        found = second_differences(call, z, direction, centre, epsilon)
        found = np.asarray(found[0], "float64")
        check_finite(found)
        return found

    diagonal = [along(unit) for unit in units]
    yield from ((i, i, found) for i, found in enumerate(diagonal))
    for i, j in itertools.combinations(range(len(diagonal)), 2):
        both = along(units[i] + units[j])
        yield i, j, (both - diagonal[i] - diagonal[j]) / 2


def check_finite(images):
    """Raises unless numbers from a generator are finite."""
    if not np.isfinite(images).all():
        raise ValueError(
            "`generator` must give finite numbers. Received: "
            f"{np.count_nonzero(~np.isfinite(images))} of {images.size} that "
            "are NaN or infinite. Its training has probably diverged."
        )


def _pixel_scores(second, count):
    """The four scores of each pixel, from a stream of second derivatives."""
    sums = {True: 0.0, False: 0.0}  # on the diagonal, off it
    squares, most = dict(sums), dict(sums)
    for i, j, values in second:
        here, times = i == j, 1 if i == j else 2
        size = np.abs(values)
        sums[here] += times * size
        squares[here] += times * size**2
        most[here] = np.maximum(most[here], size)
    on, off = sums[True] / count, sums[False] / (count * (count - 1))
    largest = (most[True] >= most[False]).astype("float64")
    return squares[False], squares[True], on / (off + FLOOR), largest
