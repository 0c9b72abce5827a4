"""Magnitude masks over several weights at once, as if they were one."""

import math

import numpy as np
from keras import ops

from keras_sparse import topology
from keras_sparse.config import check_choice
from keras_sparse.distributions import num_zeros
from keras_sparse.pattern import fitting
from keras_sparse.pattern import num_kept as num_kept_of_one


def check_scope(scope, pattern=None):
    """Raises ValueError for an unknown scope, or one that no pattern has."""
    check_choice("scope", scope, ("global", "layer"))
    if pattern is not None and scope == "global":
        raise ValueError(
            '`scope` must be "layer" with a pattern, whose units differ in '
            f"size from layer to layer. Received: pattern={pattern!r}, "
            'scope="global". Leave one of them out.'
        )


def num_kept(shapes, sparsity, scope="global", pattern=None):
    """Counts the weights that stay; zeros are `floor(sparsity * size)`.

    Args:
        shapes: list of tuples of ints.
        sparsity: float in [0, 1].
        scope: "global": over all weights together; "layer": in each by itself.
        pattern: `Pattern` or None, for scope "layer".

    Returns:
        list of ints, for `keep_largest`: one, or one per shape; where the
        pattern fits, the units that each group keeps.

    Example:
        >>> shapes = [(4, 5), (3,)]
        >>> num_kept(shapes, 0.5), num_kept(shapes, 0.5, "layer")
        ([12], [10, 2])
    """
    if scope == "global":
        size = sum(math.prod(shape) for shape in shapes)
        return [size - num_zeros(size, sparsity)]
    return [num_kept_of_one(pattern, shape, sparsity) for shape in shapes]


def keep_largest(values, among, numbers, pattern=None):
    """Marks the largest magnitudes; exactly so many, ties to the lower index.

    Args:
        values: list of float tensors, in all fewer than 2**31 elements.
        among: list of boolean tensors of their shapes; other entries never win.
            Where it has fewer entries than shall be kept, all of them stay.
        numbers: list of ints or int32 scalars, how many to keep: one for all
            weights together, or one per weight.
        pattern: `Pattern` or None, for one number per weight.

    Returns:
        list of boolean tensors of the shapes of `values`.

    Example:
        >>> from keras import ops
        >>> values = [ops.array([1.0, -4.0]), ops.array([3.0, 2.0])]
        >>> live = [ops.ones(2, dtype="bool"), ops.ones(2, dtype="bool")]
        >>> masks = keep_largest(values, live, numbers=[2])
        >>> [np.array(mask).tolist() for mask in masks]
        [[False, True], [True, False]]
    """
    if len(numbers) == len(values):
        return [
            topology.keep_largest(
                value, live, number, fitting(pattern, value.shape)
            )
            for value, live, number in zip(values, among, numbers, strict=True)
        ]
    kept = topology.keep_largest(_flat(values), _flat(among), numbers[0])
    shapes = [tuple(value.shape) for value in values]
    ends = np.cumsum([math.prod(shape) for shape in shapes])[:-1]
    parts = ops.split(kept, [int(end) for end in ends])
    return [
        ops.reshape(part, shape)
        for part, shape in zip(parts, shapes, strict=True)
    ]


def _flat(tensors):
    # Weights of several types are compared as float32, as the top k does.
    common = "bool" if tensors[0].dtype in ("bool", bool) else "float32"
    return ops.concatenate(
        [ops.reshape(ops.cast(tensor, common), (-1,)) for tensor in tensors]
    )
