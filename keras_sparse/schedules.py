"""How much to drop at a mask update, and how sparse to be at a step."""

import math

import keras
from keras import ops

from keras_sparse._types import Tensor
from keras_sparse.config import Configurable, check_count, check_fraction


def _progress(step, begin, end):
    step = ops.cast(step, "float32")
    return ops.clip((step - begin) / max(end - begin, 1), 0.0, 1.0)


def cosine_decay(step: Tensor, end: float) -> Tensor:
    """Falls from 1 at step 0 to 0 at `end` along half a cosine.

    Source: Evci et al. 2020, arXiv:1911.11134, section 3, equation 1.
    """
    return 0.5 * (1.0 + ops.cos(math.pi * _progress(step, 0, end)))


def linear_decay(step: Tensor, end: float) -> Tensor:
    """Falls from 1 at step 0 to 0 at `end` along a line."""
    return 1.0 - _progress(step, 0, end)


class _Schedule(Configurable):
    begin_step: int
    end_step: int
    frequency: int

    def _is_due(self, step):
        step = ops.cast(step, "int32")
        due = ops.logical_and(
            step >= self.begin_step,
            ops.equal((step - self.begin_step) % self.frequency, 0),
        )
        if self.end_step >= 0:
            due = ops.logical_and(due, step <= self.end_step)
        return due

    def _check_steps(self, end_step_lowest):
        self.begin_step = check_count("begin_step", self.begin_step, 0)
        self.frequency = check_count("frequency", self.frequency, 1)
        self.end_step = check_count("end_step", self.end_step, end_step_lowest)
        if 0 <= self.end_step < self.begin_step:
            raise ValueError(
                "`end_step` must not lie before `begin_step`. Received: "
                f"begin_step={self.begin_step}, end_step={self.end_step}. "
                "Raise `end_step`."
            )


@keras.saving.register_keras_serializable(package="keras_sparse")
class ConstantSparsity(_Schedule):
    """Prunes to one sparsity from `begin_step` on.

    Args:
        target_sparsity: float in [0, 1), share of zeros.
        begin_step: int, first step at which weights are pruned.
        end_step: int, last such step; -1 for no end.
        frequency: int, steps between two prunings.

    Raises:
        ValueError: an argument is not as above.

    Source: tfmot `pruning_schedule.ConstantSparsity`, same argument names.

    Example:
        >>> schedule = ConstantSparsity(0.5, begin_step=10, frequency=5)
        >>> due, sparsity = schedule(15)
        >>> bool(due), float(sparsity)
        (True, 0.5)
    """

    def __init__(
        self,
        target_sparsity: float,
        begin_step: int,
        end_step: int = -1,
        frequency: int = 100,
    ) -> None:
        self.target_sparsity = check_fraction(
            "target_sparsity", target_sparsity
        )
        self.begin_step = begin_step
        self.end_step = end_step
        self.frequency = frequency
        self._check_steps(end_step_lowest=-1)

    def __call__(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Returns (whether to prune at `step`, share of zeros then)."""
        sparsity = ops.cast(self.target_sparsity, "float32")
        return self._is_due(step), sparsity


@keras.saving.register_keras_serializable(package="keras_sparse")
class PolynomialDecay(_Schedule):
    """Raises the sparsity along a polynomial, fast at first.

    The last pruning is at `end_step`, whatever `frequency` is, so that the
    final sparsity is always reached; tfmot can miss it.

    Args:
        initial_sparsity: float in [0, 1), share of zeros at `begin_step`.
        final_sparsity: float in [0, 1), share of zeros from `end_step` on.
        begin_step: int, first step at which weights are pruned.
        end_step: int, last such step.
        power: positive number; 3 is the paper's.
        frequency: int, steps between two prunings.

    Raises:
        ValueError: an argument is not as above.

    Source: Zhu & Gupta 2017, arXiv:1710.01878, equation 1; tfmot
        `pruning_schedule.PolynomialDecay`, same argument names.

    Example:
        >>> schedule = PolynomialDecay(0.0, 0.8, begin_step=0, end_step=100)
        >>> due, sparsity = schedule(100)
        >>> bool(due), round(float(sparsity), 6)
        (True, 0.8)
    """

    def __init__(
        self,
        initial_sparsity: float,
        final_sparsity: float,
        begin_step: int,
        end_step: int,
        power: float = 3,
        frequency: int = 100,
    ) -> None:
        if not isinstance(power, (int, float)) or power <= 0:
            raise ValueError(
                "`power` must be a positive number. "
                f"Received: power={power!r}. The paper uses 3."
            )
        self.initial_sparsity = check_fraction(
            "initial_sparsity", initial_sparsity
        )
        self.final_sparsity = check_fraction("final_sparsity", final_sparsity)
        self.begin_step = begin_step
        self.end_step = end_step
        self.power = power
        self.frequency = frequency
        self._check_steps(end_step_lowest=1)

    def __call__(self, step: Tensor) -> tuple[Tensor, Tensor]:
        """Returns (whether to prune at `step`, share of zeros then)."""
        last = ops.equal(ops.cast(step, "int32"), self.end_step)
        left = 1.0 - _progress(step, self.begin_step, self.end_step)
        change = self.initial_sparsity - self.final_sparsity
        sparsity = self.final_sparsity + change * left**self.power
        return ops.logical_or(self._is_due(step), last), sparsity
