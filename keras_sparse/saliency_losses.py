"""The loss whose derivatives are the saliency, also with softened logits."""

import keras
from keras import ops

from keras_sparse.tempered import TemperedLoss, outputs_of


def data_loss(model, loss=None, temperature=1.0, outputs=None):
    """Makes the function that compares outputs with targets.

    Weight decay and losses that layers add are left out: saliency is about the
    data.

    Args:
        model: `keras.Model`, for its compiled loss and its outputs' names.
        loss: a `keras.losses.Loss`, its name, a function (y_true, y_pred) ->
            loss per example or scalar, or a list or dict of them, one per
            output, as in `compile`; None: the loss the model is compiled with.
        temperature: float > 0 that divides the logits.
        outputs: "logits", "softmax" or "sigmoid", what the model returns, or
            None: what its loss says. Only needed if `temperature` is not 1.

    Returns:
        Function (y_true, y_pred, sample_weight or None) -> scalar tensor, the
        mean over the examples; with several outputs the sum of these.

    Raises:
        ValueError: there is no loss, or it does not say what the outputs are.
    """
    factors = None
    if loss is None:
        loss = _compiled_loss(model)
        if _is_nested(loss):
            factors = model.get_compile_config()["loss_weights"]
    names = getattr(model, "output_names", None)
    losses = _map(lambda one: as_loss(one, temperature, outputs), loss)

    def total(y_true, y_pred, sample_weight):
        guesses, keys = _listed(y_pred, names)
        columns = [
            _per_output(value, keys, len(guesses))
            for value in (losses, y_true, sample_weight, factors)
        ]
        result = 0.0
        for guess, one, target, share, factor in zip(
            guesses, *columns, strict=True
        ):
            if one is not None:
                term = ops.mean(one(target, guess, share))
                if one.reduction == "sum":
                    term = term / ops.cast(ops.shape(guess)[0], term.dtype)
                result = result + (1.0 if factor is None else factor) * term
        return result

    return total


def as_loss(loss, temperature=1.0, outputs=None):
    """Returns what `data_loss` takes for one output as a `Loss`, or None."""
    if loss is None:
        return None
    found = keras.losses.get(loss)
    if not isinstance(found, keras.losses.Loss):
        found = FunctionLoss(found)
    if temperature == 1:
        return found
    return TemperedLoss(found, temperature, outputs or outputs_of(found))


class FunctionLoss(keras.losses.Loss):
    """Mean of a function (y_true, y_pred) over the examples."""

    def __init__(self, function):
        super().__init__()
        self.function = function

    def call(self, y_true, y_pred):
        # Targets (n,) and predictions (n, 1) would broadcast to (n, n).
        missing = len(y_pred.shape) - len(y_true.shape)
        if missing == 1 and y_pred.shape[-1] == 1:
            y_true = ops.expand_dims(y_true, -1)
        elif missing == -1 and y_true.shape[-1] == 1:
            y_true = ops.squeeze(y_true, -1)
        return self.function(y_true, y_pred)


def _compiled_loss(model):
    loss = getattr(model, "loss", None)
    if loss is None:
        raise ValueError(
            "`loss` must be given for a model that is compiled without one. "
            f"Received: loss=None and model {model.name!r}. Pass a "
            "keras.losses.Loss, or compile the model first."
        )
    return loss


def _is_nested(value):
    return isinstance(value, (list, tuple, dict))


def _map(function, value):
    if isinstance(value, dict):
        return {key: function(item) for key, item in value.items()}
    if _is_nested(value):
        return [function(item) for item in value]
    return function(value)


def _listed(outputs, names):
    """Outputs as a list, and their names as far as they have any."""
    if isinstance(outputs, dict):
        return list(outputs.values()), list(outputs)
    return (list(outputs) if _is_nested(outputs) else [outputs]), names


def _per_output(value, keys, count):
    """A list with what belongs to each output."""
    if isinstance(value, dict):
        return [value.get(key) for key in keys or value]
    return list(value) if _is_nested(value) else [value] * count
