"""A fixed budget that moves every so many steps."""

from collections.abc import Mapping

from keras import ops

from keras_sparse._types import Distribution, Tensor
from keras_sparse.config import check_count
from keras_sparse.fixed_budget import FixedBudget
from keras_sparse.pattern import Pattern


class PeriodicBudget(FixedBudget):
    """A method with a fixed total that updates its masks periodically.

    Args:
        sparsity, distribution, custom, dense_first, seed: as in `FixedBudget`.
        update_every: int, optimizer steps between two mask updates.
        update_until: int, no update at this step or later; None: no end.
        update_from: int, number of steps done at the first update; None: as
            many as `update_every`.
        pattern: as in `FixedBudget`.
    """

    def __init__(
        self,
        sparsity: float,
        distribution: Distribution,
        custom: Mapping[str, float] | None,
        dense_first: bool,
        seed: int,
        update_every: int,
        update_until: int | None,
        update_from: int | None,
        pattern: Pattern | None = None,
    ) -> None:
        super().__init__(
            sparsity, distribution, custom, dense_first, seed, pattern
        )
        self.update_every = check_count("update_every", update_every, 1)
        self.update_until = check_count("update_until", update_until, 0, True)
        self.update_from = check_count("update_from", update_from, 0, True)

    def due(self, step: Tensor) -> Tensor:
        """True each `update_every` steps from `update_from`, before the end."""
        first = self.update_from
        first = self.update_every if first is None else first
        step = ops.cast(step, "int32")
        due = ops.logical_and(
            step >= first, ops.equal((step - first) % self.update_every, 0)
        )
        if self.update_until is not None:
            due = ops.logical_and(due, step < self.update_until)
        return due
