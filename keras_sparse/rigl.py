"""Sparse training with a fixed budget: Static, SET and RigL."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras

from keras_sparse._types import Distribution, DropSchedule, Tensor
from keras_sparse.backend import in_turn
from keras_sparse.config import check_choice, check_fraction
from keras_sparse.fixed_budget import FixedBudget
from keras_sparse.method import Moment, SparseWeight
from keras_sparse.pattern import Pattern, patterns_of
from keras_sparse.periodic import PeriodicBudget
from keras_sparse.schedules import cosine_decay, linear_decay
from keras_sparse.topology import drop_and_grow, random_scores

_DROP_SCHEDULES = ("cosine", "linear", "constant", "learning_rate")


@keras.saving.register_keras_serializable(package="keras_sparse")
class Static(FixedBudget):
    __doc__ = (
        """Trains inside a random mask that never changes.
    """
        # Without docstrings (python -OO) there is none to take over.
        + (FixedBudget.__doc__ or "").partition("\n")[2]
        + """
    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Evci et al. 2020, arXiv:1911.11134, section 4 ("Static").
    Differs from the authors' `SparseStaticOptimizer`: that one also re-zeroes
        the weakest live weights from time to time.

    Example:
        >>> Static(0.9, distribution="uniform").sparsities({"kernel": (4, 5)})
        {'kernel': 0.9}
    """
    )


class _MovingBudget(PeriodicBudget):
    def __init__(
        self,
        sparsity: float,
        distribution: Distribution = "erk",
        update_every: int = 100,
        update_until: int | None = None,
        drop_fraction: float = 0.3,
        seed: int = 0,
        drop_schedule: DropSchedule | None = None,
        update_from: int | None = None,
        custom: Mapping[str, float] | None = None,
        dense_first: bool = False,
        pattern: Pattern | None = None,
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
            pattern,
        )
        check_choice("drop_schedule", drop_schedule, (None, *_DROP_SCHEDULES))
        if drop_schedule in ("cosine", "linear") and update_until is None:
            raise ValueError(
                "`update_until` must be set for `drop_schedule` "
                f"{drop_schedule!r}, which falls to 0 there. Received: "
                "update_until=None. Pass the step of the last update."
            )
        self.drop_schedule = drop_schedule
        self.drop_fraction = check_fraction(
            "drop_fraction", drop_fraction, upper_included=True
        )

    @classmethod
    def itop(
        cls,
        sparsity: float,
        update_every: int = 1000,
        drop_fraction: float = 0.5,
        **arguments: Any,
    ) -> Self:
        """The settings of in-time over-parameterisation: explore more.

        Fewer updates that each move more let every new weight train before it
        is judged. Use a small batch and train long.

        Args:
            sparsity: float in [0, 1), as for the class.
            update_every: int, optimizer steps between two updates; 1000 and
                more.
            drop_fraction: float in [0, 1], as for the class.
            **arguments: others of the class.

        Returns:
            The method.

        Raises:
            ValueError: an argument is not as for the class.

        Source: Liu et al. 2021, arXiv:2102.02887; settings as in
            VITA-Group/GraNet.
        """
        return cls(
            sparsity,
            update_every=update_every,
            drop_fraction=drop_fraction,
            **arguments,
        )

    def current_drop_fraction(self, moment: Moment) -> Tensor:
        """Share of the live weights that an update moves.

        Args:
            moment: `Moment` of the update.

        Returns:
            Float scalar tensor or number in [0, 1].
        """
        default = "learning_rate" if self.update_until is None else "cosine"
        schedule = self.drop_schedule or default
        if schedule == "learning_rate":
            return self.drop_fraction * moment.learning_rate_ratio
        if schedule == "cosine":
            decay = cosine_decay(moment.step, self.update_until)
        elif schedule == "linear":
            decay = linear_decay(moment.step, self.update_until)
        else:
            decay = 1.0
        return self.drop_fraction * decay

    def grow_score(self, weight: SparseWeight, moment: Moment) -> Tensor:
        """Where an update grows first.

        Args:
            weight: `SparseWeight`.
            moment: `Moment` of the update.

        Returns:
            Float tensor of the weight's shape; large magnitude: grow here.
        """
        raise NotImplementedError

    def update(
        self, weights: Sequence[SparseWeight], moment: Moment
    ) -> Sequence[Tensor]:
        fraction = self.current_drop_fraction(moment)
        patterns = patterns_of(weights, self.pattern)

        def moved(pair):
            weight, pattern = pair
            score = self.grow_score(weight, moment)
            return drop_and_grow(
                weight.value, weight.mask, score, fraction, pattern
            )

        return in_turn(moved, zip(weights, patterns, strict=True))


_MOVING_ARGUMENTS = """
    Args:
        sparsity: float in [0, 1), share of zeros over all masked weights.
        distribution: "erk" (= "erdos_renyi_kernel"), "erdos_renyi" (= "er")
            or "uniform": how the zeros are shared among the layers.
        update_every: int, optimizer steps between two mask updates.
        update_until: int, no update at this step or later; 75 % of all steps
            is the paper's choice. None: no end.
        drop_fraction: float in [0, 1], share of the live weights that the
            first update moves.
        seed: int from 0, for the initial masks and random growth.
        drop_schedule: how the share falls: "cosine" or "linear" to 0 at
            `update_until`, "constant", or "learning_rate": in proportion to
            the learning rate (to the largest one seen, so that a warm-up does
            no harm). None: "cosine" with `update_until`, else
            "learning_rate", the authors' TF2 default.
        update_from: int, number of steps done at the first update; None: as
            many as `update_every`.
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution, or None.
        dense_first: bool, keep the first masked weight dense, as the RigL
            paper does with "uniform".
        pattern: what is kept or dropped as a whole: `Block`, `NofM`,
            `Channels`, `ConstantFanIn`, or None: single weights.
