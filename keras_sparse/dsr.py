"""Dynamic sparse reparameterization: one threshold prunes all layers."""

import numbers
from collections.abc import Mapping, Sequence

import keras
from keras import ops

from keras_sparse._types import Distribution
from keras_sparse.budgets import count, share_out
from keras_sparse.config import check_fraction
from keras_sparse.method import Moment, SparseWeight, Update
from keras_sparse.periodic import PeriodicBudget
from keras_sparse.topk import top_magnitude_mask
from keras_sparse.topology import random_scores


def prune_and_regrow(weights, masks, threshold, grow_scores):
    """Prunes below a threshold; regrows as many, most in the fullest layers.

    Args:
        weights: list of float tensors, one per layer.
        masks: list of boolean tensors of their shapes, true = live.
        threshold: float scalar; live weights of smaller magnitude go.
        grow_scores: list of float tensors of their shapes; large magnitude
            means grow here first.

    Returns:
        (list of boolean tensors like `masks` with as many true entries in all,
        int32 scalar tensor, how many were pruned). Layers grow in proportion
        to the number of their weights that stayed; what a full layer cannot
        take, the others do.

    Source: Mostafa & Wang 2019, arXiv:1902.05967, Algorithm 1.

    Example:
        >>> from keras import ops
        >>> weights = [ops.array([3.0, -2, 1, 0]), ops.array([0.1, 4, 0, 0])]
        >>> masks = [weight != 0 for weight in weights]
        >>> scores = [ops.array([0.0, 0, 0, 1]), ops.array([1.0, 0, 3, 2])]
        >>> moved, pruned = prune_and_regrow(weights, masks, 0.5, scores)
        >>> [[int(live) for live in mask] for mask in moved], int(pruned)
        ([[1, 1, 1, 1], [0, 1, 0, 0]], 1)
    """
    survivors = [
        ops.logical_and(mask, ops.abs(ops.cast(weight, "float32")) >= threshold)
        for weight, mask in zip(weights, masks, strict=True)
    ]
    left = ops.stack([count(mask) for mask in survivors])
    pruned = sum(count(mask) for mask in masks) - ops.sum(left)
    sizes = ops.stack([ops.size(mask) for mask in masks])
    grown = share_out(pruned, left, sizes - left)
    moved = [
        ops.logical_or(
            mask, top_magnitude_mask(score, grown[i], ops.logical_not(mask))
        )
        for i, (mask, score) in enumerate(
            zip(survivors, grow_scores, strict=True)
        )
    ]
    return moved, pruned


def next_threshold(threshold, num_pruned, num_wanted, tolerance):
    """Doubles the threshold if it pruned too few, halves it if too many.

    Args:
        threshold: float scalar above 0.
        num_pruned, num_wanted: numbers from 0.
        tolerance: float in [0, 1): between `1 - tolerance` and `1 + tolerance`
            of the wanted number the threshold stays.

    Returns:
        float32 scalar tensor in [1e-30, 1e30].

    Source: Mostafa & Wang 2019, arXiv:1902.05967, Algorithm 1.

    Example:
        >>> [float(next_threshold(0.5, n, 100, 0.1)) for n in (89, 90, 111)]
        [1.0, 0.5, 0.25]
    """
    pruned = ops.cast(num_pruned, "float32")
    few = pruned < (1.0 - tolerance) * num_wanted
    many = pruned > (1.0 + tolerance) * num_wanted
    factor = ops.where(few, 2.0, ops.where(many, 0.5, 1.0))
    # At 0 doubling would not bring it back: weights that never get a gradient
    # stay exactly 0 and are pruned whatever the threshold is.
    return ops.clip(threshold * factor, 1e-30, 1e30)


@keras.saving.register_keras_serializable(package="keras_sparse")
class DSR(PeriodicBudget):
    """Prunes all layers by one threshold, grows at random where most is left.

    A step with an update trains first, then moves the masks. The threshold
    adapts itself so that about `target_fraction` of the live weights is moved.
    A layer that loses all its weights gets none back while others have room.

    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared at first; the authors'
            is "uniform".
        update_every: int, optimizer steps between two mask updates.
        update_until: int, no update at this step or later; None: no end.
        threshold: positive number, magnitude below which the first update
            prunes.
        target_fraction: float in [0, 1], share of the live weights that an
            update shall prune.
        tolerance: float in [0, 1), by what share of the wanted number an
            update may miss it before the threshold is doubled or halved.
        seed: int from 0, for the initial masks and random growth.
        update_from: int, number of steps done at the first update; None: as
            many as `update_every`.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution at first, or None.
        dense_first: bool, start with the first masked weight dense.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Mostafa & Wang 2019, arXiv:1902.05967, Algorithm 1.
    Differs from it: the interval between updates does not grow by itself; the
        total is exact; a weight pruned here may come back at once, and then
        keeps its value, as in `SET`.

    Example:
        >>> method = DSR(0.9, update_every=100, threshold=1e-2)
        >>> method.scalars
        {'threshold': 0.01}
    """

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        update_every: int = 100,
        update_until: int | None = None,
        threshold: float = 1e-3,
        target_fraction: float = 0.01,
        tolerance: float = 0.1,
        seed: int = 0,
        update_from: int | None = None,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
    ) -> None:
        super().__init__(
            sparsity,
            distribution,
            custom,
            dense_first,
            seed,
            update_every,
            update_until,
            update_from,
        )
        number = isinstance(threshold, numbers.Real)
        if not number or threshold is True or not 0 < threshold < 1e30:
            raise ValueError(
                "`threshold` must be a positive number, a magnitude of "
                f"weights. Received: threshold={threshold!r}. Start with 1e-3, "
                "it adapts itself."
            )
        self.threshold = float(threshold)
        self.target_fraction = check_fraction(
            "target_fraction", target_fraction, upper_included=True
        )
        self.tolerance = check_fraction("tolerance", tolerance)
        self.scalars = {"threshold": self.threshold}

    def update(self, weights: Sequence[SparseWeight], moment: Moment) -> Update:
        threshold = moment.scalars["threshold"]
        masks = [weight.mask for weight in weights]
        moved, pruned = prune_and_regrow(
            [weight.value for weight in weights],
            masks,
            threshold,
            [self._random(weight, moment) for weight in weights],
        )
        live = ops.cast(sum(count(mask) for mask in masks), "float32")
        wanted = self.target_fraction * live
        changed = next_threshold(threshold, pruned, wanted, self.tolerance)
        return Update(moved, scalars={"threshold": changed})

    def _random(self, weight, moment):
        shape = tuple(weight.value.shape)
        return random_scores(shape, self.seed, weight.path, moment.step)
