"""The parts of a distillation loss: what, with which weight, of what output."""

import collections

import keras

from _keras_sparse_common.arguments import check_number

Term = collections.namedtuple("Term", "name loss weight output")
Term.__doc__ = "A loss, its name in the logs, weight, and output (or None)."
_TAKEN = {"loss", "student_loss", "distillation_loss"}


def distillation_terms(losses, weights, student_weight):
    """The terms of the loss and the weight of the student's own loss.

    Args:
        losses: one `keras.losses.Loss`, a list of them, or a dict output name
            -> loss.
        weights: a number, shared equally among the losses, or a list or dict
            with one number for each; from 0.
        student_weight: number from 0, or None: 1 minus all of `weights`.

    Returns:
        Tuple of a list of `Term` and the student's weight.

    Raises:
        ValueError: an argument is not as above.

    Example:
        >>> import keras_distill as kd
        >>> from keras_distill.distillation_terms import distillation_terms
        >>> loss = kd.SubclassDistillation()
        >>> terms, student_weight = distillation_terms(loss, 0.75, None)
        >>> terms[0].weight, student_weight
        (0.75, 0.25)
    """
    if not isinstance(losses, (list, tuple, dict)):
        losses = [losses]
    keyed = dict(losses) if isinstance(losses, dict) else None
    losses = list(losses if keyed is None else keyed.values())
    for loss in losses:
        _check_loss(loss)
    outputs = [None] * len(losses) if keyed is None else list(keyed)
    names = [
        loss.name if output is None else f"{output}_{loss.name}"
        for loss, output in zip(losses, outputs, strict=True)
    ]
    _check_names(names)
    weights = _weights(weights, len(losses), keyed)
    if student_weight is None:
        student_weight = _rest(weights)
    check_number("student_weight", student_weight)
    rows = zip(names, losses, weights, outputs, strict=True)
    return [Term(*row) for row in rows], float(student_weight)


def shares(weights):
    """Weights divided by their sum; equal ones if all are 0."""
    total = sum(weights)
    if not total:
        return [1.0 / len(weights)] * len(weights)
    return [weight / total for weight in weights]


def _weights(weights, count, keyed):
    if isinstance(weights, dict):
        if keyed is None or set(weights) != set(keyed):
            raise ValueError(
                "`distillation_weight` as a dict must have the keys of "
                f"`distillation_loss`. Received: keys {list(weights)} and "
                f"{'no dict of losses' if keyed is None else list(keyed)}."
            )
        weights = [weights[output] for output in keyed]
    elif not isinstance(weights, (list, tuple)):
        check_number("distillation_weight", weights)
        weights = [weights / count] * count
    if len(weights) != count:
        raise ValueError(
            "`distillation_weight` must be a number, or have one number for "
            f"each loss. Received: {len(weights)} weights and {count} losses."
        )
    for weight in weights:
        check_number("distillation_weight", weight)
    return [float(weight) for weight in weights]


def _rest(weights):
    total = sum(weights)
    if total > 1.0 + 1e-9:
        raise ValueError(
            "`distillation_weight` must be at most 1 in all, for the "
            "student's own loss has the rest. Received: a sum of "
            f"{total:g}. Give smaller ones, or `student_weight` too."
        )
    return max(0.0, 1.0 - total)


def _check_loss(loss):
    if isinstance(loss, keras.losses.Loss):
        if loss.reduction in (None, "none"):
            raise ValueError(
                "`distillation_loss` must be reduced to one number. "
                f"Received: {loss.name!r} with reduction="
                f'{loss.reduction!r}. Use "sum_over_batch_size".'
            )
        return
    advice = "Give an instance, such as `keras_distill.SubclassDistillation()`."
    if isinstance(loss, keras.distillation.LogitsDistillation):
        advice = (
            "Its default compares logits without a softmax, and it ignores "
            "sample weights. Use `keras_distill.LogitsDistillation`, or "
            "`SubclassDistillation`."
        )
    elif isinstance(loss, keras.distillation.DistillationLoss):
        advice = (
            "It ignores sample weights and needs features of equal widths. "
            "Use `keras_distill.PenultimateDistillation`, or, for outputs, "
            "`keras.losses.MeanSquaredError()`."
        )
    raise ValueError(
        "`distillation_loss` must be a `keras.losses.Loss`, or a list or "
        "dict of them. Received: "
        f"{type(loss).__module__}.{type(loss).__name__}. {advice}"
    )


def _check_names(names):
    if not names:
        raise ValueError(
            "`distillation_loss` must have at least one loss. "
            "Received: none. A student alone trains by its own `fit`."
        )
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice or _TAKEN.intersection(names):
        raise ValueError(
            "Each of `distillation_loss` must have its own name, and none of "
            f"{sorted(_TAKEN)}. Received: {names}. Give the losses a `name=`."
        )
