"""Checks of the student's own loss against the labels of a batch."""

_KINDS = {
    "sparsecategoricalcrossentropy": "integers",
    "categoricalcrossentropy": "one-hot",
}


def check_compiled_loss(loss, weight, labels, outputs):
    """Raises unless loss, labels and outputs of the student fit.

    Args:
        loss: of `compile`: None, an instance, name or function, or a
            structure of these.
        weight: float, the student's weight.
        labels: None, tensor, or a structure; shapes of single tensors are
            checked.
        outputs: the student's, tensor or structure.

    Raises:
        ValueError: no loss but a weight, no labels for a loss, or one-hot
            labels where the loss wants integers, or the reverse.
    """
    if loss is None and weight > 0:
        raise ValueError(
            "`compile` must have a `loss`, for the student's own has the "
            f"weight {weight:g}. Received: loss=None. Give one, or make the "
            "Distiller with `student_weight=0`."
        )
    if loss is not None and labels is None:
        raise ValueError(
            "`y` must be given: the `loss` of `compile` needs labels. "
            "Received: y=None. To learn from the teacher alone compile no "
            "loss, and make the Distiller with `student_weight=0`."
        )
    if hasattr(labels, "shape") and hasattr(outputs, "shape"):
        _check_shapes(loss, tuple(labels.shape), tuple(outputs.shape))


def _check_shapes(loss, labels, outputs):
    name = loss if isinstance(loss, str) else type(loss).__name__
    name = getattr(loss, "__name__", name).replace("_", "").lower()
    kind, one_hot = _KINDS.get(name), labels[1:] == outputs[1:]
    if kind == "integers" and one_hot:
        advice = "`labels.argmax(-1)`, or use CategoricalCrossentropy"
    elif kind == "one-hot" and not one_hot:
        advice = (
            "`keras.utils.to_categorical`, or use "
            "SparseCategoricalCrossentropy; for logits of subclasses use "
            "`keras_distill.SubclassCrossentropy`"
        )
    else:
        return
    raise ValueError(
        f"`y` must be {kind} labels for this loss. Received: labels of shape "
        f"{labels} and outputs of shape {outputs}. Convert them with {advice}."
    )