"""


@keras.saving.register_keras_serializable(package="keras_sparse")
class SET(_MovingBudget):
    __doc__ = f"""Drops the smallest weights, grows new ones at random.

    A step with an update trains first, then moves the masks, as the authors
    of RigL do in their SET.
    {_MOVING_ARGUMENTS}
    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Mocanu et al. 2018, arXiv:1707.04780; Evci et al. 2020,
        arXiv:1911.11134, `SparseSETOptimizer`.
    Differs from Mocanu et al.: drops by magnitude, not the smallest positive
        and largest negative weights, and every so many steps, not each epoch.

    Example:
        >>> method = SET(0.9, update_every=10)
        >>> bool(method.due(10)), bool(method.due(11))
        (True, False)
    """

    def grow_score(self, weight: SparseWeight, moment: Moment) -> Tensor:
        """Random numbers that depend on seed, path and step only."""
        shape = tuple(weight.value.shape)
        return random_scores(shape, self.seed, weight.path, moment.step)


@keras.saving.register_keras_serializable(package="keras_sparse")
class RigL(_MovingBudget):
    __doc__ = f"""Drops the smallest weights, grows by the largest gradients.

    A mask update takes the place of that step's gradient step: no weight, bias
    or slot is trained by it, as in the authors' code. The step still counts.
    {_MOVING_ARGUMENTS}
    Raises:
        ValueError: an argument is not as above, or, once the model is known,
            does not fit it.

    Source: Evci et al. 2020, arXiv:1911.11134, Algorithm 1; authors' code
        `rigl/sparse_optimizers_base.py`, `SparseRigLOptimizerBase`.
    Differs from the authors' TF1 code: an update counts as an optimizer step;
        the first update comes after `update_every` steps, not before the
        first; no noise on the drop score; slots of dropped weights are zeroed
        too; the last update lies before `update_until` (the paper), not at it.

    Example:
        >>> method = RigL(0.9, update_every=100, update_until=250)
        >>> [step for step in range(400) if method.due(step)]
        [100, 200]
    """

    update_replaces_step = True
    needs_gradient = True

    def grow_score(self, weight: SparseWeight, moment: Moment) -> Tensor:
        """The dense gradient of the loss, summed over replicas."""
        return weight.gradient
