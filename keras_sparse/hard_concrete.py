"""Gates that learn to close whole units: L0 regularisation."""

import math
from collections.abc import Sequence
from typing import Any

import keras
import numpy as np
from keras import ops

from keras_sparse._types import Shape, Tensor

# Open with probability 0.99 at most and 0.01 at least, the authors' bounds.
_LOG_ALPHA_BOUND = math.log(100.0)
_NOISE_MARGIN = 1e-6


def open_probability(log_alpha, temperature, stretch):
    """Probability that a gate is not exactly 0.

    Args:
        log_alpha: float tensor, the location of each gate.
        temperature: positive number.
        stretch: pair (below 0, above 1).

    Returns:
        Float tensor like `log_alpha`, in (0, 1); their sum is the expected L0
        norm.

    Source: Louizos, Welling and Kingma 2018, arXiv:1712.01312, equation 12.
    """
    low, high = stretch
    return ops.sigmoid(log_alpha - temperature * math.log(-low / high))


def sampled_gates(log_alpha, noise, temperature, stretch):
    """Gates in training: the hard concrete distribution.

    Args:
        log_alpha: float tensor, the location of each gate.
        noise: float tensor, uniform in (0, 1), that broadcasts with it.
        temperature: positive number; low ones are more often at 0 and 1.
        stretch: pair (below 0, above 1).

    Returns:
        Float tensor in [0, 1].

    Source: Louizos, Welling and Kingma 2018, arXiv:1712.01312, equations 10
        and 11.
    """
    logits = ops.log(noise) - ops.log(1.0 - noise) + log_alpha
    return _stretched(ops.sigmoid(logits / temperature), stretch)


def expected_gates(log_alpha, stretch):
    """Gates at inference, without noise.

    Source: Louizos, Welling and Kingma 2018, arXiv:1712.01312, equation 13.
    """
    return _stretched(ops.sigmoid(log_alpha), stretch)


def _stretched(concrete, stretch):
    low, high = stretch
    return ops.clip(concrete * (high - low) + low, 0.0, 1.0)


@keras.saving.register_keras_serializable(package="keras_sparse")
class HardConcreteGate(keras.layers.Layer):
    """Multiplies each unit of its input by a gate that may learn to be 0.

    Put it before a `Dense` layer to gate the inputs of that layer. In training
    the gates are drawn anew for each batch; at inference they are fixed, and a
    unit whose gate is 0 can be removed together with its weights.

    Args:
        weight: number >= 0, the loss for each unit that is expected to be open.
            The paper's lambda, per weight and summed over N examples: pass
            lambda * outgoing weights per unit / N.
        drop_rate: number in (0, 1), probability at the start that the stretched
            gate lies below one half.
        temperature: positive number, the paper's beta.
        stretch: pair of numbers (below 0, above 1), the paper's gamma and zeta.
        per_example: bool, draw gates for each position of the input on its own.
        seed: int or None, for the gates drawn in training.
        **kwargs: of `keras.layers.Layer`.

    Raises:
        ValueError: an argument is not as above.

    Source: Louizos, Welling and Kingma 2018, arXiv:1712.01312, section 2.2;
        authors' code, AMLab-Amsterdam/L0_regularization, `l0_layers.py`,
        `L0Dense`.
    Differs from it: a layer of its own, so that L2 penalties are not scaled by
        the open probability; all locations start equal, there with a spread of
        0.01.

    Example:
        >>> gate = HardConcreteGate(weight=0.1, drop_rate=0.2)
        >>> outputs = gate(ops.ones((3, 4)))  # times 0.8 * 1.2 - 0.1
        >>> round(float(outputs[0, 0]), 4), bool(gate.open_units().all())
        (0.86, True)
    """

    def __init__(
        self,
        weight: float = 0.0,
        drop_rate: float = 0.5,
        temperature: float = 2 / 3,
        stretch: Sequence[float] = (-0.1, 1.1),
        per_example: bool = False,
        seed: int | None = None,
        **kwargs: Any,
    ) -> None:
        _check(weight, drop_rate, temperature, stretch)
        super().__init__(**kwargs)
        self.weight = weight
        self.drop_rate = drop_rate
        self.temperature = temperature
        self.stretch = tuple(stretch)
        self.per_example = per_example
        self.seed = seed
        self.seed_generator = keras.random.SeedGenerator(seed)
        self.supports_masking = True

    def build(self, input_shape: Shape) -> None:
        """Makes one location per unit: `input_shape` ends with the units."""
        start = math.log(1 - self.drop_rate) - math.log(self.drop_rate)
        self.log_alpha = self.add_weight(
            shape=(input_shape[-1],),
            initializer=keras.initializers.Constant(start),
            constraint=_within_bounds,
            dtype="float32",
            autocast=False,
            name="log_alpha",
        )

    def call(self, inputs: Tensor, training: bool = False) -> Tensor:
        """Multiplies by the gates.

        Args:
            inputs: float tensor (..., units).
            training: bool, whether the gates are drawn, or fixed.

        Returns:
            Tensor like `inputs`.
        """
        if self.weight:
            self.add_loss(self.weight * self.expected_open_units())
        if training:
            shape = self.log_alpha.shape
            noise = keras.random.uniform(
                ops.shape(inputs) if self.per_example else shape,
                _NOISE_MARGIN,
                1 - _NOISE_MARGIN,
                dtype="float32",
                seed=self.seed_generator,
            )
            gates = sampled_gates(
                self.log_alpha, noise, self.temperature, self.stretch
            )
        else:
            gates = expected_gates(self.log_alpha, self.stretch)
        return inputs * ops.cast(gates, inputs.dtype)

    def expected_open_units(self) -> Tensor:
        """Scalar tensor: how many gates are open in training, on average."""
        return ops.sum(
            open_probability(self.log_alpha, self.temperature, self.stretch)
        )

    def gates(self) -> np.ndarray:
        """float array (units,): the gates at inference, in [0, 1]."""
        return ops.convert_to_numpy(
            expected_gates(self.log_alpha, self.stretch)
        )

    def open_units(self) -> np.ndarray:
        """Boolean array (units,): which units inference does not set to 0."""
        return self.gates() > 0

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        """That of the input, `input_shape`."""
        return input_shape

    def get_config(self) -> dict[str, Any]:
        return {
            **super().get_config(),
            "weight": self.weight,
            "drop_rate": self.drop_rate,
            "temperature": self.temperature,
            "stretch": list(self.stretch),
            "per_example": self.per_example,
            "seed": self.seed,
        }


def _within_bounds(log_alpha):
    return ops.clip(log_alpha, -_LOG_ALPHA_BOUND, _LOG_ALPHA_BOUND)


def _check(weight, drop_rate, temperature, stretch):
    wrong = []
    if not 0 <= weight < math.inf:
        wrong.append(f"weight={weight!r} (a number >= 0)")
    if not 0 < drop_rate < 1:
        wrong.append(f"drop_rate={drop_rate!r} (in (0, 1))")
    if not 0 < temperature < math.inf:
        wrong.append(f"temperature={temperature!r} (above 0)")
    low, high = stretch if len(stretch) == 2 else (0, 0)
    if not -math.inf < low < 0 or not 1 < high < math.inf:
        wrong.append(f"stretch={stretch!r} (one below 0, one above 1)")
    if wrong:
        raise ValueError(
            "`HardConcreteGate` must get numbers in range. Received: "
            f"{', '.join(wrong)}. Leave out what is not meant: the defaults "
            "are the paper's."
        )
