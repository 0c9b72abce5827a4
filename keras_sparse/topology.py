"""Masks as pure functions of tensors: draw one, prune by it, move it."""

import math
import zlib

import numpy as np
from keras import ops

from keras_sparse.topk import top_magnitude_mask, top_magnitude_mask_of_rows


def random_mask(shape, num_kept, seed, path, pattern=None):
    """Draws a mask with exactly `num_kept` true entries, uniformly.

    Args:
        shape: tuple of ints.
        num_kept: int in [0, size]; with a pattern the number of units that
            each of its groups keeps.
        seed: int.
        path: str, name of the weight: two weights get different masks.
        pattern: `Pattern` that fits the shape, or None.

    Returns:
        Boolean numpy array of `shape`.

    Example:
        >>> int(random_mask((4, 5), 7, seed=0, path="dense/kernel").sum())
        7
    """
    generator = np.random.default_rng([seed, zlib.crc32(path.encode())])
    if pattern is not None:
        groups, units, _ = pattern.units(np.zeros(shape)).shape
        ranks = generator.random((groups, units)).argsort(axis=1)
        kept = np.argsort(ranks, axis=1) < num_kept
        return ops.convert_to_numpy(pattern.weights(kept, shape))
    mask = np.zeros(math.prod(shape), dtype=bool)
    mask[generator.permutation(mask.size)[:num_kept]] = True
    return mask.reshape(shape)


def keep_largest(weight, mask, num_kept, pattern=None):
    """Keeps the largest magnitudes among the entries that are still kept.

    Args:
        weight: float tensor of any shape.
        mask: boolean tensor of that shape; what it leaves out stays out.
        num_kept: int or int32 scalar; with a pattern the number of units that
            each of its groups keeps. Where fewer are left, all stay.
        pattern: `Pattern` that fits the shape, or None.

    Returns:
        Boolean tensor of the shape of `weight`.
    """
    if pattern is None:
        num_left = ops.sum(ops.cast(mask, "int32"))
        return top_magnitude_mask(weight, ops.minimum(num_kept, num_left), mask)
    live = pattern.live(mask)
    num_left = ops.sum(ops.cast(live, "int32"), axis=1)
    kept = top_magnitude_mask_of_rows(
        pattern.magnitudes(weight), ops.minimum(num_kept, num_left), live
    )
    return pattern.weights(kept, tuple(weight.shape))


def magnitude_mask(weight, mask, sparsity, pattern=None):
    """Prunes to a sparsity by magnitude.

    Args:
        weight: float tensor of any shape.
        mask: boolean tensor of that shape; what it leaves out stays out.
        sparsity: float scalar in [0, 1], share of zeros wanted.
        pattern: `Pattern` that fits the shape, or None.

    Returns:
        Boolean tensor; `max(1, round(size * (1 - sparsity)))` true entries,
        or as many as `mask` has where that is fewer. With a pattern the same
        holds for the units of each of its groups.

    Source: tfmot `pruning_impl.Pruning._update_mask`.
    Differs from it: ties do not add entries, and pruned weights stay pruned.
    """
    size = math.prod(weight.shape)
    if pattern is not None:
        size = pattern.live(mask).shape[1]
    return keep_largest(weight, mask, rounded_count(size, sparsity), pattern)


def rounded_count(size, sparsity):
    """tfmot's number of weights to keep: `max(1, round(size * density))`."""
    wanted = ops.round((1.0 - ops.cast(sparsity, "float32")) * float(size))
    return ops.maximum(ops.cast(wanted, "int32"), 1)


def drop_and_grow(weight, mask, grow_score, fraction, pattern=None):
    """Moves a fraction of the live connections; their number stays fixed.

    Drops the live weights of smallest magnitude, then makes live the largest
    scores among all that did not survive. A connection dropped here may come
    back at once; ties go to the lower index. With a pattern, units are dropped
    wherever they are smallest, and each group grows back what it lost.

    Args:
        weight: float tensor of any shape.
        mask: boolean tensor of that shape, true = live.
        grow_score: float tensor of that shape; large magnitude means grow.
        fraction: float scalar in [0, 1], share of live connections to drop;
            the number is rounded down.
        pattern: `Pattern` that fits the shape, or None.

    Returns:
        Boolean tensor like `mask`, with as many true entries.

    Source: Evci et al. 2020, arXiv:1911.11134, Algorithm 1; authors' code
        `rigl/sparse_optimizers_base.py`, `generic_mask_update`. With a
        pattern: Lasby et al. 2024, arXiv:2305.02299, section 3.
    Differs from it: a weight that is not live never survives, even where a
        live weight is 0 (there 1e-5 of noise hides the tie).

    Example:
        >>> from keras import ops
        >>> weight = ops.array([0.0, -1.0, 3.0, 0.0])
        >>> mask = ops.array([False, True, True, False])
        >>> moved = drop_and_grow(weight, mask, ops.array([9.0, 0, 0, 2]), 0.5)
        >>> [bool(live) for live in moved]
        [True, False, True, False]
    """
    if pattern is None:
        survivors, num_moved = _survivors(weight, mask, fraction)
        others = ops.logical_not(survivors)
        grown = top_magnitude_mask(grow_score, num_moved, others)
        return ops.logical_or(survivors, grown)
    live = pattern.live(mask)
    survivors, _ = _survivors(pattern.magnitudes(weight), live, fraction)
    moved = pattern.regrow(survivors, live, pattern.magnitudes(grow_score))
    return pattern.weights(moved, tuple(weight.shape))


def _survivors(weight, mask, fraction):
    """What stays after the drop, and how many are dropped."""
    num_live = ops.sum(ops.cast(mask, "int32"))
    fraction = ops.cast(fraction, "float32")
    num_moved = ops.cast(ops.cast(num_live, "float32") * fraction, "int32")
    num_moved = ops.minimum(num_moved, num_live)
    return top_magnitude_mask(weight, num_live - num_moved, mask), num_moved


def random_scores(shape, seed, path, step):
    """Uniform scores that depend on nothing but the arguments.

    A counter-based hash in 32-bit integers: every replica, device, backend
    and process draws the same numbers, in eager mode, graphs and XLA.

    Args:
        shape: tuple of ints, fewer than 2**31 elements.
        seed: int.
        path: str, name of the weight.
        step: int or integer scalar tensor.

    Returns:
        float32 tensor of `shape` in [0, 1), 24 random bits each.

    Source: finaliser of MurmurHash3 (Appleby), applied to (seed, path, step)
        and then to each index.
    """
    stream = _as_int32(zlib.crc32(f"{seed}/{path}".encode()))
    state = _mix(
        _mix(ops.bitwise_xor(ops.cast(step, "int32"), stream)) + stream
    )
    index = ops.arange(math.prod(shape), dtype="int32")
    bits = _mix(_mix(ops.bitwise_xor(index, state)) + state)
    scores = ops.cast(_shift(bits, 8), "float32") / 2.0**24
    return ops.reshape(scores, shape)


def _as_int32(number):
    return number - 2**32 if number >= 2**31 else number


def _shift(bits, places):
    """Right shift that fills with zeros."""
    mask = 2 ** (32 - places) - 1
    return ops.bitwise_and(ops.right_shift(bits, places), mask)


def _mix(bits):
    bits = ops.bitwise_xor(bits, _shift(bits, 16))
    bits = bits * _as_int32(0x85EBCA6B)
    bits = ops.bitwise_xor(bits, _shift(bits, 13))
    bits = bits * _as_int32(0xC2B2AE35)
    return ops.bitwise_xor(bits, _shift(bits, 16))
