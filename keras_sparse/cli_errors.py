"""Errors of the library, in the words of the command line."""

import contextlib
import functools
import re

from _keras_sparse_common.usage_problems import UsageProblem, refusals


def usage(typed):
    """Context that turns what the library refuses into a `UsageProblem`.

    Args:
        typed: dict, name of a Python argument -> the option or argument of
            the command line that it comes from.
    """
    return refusals(functools.partial(translate, typed=typed))


def translate(message, typed):
    """Names options in a message that names Python arguments.

    Args:
        message: str in the house form, "`argument` must ... argument=...",
            and "`argument=1`" for what to pass.
        typed: as in `usage`; other names stay.

    Returns:
        str.

    Example:
        >>> message = "`path` must be new. Received: path='a'. `overwrite=True`"
        >>> typed = {"path": "--output", "overwrite": "--overwrite"}
        >>> translate(message, typed)
        "`--output` must be new. Received: --output='a'. `--overwrite`"
    """

    def put(match):
        quoted, number, assigned = match.groups()
        if quoted in typed:
            return f"`{typed[quoted]}{f' {number}' if number else ''}`"
        return typed.get(assigned, match[0])

    pattern = r"`(\w+)(?:=(?:True|(\d+)))?`|(?<= )(\w+)(?==)"
    return re.sub(pattern, put, message)


def option(name):
    """The option of a Python argument: "--batch-size" of "batch_size"."""
    return "--" + name.replace("_", "-")


@contextlib.contextmanager
def reading(name, path, kind):
    """Names the file that the block reads, where it cannot be read.

    Args:
        name: str, the command line's argument.
        path: path of the file.
        kind: str, what the file must be: ".tflite file".

    Raises:
        UsageProblem: there is no such file, it may not be opened, or the
            library refuses it, under its own name `path`.
        ValueError: the block failed otherwise: the file is damaged.
    """
    try:
        with open(path, "rb"):
            pass
    except OSError as error:
        raise UsageProblem(
            f"`{name}` must be a file that can be read. Received: "
            f"{str(path)!r} ({error.strerror}). Check the path."
        ) from error
    try:
        yield
    except Exception as error:
        if str(error).startswith("`path` must"):
            raise UsageProblem(translate(str(error), {"path": name})) from error
        reason = str(error).split("\n")[0]
        raise ValueError(
            f"`{name}` must be a whole {kind}. Received: {str(path)!r} "
            f"({type(error).__name__}: {reason}). Write it again."
        ) from error
