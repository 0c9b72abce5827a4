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


def check_choice(name, value, choices):
    """Raises unless `value` is one of the strings `choices`."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {list(choices)}. "
            f"Received: {name}={value!r}."
        )
