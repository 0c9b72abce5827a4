"""The masks of methods that start from a dense model."""

import numpy as np
from keras import ops

from keras_sparse.method import Moment, SparseWeight
from keras_sparse.pattern import check_fit


def first_masks(method, weights, updated):
    """All ones, or what the method makes of them at step 0.

    Args:
        method: `Method` with a `pattern`.
        weights: dict path -> float tensor.
        updated: bool, whether the method masks at step 0.

    Returns:
        dict path -> boolean array.

    Raises:
        ValueError: the pattern does not divide a weight.
    """
    shapes = {path: np.shape(value) for path, value in weights.items()}
    check_fit(method.pattern, shapes)
    start = [
        SparseWeight(path, value, np.ones(shapes[path], dtype=bool))
        for path, value in weights.items()
    ]
    masks = [weight.mask for weight in start]
    if updated:
        masks = method.update(start, Moment(step=0, learning_rate_ratio=1.0))
    masks = [ops.convert_to_numpy(mask) for mask in masks]
    return dict(zip(weights, masks, strict=True))
