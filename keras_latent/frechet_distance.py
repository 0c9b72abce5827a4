"""How far two sets of images are apart, as Gaussians of their features."""

import dataclasses

import numpy as np
from scipy import linalg

from keras_latent._types import ArrayLike, Examples, Network, Range
from keras_latent.feature_statistics import (
    FeatureStatistics,
    check_same_features,
    gather,
)


@dataclasses.dataclass(frozen=True)
class FrechetFindings:
    """The distance of two sets of images; `float(found)` is the distance.

    Attributes:
        distance: float from 0, in squared units of the features.
        features: str, name of the features.
        real_examples, generated_examples: int.

    Example:
        >>> import keras_latent as kl
        >>> float(kl.FrechetFindings(2.5, "mine", 10, 10))
        2.5
    """

    distance: float
    features: str
    real_examples: int
    generated_examples: int

    def __float__(self) -> float:
        return self.distance


def gaussian_frechet_distance(
    mean: ArrayLike,
    covariance: ArrayLike,
    other_mean: ArrayLike,
    other_covariance: ArrayLike,
) -> float:
    """Squared Frechet distance of two Gaussians, in float64.

    |m - m'|^2 + tr(C) + tr(C') - 2 tr((C C')^(1/2)). The last trace is the
    sum of the square roots of the eigenvalues of C^(1/2) C' C^(1/2): these
    are the singular values of C^(1/2) C'^(1/2), which lose no digits where
    the covariances are singular or nearly so.

    Args:
        mean, other_mean: arrays (d,).
        covariance, other_covariance: symmetric arrays (d, d) without negative
            eigenvalues but for rounding.

    Returns:
        float from 0.

    Raises:
        ValueError: shapes that do not meet, numbers that are not finite, a
            matrix that is no covariance.

    Source: Heusel et al. 2017, arXiv:1706.08500, equation 6;
        `calculate_frechet_distance` in fid.py of bioinf-jku/TTUR.
    Differs from the authors' code: no `sqrtm` of the product, which is not
        symmetric and can come out complex.

    Example:
        >>> import keras_latent as kl
        >>> one, two = np.eye(3), 4 * np.eye(3)
        >>> kl.gaussian_frechet_distance(np.zeros(3), one, np.ones(3), two)
        6.0
    """
    mean, covariance = _gaussian("", mean, covariance)
    other_mean, other = _gaussian("other_", other_mean, other_covariance)
    if mean.shape != other_mean.shape:
        raise ValueError(
            "Both Gaussians must have as many dimensions. Received: `mean` "
            f"of {len(mean)} and `other_mean` of {len(other_mean)}."
        )
    roots = _root("covariance", covariance), _root("other_covariance", other)
    shared = linalg.svdvals(roots[0].T @ roots[1]).sum()
    traces = np.trace(covariance) + np.trace(other)
    distance = np.square(mean - other_mean).sum() + traces - 2 * shared
    return float(max(distance, 0.0))


def frechet_distance(
    real: FeatureStatistics | Examples,
    generated: FeatureStatistics | Examples,
    features: Network | None = None,
    batch_size: int = 64,
    image_range: Range | None = None,
) -> FrechetFindings:
    """How far generated images are from real ones; "FID" with Inception.

    Mean and covariance of the features are gathered batch by batch: memory
    grows with the square of the features and not with the images. Only
    distances with the same features and numbers of images can be compared:
    fewer images give a larger distance.

    Args:
        real: array (examples, ...); a finite `tf.data.Dataset` or other
            iterable of batches, without labels; or `FeatureStatistics`.
        generated: the same.
        features: Keras model or function from images to (batch, d), as from
            `default_features`. None: both sides hold features (examples, d).
        batch_size: int from 1, for arrays.
        image_range: None, or (low, high): a warning tells of images in
            another range. None takes that of the extractor, if it has one.

    Returns:
        `FrechetFindings`.

    Raises:
        ValueError: a side with fewer than d + 1 examples, sides with other
            features, anything that `feature_statistics` refuses.

    Source: Heusel et al. 2017, arXiv:1706.08500, section 2.
    Differs from the authors' code: any features; statistics in batches.

    Example:
        >>> import keras_latent as kl
        >>> real = np.array([[0.0, 0.0], [2.0, 0.0], [0.0, 2.0], [2.0, 2.0]])
        >>> round(float(kl.frechet_distance(real, real + 3)), 6)
        18.0
    """
    options = features, batch_size, image_range
    first = _statistics("real", real, *options)
    second = _statistics("generated", generated, *options)
    check_same_features(first, second)
    distance = gaussian_frechet_distance(
        first.mean, first.covariance, second.mean, second.covariance
    )
    return FrechetFindings(distance, first.features, first.count, second.count)


def _statistics(name, data, features, batch_size, image_range):
    known = isinstance(data, FeatureStatistics)
    if not known:
        data = gather(name, data, features, batch_size, image_range)
    size = len(data.mean)
    if data.count < size + 1:
        raise ValueError(
            f"`{name}` must hold at least {size + 1} examples for a covariance "
            f"of {size} features. Received: {data.count}. Give more images, or "
            "fewer features; `kernel_distance` needs no covariance."
        )
    return data


def _gaussian(which, mean, covariance):
    mean = np.asarray(mean, "float64")
    covariance = np.asarray(covariance, "float64")
    square = mean.ndim == 1 and covariance.shape == (mean.size, mean.size)
    if not (square and mean.size):
        raise ValueError(
            f"`{which}mean` must have shape (d,) and `{which}covariance` "
            f"(d, d). Received: {mean.shape} and {covariance.shape}."
        )
    if not (np.isfinite(mean).all() and np.isfinite(covariance).all()):
        raise ValueError(
            f"`{which}mean` and `{which}covariance` must be finite. Received: "
            "NaN or infinite numbers."
        )
    if not np.allclose(
        covariance, covariance.T, 1e-6, 1e-9 * _scale(covariance)
    ):
        raise ValueError(
            f"`{which}covariance` must be symmetric. Received: a matrix that "
            f"differs from its transpose by "
            f"{np.abs(covariance - covariance.T).max():g}."
        )
    return mean, (covariance + covariance.T) / 2


def _root(name, covariance):
    """A matrix R with R R' = covariance, without columns of rounding."""
    values, vectors = linalg.eigh(covariance)
    rounding = len(values) * np.finfo("float64").eps * _scale(values)
    if values[0] < -1e3 * rounding:
        raise ValueError(
            f"`{name}` must have no negative eigenvalues. Received: one of "
            f"{values[0]:g} beside {values[-1]:g}."
        )
    kept = values > rounding
    return vectors[:, kept] * np.sqrt(values[kept])


def _scale(values):
    return np.abs(values).max()
