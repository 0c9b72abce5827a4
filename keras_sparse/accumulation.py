"""Gradient accumulation before the inner optimizer, in whole steps."""

from collections.abc import Sequence
from typing import Any

import keras
from keras import ops

from keras_sparse._types import Tensor
from keras_sparse.backend import conditional, dense
from keras_sparse.wrapper import OptimizerWrapper


class AccumulatingWrapper(OptimizerWrapper):
    """Base of optimizers that wrap another and see whole steps only.

    A subclass implements `_step(grads, variables)`. Gradients are accumulated
    here, because the masks must follow the mean gradient of a whole step.
    """

    def __init__(
        self, inner: keras.optimizers.Optimizer, name: str | None = None
    ) -> None:
        super().__init__(inner, name=name)
        self.gradient_accumulation_steps = inner.gradient_accumulation_steps
        inner.gradient_accumulation_steps = None
        self._sums = _Sums()

    def _add_sums(self, variables):
        self._sums.variables = list(variables)
        if self.gradient_accumulation_steps:
            self._micro_step = self.add_variable(
                (), dtype="int32", name="micro_step"
            )
            sums = self.add_optimizer_variables(variables, "gradient_sum")
            pairs = zip(variables, sums, strict=True)
            self._sums.of = {id(variable): total for variable, total in pairs}

    def apply(
        self,
        grads: Sequence[Tensor | None],
        trainable_variables: Sequence[keras.Variable] | None = None,
    ) -> None:
        """Makes one step: trains inside the masks, or moves them.

        Args:
            grads: list of gradients, one per variable; None where there is
                none.
            trainable_variables: list of `keras.Variable`, or None: those that
                the optimizer was built with.

        Raises:
            ValueError: their numbers differ, or a variable is not one that
                the optimizer was built with.
        """
        grads, variables = list(grads), self._known(trainable_variables)
        if len(grads) != len(variables):
            raise ValueError(
                "`grads` must hold one gradient per variable. Received: "
                f"{len(grads)} gradients for {len(variables)} variables. Pass "
                "None for a variable without one."
            )
        if self.gradient_accumulation_steps:
            self._accumulate(grads, variables)
        else:
            self._step(grads, variables)

    def _known(self, variables):
        if variables is None:
            return self._sums.variables
        variables = list(variables)
        if not self.built:
            self.build(variables)
        known = {id(variable) for variable in self._sums.variables}
        unknown = [v for v in variables if id(v) not in known]
        if unknown:
            raise ValueError(
                "`optimizer` must have been built for the variables it is "
                f"given, but {unknown[0].path!r} and {len(unknown) - 1} others "
                "are unknown to it: it belongs to another model, or the model "
                "has changed since. Compile each model with an optimizer of "
                "its own."
            )
        return variables

    def _accumulate(self, grads, variables):
        steps = self.gradient_accumulation_steps
        sums = [self._sums.of[id(variable)] for variable in variables]
        for grad, total in zip(grads, sums, strict=True):
            if grad is not None:
                total.assign_add(dense(grad))
        self._micro_step.assign((self._micro_step + 1) % steps)

        def step(_):
            means = [
                None if grad is None else total / steps
                for grad, total in zip(grads, sums, strict=True)
            ]
            self._step(means, variables)
            for total in sums:
                total.assign(ops.zeros(total.shape, dtype=total.dtype))

        self._conditional(
            lambda: ops.equal(self._micro_step, 0), step, do_nothing, []
        )

    def get_config(self) -> dict[str, Any]:
        config = super().get_config()
        steps = self.gradient_accumulation_steps
        config["inner"]["config"]["gradient_accumulation_steps"] = steps
        return config

    def _conditional(self, predicate, if_true, if_false, grads):
        assigned = self._sums.variables + self.variables
        conditional(predicate, if_true, if_false, grads, assigned)


class _Sums:
    """Hides lists and dicts from the tracking of Keras and TensorFlow."""

    def __init__(self):
        self.variables = []  # the model's trainable variables
        self.of = {}  # id of one -> the sum of its gradients


def do_nothing(_):
    """The branch of a step at which nothing is due."""
