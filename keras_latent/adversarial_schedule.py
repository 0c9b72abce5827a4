"""How the weight of an adversary grows while a model trains."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import keras
from keras import ops

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import Config, TensorLike
from keras_latent.gradient_reversal import reversal_weights

SHAPES = ("sigmoid", "linear")


def sigmoid_weight(progress, sharpness=10.0):
    """The paper's schedule: from 0 at the start to nearly 1 at the end.

    Args:
        progress: float in [0, 1] or tensor, share of the training done.
        sharpness: number above 0; larger rises earlier.

    Returns:
        2 / (1 + exp(-sharpness * progress)) - 1.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2.2.

    Example:
        >>> from keras_latent.adversarial_schedule import sigmoid_weight
        >>> round(float(sigmoid_weight(0.5)), 4)
        0.9866
    """
    # tanh(x / 2) is the same function, without the cancellation near 0.
    return ops.tanh(ops.multiply(progress, sharpness / 2))


@keras.saving.register_keras_serializable(package="keras_latent")
class AdversarialSchedule(keras.callbacks.Callback):
    """Weight of an adversary at a step, and the callback that sets it.

    Give it to `DomainAdversarial`, which computes the weight inside its step;
    call it on a step yourself; or put it into `fit(callbacks=[...])` to set
    the weight of every `GradientReversal` layer of the model, nested models
    included, before each batch. Steps are the updates of the optimizer, so a
    resumed training goes on where it was.

    Args:
        total_steps: int from 1, steps at which the sigmoid ends (the updates
            of the whole training).
        shape: "sigmoid", the paper's, or "linear".
        sharpness: number above 0, of the sigmoid.
        ramp: number in (0, 1], share of `total_steps` after which the linear
            ramp is at its peak.
        peak: number from 0, factor of the weight.

    Raises:
        ValueError: arguments out of range; as a callback, a model without
            `GradientReversal` or without a compiled optimizer.

    Source: Ganin et al. 2016, arXiv:1505.07818, section 5.2.2; the ramp as in
        Lample et al. 2017, arXiv:1706.00409, section 4.
    Differs from the rule inside `DomainAdversarial`: with
        `steps_per_execution=k` a callback is called, and the weight set, once
        in k steps.

    Example:
        >>> import keras_latent as kl
        >>> schedule = kl.AdversarialSchedule(1000)
        >>> [round(float(schedule(step)), 4) for step in (0, 500, 1000)]
        [0.0, 0.9866, 0.9999]
    """

    def __init__(
        self,
        total_steps: int,
        shape: Literal["sigmoid", "linear"] = "sigmoid",
        sharpness: float = 10.0,
        ramp: float = 1.0,
        peak: float = 1.0,
    ) -> None:
        check_count("total_steps", total_steps)
        check_choice("shape", shape, SHAPES)
        check_number("sharpness", sharpness, open_low=True)
        check_number("ramp", ramp, high=1.0, open_low=True)
        check_number("peak", peak)
        super().__init__()
        self.total_steps, self.shape = total_steps, shape
        self.sharpness, self.ramp, self.peak = sharpness, ramp, peak

    def __call__(self, step: TensorLike) -> TensorLike:
        """Weight at a step.

        Args:
            step: number from 0, or scalar tensor.

        Returns:
            float32 scalar tensor.
        """
        progress = ops.cast(step, "float32") / self.total_steps
        progress = ops.clip(progress, 0.0, 1.0)
        if self.shape == "sigmoid":
            weight = sigmoid_weight(progress, self.sharpness)
        else:
            weight = ops.minimum(progress / self.ramp, 1.0)
        return ops.multiply(weight, self.peak)

    def on_train_begin(self, logs: Mapping[str, Any] | None = None) -> None:
        if not reversal_weights(self.model):
            raise ValueError(
                "`AdversarialSchedule` as a callback needs a model with a "
                f"`GradientReversal` layer. Received: {self.model.name!r} "
                "without one. Add the layer before the adversary, or give the "
                "schedule to `DomainAdversarial(weight=...)`."
            )
        if getattr(self.model, "optimizer", None) is None:
            raise ValueError(
                "`AdversarialSchedule` as a callback counts the steps of the "
                "model's optimizer. Received: no optimizer. Call "
                "`model.compile(optimizer, ...)` first."
            )

    def on_train_batch_begin(
        self, batch: int, logs: Mapping[str, Any] | None = None
    ) -> None:
        if keras.backend.backend() == "jax":
            self.model.jax_state_sync()
        weight = self(self.model.optimizer.iterations)
        for variable in reversal_weights(self.model):
            variable.assign(weight)

    def get_config(self) -> Config:
        """The arguments of the constructor, as a dict."""
        return {
            "total_steps": self.total_steps,
            "shape": self.shape,
            "sharpness": self.sharpness,
            "ramp": self.ramp,
            "peak": self.peak,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The schedule of what `get_config` returned.

        Args:
            config: dict.

        Returns:
            `AdversarialSchedule`.
        """
        return cls(**config)
