"""Configuration that is exactly the constructor's arguments."""

import inspect
import math
import numbers
from collections.abc import Mapping
from typing import Any, Self

import keras


class Configurable:
    """Base of objects whose constructor stores each argument by its name."""

    def get_config(self) -> dict[str, Any]:
        """Returns the constructor's arguments as a dict of plain values."""
        return {
            name: keras.saving.serialize_keras_object(value)
            if hasattr(value, "get_config")
            else value
            for name, value in self._arguments().items()
        }

    @classmethod
    def from_config(cls, config: Mapping[str, Any]) -> Self:
        """Makes the object from `config`, what `get_config()` returned."""
        return cls(**{name: _object(value) for name, value in config.items()})

    def _arguments(self):
        names = inspect.signature(type(self)).parameters
        missing = [name for name in names if not hasattr(self, name)]
        if missing:
            kind = type(self).__name__
            raise AttributeError(
                f"`{kind}.__init__` must store each argument by its name. "
                f"Received: no attribute {', '.join(missing)}. Write `self."
                f"{missing[0]} = {missing[0]}`, or a `get_config` of your own."
            )
        return {name: getattr(self, name) for name in names}

    def __repr__(self):
        arguments = (f"{k}={v!r}" for k, v in self._arguments().items())
        return f"{type(self).__name__}({', '.join(arguments)})"


def _object(value):
    if isinstance(value, dict) and "class_name" in value:
        return keras.saving.deserialize_keras_object(value)
    return value


def check_fraction(name, value, upper_included=False):
    """Returns `value` as a Python number in [0, 1), or [0, 1].

    Raises:
        ValueError: it is no number, or out of this range.
    """
    closing = "]" if upper_included else ")"
    number = _plain(value, numbers.Real)
    if number is None or not 0 <= number <= 1 or (number, closing) == (1, ")"):
        raise ValueError(
            f"`{name}` must be a number in [0, 1{closing}, a share and not a "
            f"percentage. Received: {name}={value!r}. Write 0.9 for 90 %."
        )
    return number


def check_count(name, value, lowest, none_allowed=False):
    """Returns `value` as an int of at least `lowest`, or None if allowed.

    Raises:
        ValueError: it is no integer, or below.
    """
    if value is None and none_allowed:
        return None
    number = _plain(value, numbers.Integral)
    if number is None or number < lowest:
        allowed = " or None" if none_allowed else ""
        raise ValueError(
            f"`{name}` must be an integer of at least {lowest}{allowed}. "
            f"Received: {name}={value!r}. "
            "Pass a whole number."
        )
    return number


def check_number(name, value):
    """Returns `value` as a finite Python number from 0.

    Raises:
        ValueError: it is no number, negative or infinite.
    """
    number = _plain(value, numbers.Real)
    if number is None or not 0 <= number < math.inf:
        raise ValueError(
            f"`{name}` must be a number from 0. Received: {name}={value!r}. "
            "Pass 0 to do without."
        )
    return number


def check_model(model):
    """Raises ValueError unless `model` is a Keras model, or a layer."""
    if not isinstance(model, keras.layers.Layer):
        raise ValueError(
            "`model` must be a keras.Model. Received: "
            f"{type(model).__name__}. Wrap your layers in one."
        )


def check_choice(name, value, choices):
    """Raises ValueError unless `value` is one of `choices`."""
    if value not in choices:
        raise ValueError(
            f"`{name}` must be one of {', '.join(map(repr, choices))}. "
            f"Received: {name}={value!r}. Choose one of these names."
        )


def _plain(value, kind):
    """`value` as an int or float that JSON can hold; None: not of `kind`."""
    if isinstance(value, bool) or not isinstance(value, kind):
        return None
    return int(value) if isinstance(value, numbers.Integral) else float(value)
