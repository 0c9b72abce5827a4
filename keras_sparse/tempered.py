"""Losses of predictions whose logits are divided by a temperature."""

import keras
import numpy as np
from keras import ops

OUTPUTS = ("logits", "softmax", "sigmoid")
_SOFTMAX = (
    keras.losses.CategoricalCrossentropy,
    keras.losses.CategoricalFocalCrossentropy,
    keras.losses.KLDivergence,
    keras.losses.SparseCategoricalCrossentropy,
    keras.losses.categorical_crossentropy,
    keras.losses.categorical_focal_crossentropy,
    keras.losses.kl_divergence,
    keras.losses.sparse_categorical_crossentropy,
)
_SIGMOID = (
    keras.losses.BinaryCrossentropy,
    keras.losses.BinaryFocalCrossentropy,
    keras.losses.binary_crossentropy,
    keras.losses.binary_focal_crossentropy,
)


class TemperedLoss(keras.losses.Loss):
    """A loss of predictions whose logits are divided by a temperature.

    Args:
        loss: `keras.losses.Loss`.
        temperature: float > 0.
        outputs: "logits", "softmax" or "sigmoid", what the predictions are.
    """

    def __init__(self, loss, temperature, outputs):
        super().__init__(reduction=loss.reduction, dtype=loss.dtype)
        self.loss = loss
        self.temperature = temperature
        self.outputs = outputs

    def call(self, y_true, y_pred):
        softened = soften(y_pred, self.temperature, self.outputs)
        return self.loss.call(y_true, softened)


def soften(predictions, temperature, outputs):
    """Divides the logits behind predictions by a temperature.

    Args:
        predictions: float tensor (..., classes).
        temperature: float > 0.
        outputs: "logits", "softmax" or "sigmoid", what `predictions` are.

    Returns:
        Tensor of the same kind; for "softmax" by the identity
        softmax(log(softmax(z)) / T) = softmax(z / T).

    Example:
        >>> from keras import ops
        >>> softened = soften(ops.array([[0.9, 0.1]]), 2.0, "softmax")
        >>> [round(float(p), 6) for p in softened[0]]
        [0.75, 0.25]
    """
    if outputs == "logits":
        return predictions / temperature
    tiny = float(
        np.finfo(keras.backend.standardize_dtype(predictions.dtype)).tiny
    )
    logits = ops.log(ops.maximum(predictions, tiny))
    if outputs == "softmax":
        return ops.softmax(logits / temperature)
    logits = logits - ops.log(ops.maximum(1.0 - predictions, tiny))
    return ops.sigmoid(logits / temperature)


def outputs_of(loss):
    """What the loss takes: an item of `OUTPUTS`; ValueError if unknown."""
    kind = getattr(loss, "function", type(loss))
    if getattr(loss, "from_logits", False):
        return "logits"
    if kind in _SOFTMAX:
        return "softmax"
    if kind in _SIGMOID:
        return "sigmoid"
    raise ValueError(
        "`outputs` must say what the model returns, for its loss does not: "
        f"{', '.join(map(repr, OUTPUTS))}. Received: outputs=None and loss "
        f"{loss.name!r}. Pass it, or temperature=1."
    )
