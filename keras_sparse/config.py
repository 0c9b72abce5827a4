"""Configuration that is exactly the constructor's arguments."""

import inspect


class Configurable:
    """Base of objects whose constructor stores each argument by its name."""

    def get_config(self):
        """Returns the constructor's arguments as a dict."""
        names = inspect.signature(type(self)).parameters
        return {name: getattr(self, name) for name in names}

    @classmethod
    def from_config(cls, config):
        """Makes the object from `get_config()`."""
        return cls(**config)

    def __repr__(self):
        arguments = (f"{k}={v!r}" for k, v in self.get_config().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


def check_fraction(name, value, upper_included=False):
    """Raises ValueError unless `value` is a number in [0, 1), or [0, 1]."""
    closing = "]" if upper_included else ")"
    number = isinstance(value, (int, float)) and not isinstance(value, bool)
    if not number or not 0 <= value <= 1 or (value == 1 and closing == ")"):
        raise ValueError(
            f"`{name}` must be a number in [0, 1{closing}, a share and not a "
            f"percentage. Received: {name}={value!r}. Write 0.9 for 90 %."
        )


def check_count(name, value, lowest, none_allowed=False):
    """Raises ValueError unless `value` is an int of at least `lowest`."""
    if value is None and none_allowed:
        return
    integer = isinstance(value, int) and not isinstance(value, bool)
    if not integer or value < lowest:
        allowed = " or None" if none_allowed else ""
        raise ValueError(
            f"`{name}` must be an integer of at least {lowest}{allowed}. "
            f"Received: {name}={value!r}. "
            "Pass a whole number."
        )


def check_choice(name, value, choices):
    """Raises ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. "
            f"Received: {name}={value!r}. Choose one of these names."
        )
