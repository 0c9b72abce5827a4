"""How far two sets of images are apart, by a kernel of their features."""

import dataclasses

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Examples, Network, Range
from keras_latent.feature_batches import feature_batches, features_name

BLOCK = 1024  # rows and columns of the kernel matrix that are in memory


@dataclasses.dataclass(frozen=True)
class KernelFindings:
    """The kernel distance; `float(found)` is the distance.

    Attributes:
        values: tuple of float, the distance of each subset; of all examples
            alone where these were used.
        features: str, name of the features.
        real_examples, generated_examples: int.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.KernelFindings((0.0, 2.0), "mine", 10, 10)
        >>> found.distance, round(found.standard_error, 6)
        (1.0, 1.0)
    """

    values: tuple[float, ...]
    features: str
    real_examples: int
    generated_examples: int

    @property
    def distance(self) -> float:
        """Mean of the values; it may be below 0, since it is unbiased."""
        return float(np.mean(self.values))

    @property
    def standard_error(self) -> float:
        """Of the mean over subsets; NaN for one value.

        It holds for these examples. Where the subsets overlap, having more
        examples in them all than there are, fresh examples differ by more.

        Returns:
            float.
        """
        if len(self.values) == 1:
            return float("nan")
        return float(np.std(self.values, ddof=1) / np.sqrt(len(self.values)))

    def __float__(self) -> float:
        return self.distance


def polynomial_mmd(x, y):
    """Unbiased squared maximum mean discrepancy, kernel (x.y / d + 1)^3.

    Args:
        x: float array (m, d), m from 2.
        y: float array (n, d), n from 2.

    Returns:
        float, 0 on average where both are draws of one distribution.

    Raises:
        ValueError: other shapes.

    Source: Binkowski et al. 2018, arXiv:1801.01401, whose "kernel Inception
        distance" (KID) has this kernel and estimator.
    Differs from the paper: x and y may differ in number, and the kernel
        matrix is never whole in memory.

    Example:
        >>> from keras_latent.kernel_distance import polynomial_mmd
        >>> polynomial_mmd(np.zeros((2, 1)), np.ones((2, 1)))
        7.0
    """
    x, y = np.asarray(x, "float64"), np.asarray(y, "float64")
    matrices = x.ndim == y.ndim == 2 and x.shape[1] == y.shape[1] > 0
    if not matrices or min(len(x), len(y)) < 2:
        raise ValueError(
            "`x` and `y` must have shapes (m, d) and (n, d), with at least "
            f"two rows. Received: {x.shape} and {y.shape}."
        )
    return _within(x) + _within(y) - 2 * _kernel_sum(x, y) / (len(x) * len(y))


def kernel_distance(
    real: Examples,
    generated: Examples,
    features: Network | None = None,
    subsets: int = 100,
    subset_size: int | None = 1000,
    batch_size: int = 64,
    image_range: Range | None = None,
    seed: int = 0,
) -> KernelFindings:
    """How far generated images are from real ones; "KID" with Inception.

    Unlike the Frechet distance it is unbiased, so that it can be measured on
    few images, and sees more than mean and covariance. The features of all
    images are in memory, not the images.

    Args:
        real: array (examples, ...); or a finite `tf.data.Dataset` or other
            iterable of batches, without labels.
        generated: the same.
        features: Keras model or function from images to (batch, d), as from
            `default_features`. None: both sides hold features (examples, d).
        subsets: int from 2, how many random subsets the mean is over.
        subset_size: int from 2, examples of each side in a subset, drawn
            without repetition. None: all examples of both sides, one exact
            value; so also where both sides have just so many.
        batch_size: int from 1, for arrays.
        image_range: None, or (low, high): a warning tells of images in
            another range. None takes that of the extractor, if it has one.
        seed: int from 0, of the subsets.

    Returns:
        `KernelFindings`; equal for equal arguments.

    Raises:
        ValueError: fewer examples than a subset, sides with other numbers of
            features, arguments out of range.

    Source: Binkowski et al. 2018, arXiv:1801.01401, whose code averages over
        random subsets of 1000.

    Example:
        >>> import keras_latent as kl
        >>> real, generated = np.zeros((5, 2)), np.ones((6, 2))
        >>> found = kl.kernel_distance(real, generated, subset_size=None)
        >>> float(found), found.generated_examples
        (7.0, 6)
    """
    check_count("subsets", subsets, minimum=2)
    check_count("seed", seed, minimum=0)
    if subset_size is not None:
        check_count("subset_size", subset_size, minimum=2)
    options = features, batch_size, image_range
    x = np.concatenate(list(feature_batches("real", real, *options)))
    y = np.concatenate(list(feature_batches("generated", generated, *options)))
    _check_sides(x, y, subset_size)
    if subset_size is None or subset_size == len(x) == len(y):
        values = (polynomial_mmd(x, y),)
    else:
        random = np.random.default_rng(seed)
        values = tuple(
            polynomial_mmd(
                x[random.permutation(len(x))[:subset_size]],
                y[random.permutation(len(y))[:subset_size]],
            )
            for _ in range(subsets)
        )
    return KernelFindings(values, features_name(features), len(x), len(y))


def _within(x):
    """Mean of the kernel over pairs of different rows."""
    own = np.square(x).sum(axis=1) / x.shape[1] + 1
    total = _kernel_sum(x, x) - np.power(own, 3).sum()
    return float(total / (len(x) * (len(x) - 1)))


def _kernel_sum(x, y):
    total = 0.0
    for i in range(0, len(x), BLOCK):
        for j in range(0, len(y), BLOCK):
            inner = x[i : i + BLOCK] @ y[j : j + BLOCK].T
            inner /= x.shape[1]
            inner += 1
            total += float((inner * inner * inner).sum())
    return total


def _check_sides(x, y, subset_size):
    if x.shape[1] != y.shape[1]:
        raise ValueError(
            "`real` and `generated` must have as many features. Received: "
            f"{x.shape[1]} and {y.shape[1]}."
        )
    needed = subset_size or 2
    if min(len(x), len(y)) < needed:
        raise ValueError(
            f"`real` and `generated` must hold at least {needed} examples, a "
            f"subset. Received: {len(x)} and {len(y)}. Give more images, a "
            "smaller `subset_size`, or `subset_size=None` for all of them."
        )
