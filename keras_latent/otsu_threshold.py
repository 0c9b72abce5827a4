"""The threshold that parts numbers into two groups best."""

import numpy as np

from _keras_sparse_common.arguments import check_count


def otsu_threshold(values, bins=256):
    """The edge that leaves the least variance within two groups of numbers.

    Args:
        values: float array of any shape, finite, not all equal.
        bins: int from 2, of the histogram from the least to the largest.

    Returns:
        float: numbers from it upwards are the upper group.

    Raises:
        ValueError: numbers that are equal or not finite.

    Source: Otsu 1979, IEEE Transactions on Systems, Man, and Cybernetics
        9(1), equation 18.

    Example:
        >>> from keras_latent.otsu_threshold import otsu_threshold
        >>> values = np.array([0.0, 0.1, 0.9, 1.0])
        >>> (values >= otsu_threshold(values)).tolist()
        [False, False, True, True]
    """
    check_count("bins", bins, minimum=2)
    values = np.asarray(values, "float64").ravel()
    low, high = values.min(initial=np.inf), values.max(initial=-np.inf)
    if not (np.isfinite(values).all() and low < high):
        raise ValueError(
            "`values` must be finite and not all equal. Received: "
            f"{values.size} of them, from {low:g} to {high:g}."
        )
    counts, edges = np.histogram(values, bins)
    middles = (edges[:-1] + edges[1:]) / 2
    below = np.cumsum(counts)[:-1]
    above = values.size - below
    sums = np.cumsum(counts * middles)
    between = (sums[-1] * below / values.size - sums[:-1]) ** 2
    between /= below * above  # neither is 0: both end bins hold a number
    best = np.flatnonzero(between >= between.max() * (1 - 1e-12))
    return float(edges[1 + best[len(best) // 2]])  # amid an empty stretch
