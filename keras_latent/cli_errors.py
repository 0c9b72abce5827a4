"""Errors of the library, in the words of the command line."""

import contextlib
import re


class UsageProblem(Exception):
    """Something on the command line must be changed; exit code 2."""


class TrainingError(RuntimeError):
    """Training went wrong in a way that the user can do something about."""


@contextlib.contextmanager
def usage(**typed):
    """Turns what the library refuses in the block into a `UsageProblem`.

    Args:
        **typed: name of a Python argument -> the option that it comes from,
            where that has another name than the argument.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # the system's own, as a full disk: not a matter of usage
        raise UsageProblem(translate(str(error), typed)) from error


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
