"""Exact selection of the k largest scores, without sorting."""

import math

from keras import ops

from keras_sparse.backend import histogram

_LOW_BITS = 15  # a 32-bit key is read as 17 high bits, then 15 low bits
_HALF = 2**16  # of the values that the high bits take
_COLUMNS = 256  # bins that are added up first
_ROW = 1024


def top_k_mask(score, k):
    """Marks the `k` largest scores: exactly `k`, ties to the lower index.

    All shapes are static and `k` may be a traced value, so it compiles under
    XLA. The threshold is found by a radix search over two histograms of the
    scores' bit patterns: two passes, whatever `k` is.

    Args:
        score: float tensor of any shape, fewer than 2**31 elements, compared
            as float32.
        k: int or int32 scalar; below 0 selects nothing, above the number of
            elements selects all.

    Returns:
        Boolean tensor of the shape of `score` with `k` true entries.

    Example:
        >>> from keras import ops
        >>> mask = top_k_mask(ops.array([0.5, 2.0, 2.0, 2.0]), k=2)
        >>> [bool(selected) for selected in mask]
        [False, True, True, False]
    """
    score = ops.cast(score, "float32")
    bits = ops.view(score, "int32")
    bits = ops.where(ops.equal(bits, -(2**31)), 0, bits)  # -0.0 is 0.0
    # Negative floats grow downwards in their bits: turn them round.
    flip = ops.bitwise_and(ops.right_shift(bits, 31), 0x7FFFFFFF)
    k = ops.clip(ops.cast(k, "int32"), 0, math.prod(score.shape))
    return _select(ops.bitwise_xor(bits, flip), k, lowest=-_HALF)


def top_magnitude_mask(values, k, among):
    """Marks the `k` largest magnitudes among some entries; exactly `k`.

    The faster form of `top_k_mask` for what sparse training asks: entries
    outside `among` never win, not even over a 0 inside it.

    Args:
        values: float tensor of any shape, fewer than 2**31 elements.
        k: int or int32 scalar, at most the number of true entries in `among`.
        among: boolean tensor of the shape of `values`.

    Returns:
        Boolean tensor of the shape of `values` with `k` true entries.

    Example:
        >>> from keras import ops
        >>> among = ops.array([False, True, True, True])
        >>> values = ops.array([9.0, 0.0, -2.0, 0.0])
        >>> mask = top_magnitude_mask(values, 2, among)
        >>> [bool(selected) for selected in mask]
        [False, True, True, False]
    """
    bits = ops.view(ops.abs(ops.cast(values, "float32")), "int32")
    k = ops.maximum(ops.cast(k, "int32"), 0)
    return _select(ops.where(among, bits, -1), k, lowest=0)


def top_magnitude_mask_of_rows(values, k, among):
    """Marks the largest magnitudes of each row; exactly `k`, ties to the left.

    Args:
        values: float tensor (rows, columns), compared as float32.
        k: int32 tensor (rows,) or int, at most the number of true entries in
            the row of `among`.
        among: boolean tensor (rows, columns); other entries never win.

    Returns:
        Boolean tensor (rows, columns).

    Example:
        >>> from keras import ops
        >>> values = ops.array([[1.0, -3.0, 2.0], [5.0, 5.0, 5.0]])
        >>> among = ops.ones((2, 3), dtype="bool")
        >>> mask = top_magnitude_mask_of_rows(values, 2, among)
        >>> [[bool(selected) for selected in row] for row in mask]
        [[False, True, True], [True, True, False]]
    """
    bits = ops.view(ops.abs(ops.cast(values, "float32")), "int32")
    key = ops.where(among, bits, -1)
    k = ops.broadcast_to(ops.cast(k, "int32"), key.shape[:1])[:, None]

    def number(condition):
        return ops.sum(ops.cast(condition, "int32"), axis=1, keepdims=True)

    # The k-th largest key of each row, bit by bit from the top.
    def add_bit(i, threshold):
        higher = ops.bitwise_or(threshold, ops.left_shift(1, 30 - i))
        return ops.where(number(key >= higher) >= k, higher, threshold)

    threshold = ops.fori_loop(0, 31, add_bit, ops.zeros_like(k))
    above = key > threshold
    ties = ops.equal(key, threshold)
    rank = ops.cumsum(ops.cast(ties, "int32"), axis=1)
    chosen = ops.logical_and(ties, rank <= k - number(above))
    return ops.logical_or(above, chosen)


def _select(key, k, lowest):
    """Marks the k largest int32 keys; high bits below `lowest` are left out."""
    if math.prod(key.shape) == 0:
        return ops.zeros(key.shape, dtype="bool")
    flat = ops.reshape(key, (-1,))
    high = ops.right_shift(flat, _LOW_BITS)
    # A key that is left out has a negative digit here: wrap it past the bins.
    digit = ops.bitwise_and(high - lowest, 2 * _HALF - 1)
    found, k = _bin_of_kth(histogram(digit, _HALF - lowest), k)
    low = ops.bitwise_and(flat, 2**_LOW_BITS - 1)
    low = ops.where(ops.equal(digit, found), low, 2**_LOW_BITS)
    rest, k = _bin_of_kth(histogram(low, 2**_LOW_BITS), k)
    threshold = ops.left_shift(found + lowest, _LOW_BITS) + rest
    ties = ops.equal(flat, threshold)
    index = ops.arange(flat.shape[0], dtype="int32")
    chosen = ops.logical_and(ties, index <= _index_of_nth(ties, k))
    return ops.reshape(ops.logical_or(flat > threshold, chosen), key.shape)


def _bin_of_kth(counts, k):
    """The bin that holds the k-th from the top, and its rank inside it."""
    # In two levels, because a cumulative sum over all bins costs more.
    rows = ops.reshape(counts, (-1, _COLUMNS))
    row, k = _count_down(ops.sum(rows, axis=1), k)
    column, k = _count_down(ops.take(rows, row, axis=0), k)
    return row * _COLUMNS + column, k


def _count_down(counts, k):
    at_least = ops.flip(ops.cumsum(ops.flip(counts)))
    found = ops.sum(ops.cast(at_least >= k, "int32")) - 1
    return found, k - (ops.take(at_least, found) - ops.take(counts, found))


def _index_of_nth(flags, n):
    """Index of the n-th true flag (n from 1), or -1 where n is 0."""
    rows = -(-flags.shape[0] // _ROW)
    flags = ops.pad(flags, (0, rows * _ROW - flags.shape[0]))
    flags = ops.reshape(flags, (rows, _ROW))
    per_row = ops.sum(ops.cast(flags, "int32"), axis=1)
    seen = ops.cumsum(per_row)
    row = ops.sum(ops.cast(seen < n, "int32"))
    rest = n - (ops.take(seen, row) - ops.take(per_row, row))
    within = ops.cumsum(ops.cast(ops.take(flags, row, axis=0), "int32"))
    index = row * _ROW + ops.sum(ops.cast(within < rest, "int32"))
    return ops.where(n > 0, index, -1)
