"""Budgets of live weights that move between layers: exact counts."""

from keras import ops

_LARGEST_FLOAT = 0x7F7FFFFF  # bits of the largest finite float32
_SMALLEST_SHARE = 1e-12  # of the largest share; counts only if others are full


def share_out(total, shares, capacities):
    """Splits a number of weights among layers, in proportion and exactly.

    Layer l gets `min(capacities[l], round(scale * shares[l]))` with the one
    scale that gives `total`: what a full layer cannot take goes to the others
    in proportion to their shares. All shapes are static, so it compiles under
    XLA; the scale is found by bisection over the float32 numbers.

    Args:
        total: int or int32 scalar from 0, below 2**31. What exceeds all
            capacities is not shared out.
        shares: float tensor (layers,); negative and NaN count as 0. A layer
            of share 0 gets what no other can take; if all are 0, they are
            equal.
        capacities: int32 tensor (layers,) from 0, sum below 2**31.

    Returns:
        int32 tensor (layers,) with sum `total`; of equal claims to the last
        weight the first layer's wins.

    Source: Webster's divisor method of apportionment, with upper bounds.

    Example:
        >>> counts = share_out(10, [5.0, 3.0, 2.0], [3, 9, 9])
        >>> [int(count) for count in counts]
        [3, 4, 3]
    """
    capacities = ops.cast(capacities, "int32")
    shares = _relative(ops.cast(shares, "float32"))
    total = ops.minimum(ops.cast(total, "int32"), ops.sum(capacities))

    def halve(_, bounds):
        low, high, fewer, more = bounds
        middle = low + (high - low) // 2
        counts = _counts(middle, shares, capacities)
        fits = ops.sum(counts) <= total
        return (
            ops.where(fits, middle, low),
            ops.where(fits, high, middle),
            ops.where(fits, counts, fewer),
            ops.where(fits, more, counts),
        )

    # Between two scales with neighbouring bits. Their counts are carried along
    # so that the sum is exact even where XLA rounds a product differently.
    low, high = ops.cast(0, "int32"), ops.cast(_LARGEST_FLOAT, "int32")
    bounds = low, high, ops.zeros_like(capacities), capacities
    _, _, fewer, more = ops.fori_loop(0, 31, halve, bounds)
    step = more - fewer
    before = ops.cumsum(step) - step
    return fewer + ops.clip(total - ops.sum(fewer) - before, 0, step)


def _relative(shares):
    shares = ops.where(shares > 0, ops.minimum(shares, 1e30), 0.0)
    largest = ops.max(shares)
    shares = ops.where(largest > 0, shares / ops.maximum(largest, 1e-30), 1.0)
    return ops.maximum(shares, _SMALLEST_SHARE)


def _counts(bits, shares, capacities):
    claims = ops.round(ops.view(bits, "float32") * shares)
    # Before the cast, which is undefined above the largest int32.
    claims = ops.minimum(claims, ops.cast(capacities, "float32"))
    return ops.minimum(ops.cast(claims, "int32"), capacities)


def count(mask):
    """Number of true entries, an int32 scalar tensor."""
    return ops.sum(ops.cast(mask, "int32"))
