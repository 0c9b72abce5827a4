"""What a command line says where its user must change something."""

import contextlib


class UsageProblem(Exception):
    """Something on the command line must be changed; exit code 2."""


@contextlib.contextmanager
def refusals(translate):
    """Turns what the library refuses in the block into a `UsageProblem`.

    Args:
        translate: function from the library's message to the command line's.
    """
    try:
        yield
    except (ValueError, OSError) as error:
        if getattr(error, "errno", None) is not None:
            raise  # the system's own, as a full disk: not a matter of usage
        raise UsageProblem(translate(str(error))) from error
