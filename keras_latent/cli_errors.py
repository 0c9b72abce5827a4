"""Errors of the library, in the words of the command line."""

import functools
import re

from _keras_sparse_common.usage_problems import UsageProblem, refusals

__all__ = ["TrainingError", "UsageProblem", "translate", "usage"]


class TrainingError(RuntimeError):
    """Training went wrong in a way that the user can do something about."""


def usage(**typed):
    """Context that turns what the library refuses into a `UsageProblem`.

    Args:
        **typed: name of a Python argument -> the option that it comes from,
            where that has another name than the argument.
    """
    return refusals(functools.partial(translate, typed=typed))


def translate(message, typed):
    """Names options in a message that names Python arguments.

    Args:
        message: str in the house form, "`argument` must ... argument=...".
        typed: as in `usage`; other names get dashes.

    Returns:
        str.

    Example:
        >>> message = "`data_dir` must be a folder. Received: data_dir='a'."
        >>> translate(message, {})
        "`--data-dir` must be a folder. Received: --data-dir='a'."
    """

    def put(match):
        name = match[1] or match[2]
        option = typed.get(name, "--" + name.replace("_", "-"))
        return f"`{option}`" if match[1] else option

    return re.sub(r"`([a-z_]+)`|(?<= )([a-z_]+)(?==)", put, message)
