"""From how many zero blocks on LiteRT's sparse kernel is no slower."""

import math

# The kernel is no slower than the dense one, for one row of inputs on one
# thread, up to a share of blocks with nonzeros of: the first number, less the
# second for each output (divided by the inputs), the third for each input
# (divided by the outputs), the fourth for the call (divided by both). x86 by
# benchmarks/break_even.py (AVX512, VNNI), at shapes whose dense kernel is
# quickest: outputs a multiple of 64. ARM by instruction counts of the emulated
# wheel, kept to the x86 figures where both have the kernel. No entry: never.
COSTS = {
    ("float", "x86"): (0.17, 5, 0, 1_600),
    ("float", "arm"): (0.17, 5, 0, 1_600),
    ("dynamic", "x86"): (0.25, 18, 12, 22_000),
    ("dynamic", "arm"): (0.25, 18, 12, 22_000),
    ("int8", "arm"): (0.20, 18, 12, 22_000),
}


def break_even(shape, arithmetic, target, threads=1):
    """Largest share of blocks with nonzeros at which the kernel is no slower.

    Args:
        shape: `(outputs, inputs)` of a dense layer's weight.
        arithmetic: str, `"float"`, `"dynamic"` or `"int8"`.
        target: str, `"x86"`, `"arm"`, or `"any"`: on both.
        threads: positive int. Dense kernels spread over threads, sparse ones
            spread rows of inputs only.

    Returns:
        float, 0-1; 0 where the sparse kernel never pays.
    """
    outputs, inputs = shape
    targets = ("x86", "arm") if target == "any" else (target,)
    if any((arithmetic, each) not in COSTS for each in targets):
        return 0.0

    def limit(share, row, column, call):
        cost = row / inputs + column / outputs + call / (inputs * outputs)
        return max(0.0, share - cost)

    return min(limit(*COSTS[arithmetic, each]) for each in targets) / threads


def percent_of_zeros(share):
    """Smallest whole percent of zero blocks that leaves `share` of them.

    Args:
        share: float, 0-1, such as `break_even` returns.

    Returns:
        int, 0-99, or None: only zeros would be few enough.
    """
    percent = math.ceil(100 - 100 * share)
    return percent if percent < 100 else None
