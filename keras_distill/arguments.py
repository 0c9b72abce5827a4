"""Checks of plain arguments, with messages that say what to change."""

import numbers


def check_count(name, value, minimum=1):
    """Raises unless `value` is an int of at least `minimum`."""
    whole = isinstance(value, numbers.Integral) and not isinstance(value, bool)
    if not whole or value < minimum:
        raise ValueError(
            f"`{name}` must be an int of at least {minimum}. "
            f"Received: {name}={value!r}."
        )


def check_number(name, value, low=0.0, high=float("inf"), open_low=False):
    """Raises unless `value` is a finite number in [low, high]."""
    number = isinstance(value, numbers.Real) and not isinstance(value, bool)
    inside = number and low <= value <= high and abs(value) < float("inf")
    if not inside or (open_low and value == low):
        wanted = f"greater than {low:g}" if open_low else f"at least {low:g}"
        if high < float("inf"):
            wanted += f" and at most {high:g}"
        raise ValueError(
            f"`{name}` must be a finite number {wanted}. "
            f"Received: {name}={value!r}."
        )


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
