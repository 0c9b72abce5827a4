"""Sparse networks from scratch: momentum says where weights are missing."""

from collections.abc import Mapping, Sequence
from typing import Literal

import keras
from keras import ops

from keras_sparse._types import Distribution, DropSchedule, Tensor
from keras_sparse.budgets import count, share_out
from keras_sparse.config import check_choice, check_fraction
from keras_sparse.method import Moment, SparseWeight
from keras_sparse.pattern import Pattern
from keras_sparse.rigl import _MovingBudget
from keras_sparse.topk import top_magnitude_mask


def drop_and_redistribute(weights, masks, momenta, fraction):
    """Moves live connections within and between layers; their total stays.

    Each layer drops its live weights of smallest magnitude. What all dropped
    is shared out among the layers in proportion to the mean |momentum| of
    their live weights, and grows where |momentum| is largest.

    Args:
        weights: list of float tensors, one per layer.
        masks: list of boolean tensors of their shapes, true = live.
        momenta: list of float tensors of their shapes.
        fraction: float scalar in [0, 1], share of each layer's live weights
            to drop, rounded down. A layer of more than average importance
            with less than 20 % zeros drops at most its share of zeros.

    Returns:
        List of boolean tensors like `masks`, with as many true entries in all.
        A connection dropped here may come back at once; ties go to the lower
        index. A layer leaves 1 % of its free places, if others have room.

    Source: Dettmers & Zettlemoyer 2019, arXiv:1907.04840, Algorithm 1;
        authors' code `sparselearning/core.py`, `Masking.truncate_weights`.
    Differs from it: the total is exact at every update (there counts are
        rounded up and the drift is corrected by a moving average); what full
        layers cannot take is shared by importance, not equally; the number to
        drop is rounded down; importance 0 everywhere means equal importance.

    Example:
        >>> from keras import ops
        >>> weights = [ops.array([1.0, -2, 0, 0]), ops.array([3.0, 4, 0, 0])]
        >>> masks = [weight != 0 for weight in weights]
        >>> momenta = [ops.array([1.0, 1, 2, 3]), ops.array([9.0, 9, 8, 7])]
        >>> moved = drop_and_redistribute(weights, masks, momenta, 0.5)
        >>> [[int(live) for live in mask] for mask in moved]
        [[0, 1, 0, 0], [1, 1, 1, 0]]
    """
    sizes = ops.stack([ops.size(mask) for mask in masks])
    live = ops.stack([count(mask) for mask in masks])
    importance = ops.stack(
        [
            _mean_magnitude(m, mask)
            for m, mask in zip(momenta, masks, strict=True)
        ]
    )
    dropped = _num_dropped(sizes, live, importance, fraction)
    free = sizes - live + dropped
    total = ops.sum(dropped)
    capped = free - (free + 99) // 100
    # A network without 1 % to spare fills up, so that no weight is lost.
    free = ops.where(ops.sum(capped) >= total, capped, free)
    grown = share_out(total, importance, free)
    moved = []
    for i, (weight, mask) in enumerate(zip(weights, masks, strict=True)):
        survivors = top_magnitude_mask(weight, live[i] - dropped[i], mask)
        others = ops.logical_not(survivors)
        new = top_magnitude_mask(momenta[i], grown[i], others)
        moved.append(ops.logical_or(survivors, new))
    return moved


def _mean_magnitude(momentum, mask):
    magnitude = ops.where(mask, ops.abs(momentum), 0.0)
    return ops.sum(magnitude) / ops.cast(ops.maximum(count(mask), 1), "float32")


def _num_dropped(sizes, live, importance, fraction):
    sparsity = ops.cast(sizes - live, "float32") / ops.cast(sizes, "float32")
    filling = ops.logical_and(sparsity < 0.2, importance > ops.mean(importance))
    fraction = ops.cast(fraction, "float32")
    rate = ops.where(filling, ops.minimum(sparsity, fraction), fraction)
    dropped = ops.cast(ops.cast(live, "float32") * rate, "int32")
    return ops.minimum(dropped, live)


@keras.saving.register_keras_serializable(package="keras_sparse")
class SNFS(_MovingBudget):
    """Drops the smallest weights, grows by the momentum of the gradients.

    A step with an update trains first, then moves the masks. Every step
    averages the dense gradients: one more variable per weight, and with
    replicas an all-reduce of each gradient.

    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared at first; the authors'
            default is "uniform".
        update_every: int, optimizer steps between two mask updates; the
            authors take an epoch.
        update_until: int, no update at this step or later; None: no end.
        drop_fraction: float in [0, 1], share of the live weights that the
            first update drops.
        seed: int from 0, for the initial masks.
        drop_schedule: "cosine", "linear", "constant", "learning_rate" or None,
            as in `RigL`. The authors': "cosine" over the whole training.
        update_from: int, number of steps done at the first update; None: as
            many as `update_every`.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution at first, or None.
        dense_first: bool, start with the first masked weight dense.
        momentum: float in [0, 1), decay of the average of the gradients.
        redistribution: "momentum": layers whose live weights have a large
            momentum take over weights from the others. None: each layer keeps
            its number, as in the RigL paper's SNFS.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights. With
            `redistribution=None` only.

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Dettmers & Zettlemoyer 2019, arXiv:1907.04840; authors' code
        `sparselearning/core.py`. For None: Evci et al. 2020,
        arXiv:1911.11134, `SparseMomentumOptimizer`.
    Differs from the authors' code: see `drop_and_redistribute`; the momentum
        is a mean of gradients whatever the optimizer, where the authors take
        that of SGD or the update of Adam; the drop fraction falls to 0, not
        to 0.005.

    Example:
        >>> method = SNFS(0.9, update_every=100, redistribution=None)
        >>> method.memory, method.observes
        (('momentum',), True)
    """

    observes = True
    memory = ("momentum",)

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        update_every: int = 100,
        update_until: int | None = None,
        drop_fraction: float = 0.5,
        seed: int = 0,
        drop_schedule: DropSchedule | None = None,
        update_from: int | None = None,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
        momentum: float = 0.9,
        redistribution: Literal["momentum"] | None = "momentum",
        pattern: Pattern | None = None,
    ) -> None:
        super().__init__(
            sparsity,
            distribution,
            update_every,
            update_until,
            drop_fraction,
            seed,
            drop_schedule,
            update_from,
            custom,
            dense_first,
            pattern,
        )
        check_choice("redistribution", redistribution, ("momentum", None))
        if pattern is not None and redistribution is not None:
            raise ValueError(
                "`redistribution` must be None with a pattern, whose units "
                "differ in size from layer to layer. Received: "
                f"redistribution={redistribution!r}, pattern={pattern!r}. "
                "Leave one of them out."
            )
        self.momentum = check_fraction("momentum", momentum)
        self.redistribution = redistribution

    def observe(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> list[dict[str, Tensor]]:
        """The momentum: `momentum * old + (1 - momentum) * gradient`."""
        return [
            {
                "momentum": self.momentum * weight.memory["momentum"]
                + (1.0 - self.momentum) * ops.cast(weight.gradient, "float32")
            }
            for weight in weights
        ]

    def grow_score(self, weight: SparseWeight, moment: Moment) -> Tensor:
        """The momentum."""
        return weight.memory["momentum"]

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor]:
        if self.redistribution is None:
            return super().update(weights, moment)
        return drop_and_redistribute(
            [weight.value for weight in weights],
            [weight.mask for weight in weights],
            [weight.memory["momentum"] for weight in weights],
            self.current_drop_fraction(moment),
        )
