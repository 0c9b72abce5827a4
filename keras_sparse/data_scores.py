"""Scores of a model's weights from the derivatives of its loss on data."""

import numpy as np
from keras import ops

from keras_sparse.autodiff import derivative_sum
from keras_sparse.pure_model import computing_in, in_16_bits
from keras_sparse.saliency_scores import grasp_score, snip_score
from keras_sparse.twice_differentiable import differentiable_twice


def snip_scores(pure, compare, start, training=False):
    """SNIP's scores for the mean loss over data.

    Args:
        pure: `PureModel`.
        compare: what `data_loss` returns.
        start: what `stream` returns.
        training: bool, whether the model runs in training mode.

    Returns:
        Dict path -> float tensor.
    """
    with computing_in(pure.model, "float32", where=in_16_bits):
        first = derivative_sum(weighted_loss(pure, compare, training))
        gradients, total = _sum(first, pure, start, "mean")
    return _scores(snip_score, pure, gradients, total)


def grasp_scores(pure, compare, start, training=True, reduction="mean"):
    """GraSP's scores: the first pass sums the gradient, the second H times it.

    Args:
        pure, compare, start, training: as in `snip_scores`.
        reduction: "mean" over all examples, or "sum" of the batches' means.

    Returns:
        Dict path -> float tensor.
    """
    objective = weighted_loss(pure, compare, training)
    with (
        computing_in(pure.model, "float32", where=in_16_bits),
        differentiable_twice(pure.model),
    ):
        first = derivative_sum(objective)
        gradients, total = _sum(first, pure, start, reduction)
        second = derivative_sum(objective, second_order=True)
        products, _ = _sum(second, pure, start, reduction, gradients)
    del gradients
    # Both sums are of shares that add up to `total`.
    return _scores(grasp_score, pure, products, total**2)


def weighted_loss(pure, compare, training):
    """Makes the loss of a batch times its share, for `derivative_sum`.

    Args:
        pure, compare, training: as in `snip_scores`.

    Returns:
        Function (values, constants, batch) -> scalar tensor; the batch is a
        tuple (x, y, sample_weight or None, share).
    """

    def loss(values, constants, batch):
        inputs, targets, sample_weight, share = batch
        outputs = pure(values, constants, inputs, training)
        value = compare(targets, outputs, sample_weight)
        return value * ops.cast(share, value.dtype)

    return loss


def _sum(derivative, pure, start, reduction, direction=None):
    """Sums a derivative over the data; also returns what to divide it by."""
    total = 0

    def batches():
        nonlocal total
        for inputs, targets, sample_weight, count in start():
            share = count if reduction == "mean" else 1
            total += count
            yield inputs, targets, sample_weight, np.float32(share)

    parts = derivative(pure.values(), pure.constants(), batches(), direction)
    return parts, total if reduction == "mean" else 1


def _scores(score, pure, derivatives, divisor):
    """Scores by path; empties `derivatives` on the way, to save memory."""
    return {
        path: score(value, derivatives.pop(0) / divisor)
        for path, value in zip(pure.weights, pure.values(), strict=True)
    }
