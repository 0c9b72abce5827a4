"""Gradual pruning with neuroregeneration: prune a little, regrow a little."""

import math
from collections.abc import Sequence

import keras
from keras import ops

from keras_sparse._types import Distribution, DropSchedule, Tensor
from keras_sparse.backend import in_turn
from keras_sparse.config import check_count, check_fraction
from keras_sparse.global_masks import keep_largest
from keras_sparse.method import Moment, SparseWeight
from keras_sparse.rigl import _MovingBudget
from keras_sparse.schedules import PolynomialDecay
from keras_sparse.topology import drop_and_grow, rounded_count


@keras.saving.register_keras_serializable(package="keras_sparse")
class GraNet(_MovingBudget):
    """Prunes the whole model step by step, and moves weights as RigL does.

    A due step trains first. Then the smallest weights of all layers go, down
    to the number that a cubic schedule wants; then each layer drops a share of
    what it has left and regrows as many by the gradients of this step. A layer
    may lose all its weights.

    Args:
        initial_sparsity: float in [0, 1), share of zeros at first: 0 for a
            dense start, 0.5 for the paper's sparse one.
        final_sparsity: float in [0, 1), share of zeros from `end_step` on, at
            least the initial one.
        begin_step: int from 0, first step at which the masks may be updated.
        end_step: int, last step that prunes.
        update_every: int, optimizer steps between two updates; one more is at
            `end_step`.
        update_until: int above `end_step`, no update at this step or later;
            the authors go on to the end of training. None: no end.
        drop_fraction: float in [0, 1], share of the live weights that the
            first update moves.
        drop_schedule: "cosine", "linear", "constant", "learning_rate" or None,
            as in `RigL`. The authors': "cosine" over the whole training.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the initial zeros are shared among the layers.
        seed: int from 0, for the initial masks.

    Raises:
        ValueError: an argument is not as above.

    Source: Liu et al. 2021, arXiv:2106.10404, Algorithm 1; authors' code
        VITA-Group/GraNet, `sparselearning/core.py`.
    Differs from the authors' code: exactly the wanted number of weights is
        kept, however many are equal; the number to move is rounded down; a
        weight pruned and regrown in one update keeps its value and slots,
        as in `RigL`; the drop fraction falls to 0, not to 0.005.

    Example:
        >>> method = GraNet(0.5, 0.9, begin_step=0, end_step=250)
        >>> [step for step in range(1, 400) if method.due(step)]
        [100, 200, 250, 300]
    """

    needs_gradient = True

    def __init__(
        self,
        initial_sparsity: float,
        final_sparsity: float,
        begin_step: int,
        end_step: int,
        update_every: int = 100,
        update_until: int | None = None,
        drop_fraction: float = 0.5,
        drop_schedule: DropSchedule | None = None,
        distribution: Distribution = "erk",
        seed: int = 0,
    ) -> None:
        initial_sparsity = check_fraction("initial_sparsity", initial_sparsity)
        final_sparsity = check_fraction("final_sparsity", final_sparsity)
        begin_step = check_count("begin_step", begin_step, 0)
        if final_sparsity < initial_sparsity:
            raise ValueError(
                "`final_sparsity` must be at least `initial_sparsity`. "
                f"Received: initial_sparsity={initial_sparsity}, "
                f"final_sparsity={final_sparsity}. Swap them."
            )
        super().__init__(
            initial_sparsity,
            distribution,
            update_every,
            update_until,
            drop_fraction,
            seed,
            drop_schedule,
            update_from=begin_step,
        )
        self._pruning = PolynomialDecay(
            initial_sparsity,
            final_sparsity,
            begin_step,
            end_step,
            frequency=self.update_every,
        )
        if update_until is not None and update_until <= end_step:
            raise ValueError(
                "`update_until` must lie after `end_step`, or the last pruning "
                f"is missed. Received: update_until={update_until}, "
                f"end_step={end_step}. Pass the number of all steps."
            )
        self.initial_sparsity = initial_sparsity
        self.final_sparsity = final_sparsity
        self.begin_step = begin_step
        self.end_step = self._pruning.end_step

    def due(self, step: Tensor) -> Tensor:
        """True each `update_every` steps from `begin_step`, and at the end."""
        last = ops.equal(ops.cast(step, "int32"), self.end_step)
        return ops.logical_or(super().due(step), last)

    def grow_score(self, weight: SparseWeight, moment: Moment) -> Tensor:
        """The dense gradient of the loss, summed over replicas."""
        return weight.gradient

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor]:
        size = sum(math.prod(weight.mask.shape) for weight in weights)
        kept = keep_largest(
            [weight.value for weight in weights],
            [weight.mask for weight in weights],
            [rounded_count(size, self._pruning(moment.step)[1])],
        )
        fraction = self.current_drop_fraction(moment)

        def moved(pair):
            weight, mask = pair
            score = self.grow_score(weight, moment)
            return drop_and_grow(weight.value, mask, score, fraction)

        return in_turn(moved, zip(weights, kept, strict=True))
