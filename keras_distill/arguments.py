"""Checks of arguments that mean something in distillation."""

from _keras_sparse_common.arguments import check_count, check_number


def check_temperature(value, name="temperature"):
    """Raises unless `value` is a finite positive number."""
    check_number(name, value, open_low=True)


def check_flag(name, value):
    """Raises unless `value` is True or False."""
    if not isinstance(value, bool):
        raise ValueError(
            f"`{name}` must be True or False. Received: {name}={value!r}."
        )


def check_multiple(shape, num_classes):
    """Raises unless the last axis of `shape` holds one block per class."""
    check_count("num_classes", num_classes)
    width = shape[-1] if len(shape) else None
    if not width or width % num_classes:
        raise ValueError(
            "The last axis of the subclass logits must be a known multiple of "
            "`num_classes`: each class has the same number of subclasses. "
            f"Received: shape {tuple(shape)} and num_classes={num_classes}. "
            "Give the last Dense layer `num_classes * subclasses` units."
        )
