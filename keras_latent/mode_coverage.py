"""How many of the known modes a generator's samples reach."""

import dataclasses

import numpy as np
from scipy import spatial

from _keras_sparse_common.arguments import check_number
from keras_latent._types import ArrayLike


@dataclasses.dataclass(frozen=True, eq=False)
class ModeFindings:
    """Which modes samples reach.

    Attributes:
        counts: int array (modes,), samples near each mode.
        samples: int, all samples, near a mode or not.
        fair_share: float, the share of samples / modes that covers a mode.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> found = kl.ModeFindings(np.array([9, 1]), 10, fair_share=0.5)
        >>> found.covered, found.high_quality
        (1, 1.0)
    """

    counts: np.ndarray
    samples: int
    fair_share: float

    @property
    def covered(self) -> int:
        """int, modes with at least their share of the samples."""
        needed = self.fair_share * self.samples / len(self.counts)
        return int(np.count_nonzero(self.counts >= max(needed, 1)))

    @property
    def high_quality(self) -> float:
        """float in [0, 1], share of the samples that are near a mode."""
        return float(self.counts.sum() / self.samples)


def mode_coverage(
    samples: ArrayLike,
    centres: ArrayLike,
    standard_deviation: float,
    radius: float = 4.0,
    fair_share: float = 0.1,
) -> ModeFindings:
    """Counts the modes of a known mixture that samples cover.

    Args:
        samples: finite array (n, d), n from 1.
        centres: finite array (modes, d), means of the mixture.
        standard_deviation: float above 0, of each mode along each axis.
        radius: float above 0, in standard deviations: a sample is near the
            mode that is closest when it is within this distance.
        fair_share: float in (0, 1], of n / modes: a mode is covered when at
            least so many samples, and at least one, are near it.

    Returns:
        `ModeFindings`.

    Raises:
        ValueError: other shapes, numbers that are not finite or out of range.

    Source: the measure of mode collapse on mixtures of Gaussians that Wang et
        al. 2018, arXiv:1803.00657, show as figures.
    Differs from them: figures become numbers, with a radius and a share that
        are arguments.

    Example:
        >>> import keras_latent as kl
        >>> centres = [[0.0, 0.0], [5.0, 0.0]]
        >>> found = kl.mode_coverage([[0.1, 0.0], [9.0, 9.0]], centres, 0.1)
        >>> found.covered, found.high_quality
        (1, 0.5)
    """
    samples = _points("samples", samples)
    centres = _points("centres", centres)
    if samples.shape[1] != centres.shape[1]:
        raise ValueError(
            "`samples` and `centres` must have as many coordinates. Received: "
            f"{samples.shape[1]} and {centres.shape[1]}."
        )
    above = {"open_low": True}
    check_number("standard_deviation", standard_deviation, **above)
    check_number("radius", radius, **above)
    check_number("fair_share", fair_share, high=1.0, **above)
    distance, nearest = spatial.cKDTree(centres).query(samples)
    near = nearest[distance <= radius * standard_deviation]
    counts = np.bincount(near, minlength=len(centres))
    return ModeFindings(counts, len(samples), float(fair_share))


def _points(name, points):
    points = np.asarray(points, "float64")
    if points.ndim != 2 or not points.size or not np.isfinite(points).all():
        bad = np.count_nonzero(~np.isfinite(points))
        raise ValueError(
            f"`{name}` must be finite points of shape (n, d), at least one. "
            f"Received: shape {points.shape}, {bad} numbers not finite."
        )
    return points
