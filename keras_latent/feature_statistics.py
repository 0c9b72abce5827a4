"""Mean and covariance of features, gathered batch by batch."""

from typing import Any, Self

import numpy as np

from keras_latent._types import ArrayLike, Examples, Network, PathLike, Range
from keras_latent.feature_batches import (
    AS_GIVEN,
    feature_batches,
    features_name,
)
from keras_latent.statistics_files import read_statistics, write_statistics


class FeatureStatistics:
    """Mean and covariance of rows that come in batches, in float64.

    Memory is that of one (d, d) matrix, whatever the number of rows. Two
    halves of the data may be gathered apart and merged.

    Args:
        features: str, name of the features; only equal ones are compared.

    Attributes:
        count: int, rows so far.
        mean: float64 array (d,).
        covariance: float64 array (d, d), divided by `count` - 1.

    Source: Chan, Golub and LeVeque 1979, "Updating formulae and a pairwise
        algorithm for computing sample variances", for the merge; Heusel et
        al. 2017, arXiv:1706.08500, whose fid.py (bioinf-jku/TTUR) takes the
        mean and `np.cov` of the features.
    Differs from the authors' code: which holds all the features at once.

    Example:
        >>> import keras_latent as kl
        >>> statistics = kl.FeatureStatistics()
        >>> statistics.update([[0.0, 1.0], [2.0, 5.0]])
        >>> statistics.mean.tolist(), statistics.covariance.tolist()
        ([1.0, 3.0], [[2.0, 4.0], [4.0, 8.0]])
    """

    def __init__(self, features: str = AS_GIVEN) -> None:
        self.features = features
        self.count = 0
        self._mean: Any = None
        self._scatter: Any = None

    @property
    def mean(self) -> np.ndarray:
        """float64 array (d,), the mean of the rows."""
        self._need(1, "mean")
        return self._mean.copy()

    @property
    def covariance(self) -> np.ndarray:
        """float64 array (d, d), divided by `count` - 1."""
        self._need(2, "covariance")
        return self._scatter / (self.count - 1)

    def update(self, batch: ArrayLike) -> None:
        """Adds the rows of a batch.

        Args:
            batch: finite array (rows, d); d is that of the first batch.

        Raises:
            ValueError: another shape, numbers that are not finite.
        """
        rows = np.asarray(batch, "float64")
        if rows.ndim != 2 or not rows.size or not np.isfinite(rows).all():
            raise ValueError(
                "`batch` must be finite features of shape (rows, d). "
                f"Received: shape {rows.shape}, "
                f"{np.count_nonzero(~np.isfinite(rows))} not finite."
            )
        mean = rows.mean(axis=0)
        centred = rows - mean
        self._add(len(rows), mean, centred.T @ centred)

    def merge(self, other: "FeatureStatistics") -> None:
        """Adds what other statistics of the same features have gathered.

        Args:
            other: `FeatureStatistics`; it is not changed.

        Raises:
            ValueError: other features, or another number of them.
        """
        check_same_features(self, other)
        if other.count:
            self._add(other.count, other._mean, other._scatter)

    def save(self, path: PathLike) -> None:
        """Writes the statistics to an .npz file.

        `mu` and `sigma` are named as in the files of the authors of the
        distance.

        Args:
            path: str or path that ends in ".npz".

        Raises:
            ValueError: another ending, fewer than two rows.
        """
        write_statistics(
            path,
            mu=self.mean,
            sigma=self.covariance,
            count=self.count,
            features=self.features,
        )

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Reads statistics that `save` has written.

        Args:
            path: str or path that ends in ".npz".

        Returns:
            `FeatureStatistics`.

        Raises:
            ValueError: a file of something else.
        """
        saved = read_statistics(path)
        new = cls(str(saved["features"]))
        new.count = int(saved["count"])
        new._mean = saved["mu"]
        new._scatter = saved["sigma"] * (new.count - 1)
        return new

    def _add(self, count, mean, scatter):
        if self.count == 0:
            self.count = count
            self._mean, self._scatter = mean.copy(), scatter.copy()
            return
        if len(mean) != len(self._mean):
            raise ValueError(
                f"`batch` must have {len(self._mean)} features, as the rows "
                f"before. Received: {len(mean)}."
            )
        total = self.count + count
        step = mean - self._mean
        self._mean += step * (count / total)
        self._scatter += scatter
        self._scatter += np.outer(step, step) * (self.count * count / total)
        self.count = total

    def _need(self, rows, what):
        if self.count < rows:
            raise ValueError(
                f"The {what} needs at least {rows} rows. Received: "
                f"{self.count}. Call `update` first."
            )


def feature_statistics(
    data: Examples,
    features: Network | None = None,
    batch_size: int = 64,
    image_range: Range | None = None,
) -> FeatureStatistics:
    """Gathers the statistics of a data set, to compare generators with.

    Args:
        data: array (examples, ...); or a finite `tf.data.Dataset` or other
            iterable of batches, without labels, read once.
        features: Keras model or function from a batch to (batch, d). None:
            `data` holds features.
        batch_size: int from 1, for arrays.
        image_range: None, or (low, high): a warning tells of another range.
            None takes that of the extractor, where it has one.

    Returns:
        `FeatureStatistics`.

    Raises:
        ValueError: data or features of another kind or shape, or not finite.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.feature_statistics(np.eye(3))
        >>> found.count, found.covariance.shape
        (3, (3, 3))
    """
    return gather("data", data, features, batch_size, image_range)


def gather(name, data, features, batch_size, image_range):
    """Does what `feature_statistics` does; messages call the data `name`."""
    gathered = FeatureStatistics(features_name(features))
    rows = feature_batches(name, data, features, batch_size, image_range)
    for batch in rows:
        gathered.update(batch)
    return gathered


def check_same_features(first, second):
    """Raises unless two statistics are of the same features."""
    if first.features != second.features:
        raise ValueError(
            "Both sides must have the same `features`. Received: "
            f"{first.features!r} and {second.features!r}. Gather one of them "
            "anew, with the other's extractor."
        )
