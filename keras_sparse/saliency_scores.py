"""How much each weight matters: the formulas of SNIP, GraSP and SynFlow.

Scores are in float32, or in float64 where the weights are: never in 16 bits,
where many would tie. Weights with large scores are kept.
"""

import keras
from keras import ops

from keras_sparse.distributions import num_zeros


def magnitude_score(weight):
    """Size of the weight.

    Args:
        weight: float tensor of any shape.

    Returns:
        Tensor of that shape, |weight|.

    Example:
        >>> from keras import ops
        >>> [float(score) for score in magnitude_score(ops.array([-2.0, 1.0]))]
        [2.0, 1.0]
    """
    return ops.abs(_wide(weight))


def snip_score(weight, gradient):
    """How much the loss feels a change of the connection's strength.

    Args:
        weight: float tensor of any shape.
        gradient: tensor of that shape, of the loss.

    Returns:
        Tensor of that shape, |gradient * weight|.

    Source: Lee et al. 2019, arXiv:1810.02340, equations 5 and 6.
    Differs from the paper: not divided by the sum, which leaves the order.

    Example:
        >>> from keras import ops
        >>> weight, gradient = ops.array([-2.0, 1.0]), ops.array([0.5, -3.0])
        >>> [float(score) for score in snip_score(weight, gradient)]
        [1.0, 3.0]
    """
    return ops.abs(_wide(weight) * _wide(gradient))


def grasp_score(weight, hessian_gradient):
    """How much the gradient flow owes to the weight.

    Args:
        weight: float tensor of any shape.
        hessian_gradient: tensor of that shape, Hessian times gradient.

    Returns:
        Tensor of that shape, weight * hessian_gradient. It is signed: below 0,
        the gradient grows if the weight goes.

    Source: Wang et al. 2020, arXiv:2002.07376, equation 8.
    Differs from the paper: the sign is turned round, so that here too the
        largest scores are kept; not divided by the sum.

    Example:
        >>> from keras import ops
        >>> weight, product = ops.array([-2.0, 1.0]), ops.array([0.5, 3.0])
        >>> [float(score) for score in grasp_score(weight, product)]
        [-1.0, 3.0]
    """
    return _wide(weight) * _wide(hessian_gradient)


def synflow_score(weight, gradient, mask):
    """Strength of all paths through a weight; -1 where it is pruned already.

    Args:
        weight: float tensor of any shape, not negative, 0 outside `mask`.
        gradient: tensor of that shape, of the sum of the outputs.
        mask: boolean tensor of that shape, true = live.

    Returns:
        Tensor of that shape, |gradient * weight| inside the mask.

    Source: Tanaka et al. 2020, arXiv:2006.05467, equation 3.

    Example:
        >>> from keras import ops
        >>> weight, mask = ops.array([2.0, 0.0]), ops.array([True, False])
        >>> gradient = ops.array([1.0, 1.0])
        >>> [float(score) for score in synflow_score(weight, gradient, mask)]
        [2.0, -1.0]
    """
    score = snip_score(weight, gradient)
    return ops.where(mask, score, -ops.ones_like(score))


def synflow_counts(size, num_kept, rounds):
    """How many weights are left after each round of pruning.

    Args:
        size: int, number of weights.
        num_kept: int from 1, left at the end.
        rounds: int from 1.

    Returns:
        List of `rounds` ints that never rise: the density falls by the same
        factor each round.

    Source: Tanaka et al. 2020, arXiv:2006.05467, algorithm 1.

    Example:
        >>> synflow_counts(100, 25, rounds=2)
        [50, 25]
    """
    density = num_kept / size
    counts = [
        size - num_zeros(size, 1.0 - density ** (done / rounds))
        for done in range(1, rounds)
    ]
    return [*counts, num_kept]


def _wide(tensor):
    tensor = ops.convert_to_tensor(tensor)
    narrow = keras.backend.standardize_dtype(tensor.dtype) != "float64"
    return ops.cast(tensor, "float32") if narrow else tensor
