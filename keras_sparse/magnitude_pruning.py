"""Gradual magnitude pruning, per layer or over the whole model."""

import math
from collections.abc import Mapping, Sequence

import keras

from keras_sparse import schedules
from keras_sparse._types import Masks, Schedule, Scope, Tensor
from keras_sparse.first_masks import first_masks
from keras_sparse.global_masks import check_scope, keep_largest
from keras_sparse.method import Method, Moment, SparseWeight
from keras_sparse.pattern import Pattern, check_pattern
from keras_sparse.topology import magnitude_mask, rounded_count


@keras.saving.register_keras_serializable(package="keras_sparse")
class MagnitudePruning(Method):
    """Trains dense at first and prunes the smallest weights step by step.

    A due step trains first, then prunes. Pruned weights do not come back.

    Args:
        schedule: `PolynomialDecay`, `ConstantSparsity`, their tfmot
            counterparts, or any serialisable object that maps a step to
            (whether to prune now, share of zeros in [0, 1]).
        scope: "layer": each weight reaches the sparsity by itself; "global":
            the smallest weights of all layers go, wherever they are; a layer
            may lose all, of which the end of `fit` warns.
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights. Not with
            scope "global".

    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Zhu & Gupta 2017, arXiv:1710.01878; tfmot `prune_low_magnitude`.
    Differs from tfmot: exactly the wanted number of weights is kept, however
        many are equal, and weights are exactly 0 between prunings too.

    Example:
        >>> import keras_sparse as ks
        >>> schedule = ks.PolynomialDecay(0.0, 0.9, begin_step=0, end_step=1000)
        >>> ks.MagnitudePruning(schedule, scope="global").scope
        'global'
    """

    def __init__(
        self,
        schedule: Schedule,
        scope: Scope = "layer",
        pattern: Pattern | None = None,
    ) -> None:
        check_scope(scope, pattern)
        self.schedule = _known_schedule(schedule)
        final = getattr(self.schedule, "target_sparsity", None)
        final = getattr(self.schedule, "final_sparsity", final)
        check_pattern(pattern, final, "schedule")
        self.scope = scope
        self.pattern = pattern

    def reads_initial_values(self) -> bool:
        return bool(self.due(0))

    def initial_masks(self, weights: Mapping[str, Tensor]) -> Masks:
        """All ones, or pruned at once where the schedule says so at step 0.

        Raises:
            ValueError: the pattern does not divide a weight.
        """
        return first_masks(self, weights, updated=bool(self.due(0)))

    def due(self, step: Tensor) -> Tensor:
        """Whether the schedule prunes once `step` steps are done."""
        return self.schedule(step)[0]

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> list[Tensor]:
        sparsity = self.schedule(moment.step)[1]
        if self.scope == "layer":
            return [
                magnitude_mask(
                    weight.value, weight.mask, sparsity, self.pattern
                )
                for weight in weights
            ]
        size = sum(math.prod(weight.mask.shape) for weight in weights)
        return keep_largest(
            [weight.value for weight in weights],
            [weight.mask for weight in weights],
            [rounded_count(size, sparsity)],
        )


def _known_schedule(schedule):
    """Our counterpart of a tfmot schedule; others as they are."""
    if not callable(schedule):
        raise ValueError(
            "`schedule` must be a schedule such as PolynomialDecay, called "
            f"with a step. Received: schedule={schedule!r}. For one sparsity "
            "use ConstantSparsity(target_sparsity, begin_step)."
        )
    if type(schedule).__module__.startswith("tensorflow_model_optimization"):
        ours = getattr(schedules, type(schedule).__name__, None)
        if ours is not None:
            return ours(**schedule.get_config()["config"])
    return schedule
