"""Entry point of the command `keras-sparse`.

TensorFlow writes messages from C++ to the standard error, from its import on,
that no variable turns off. Here they go to a file in the temporary folder,
deleted when the command ends in order; the command's own errors still reach
the terminal. KERAS_SPARSE_DEBUG=1 shows everything.

A module of its own, because importing a module inside `keras_sparse` would
import TensorFlow before anything could be held back.
"""

import contextlib
import os
import sys
import tempfile


def main():
    """Runs the command line with TensorFlow's messages held back."""
    os.environ.setdefault("TF_CPP_MIN_LOG_LEVEL", "3")
    if os.environ.get("KERAS_SPARSE_DEBUG"):
        sys.exit(_run())
    sys.stderr.flush()
    terminal = os.dup(2)
    log, path = tempfile.mkstemp(prefix="keras-sparse-", suffix=".log")
    os.dup2(log, 2)
    sys.stderr = open(terminal, "w", buffering=1, errors="replace")
    try:
        code = _run()
    except KeyboardInterrupt:  # while it imports
        code = 130
    with contextlib.suppress(FileNotFoundError):
        os.remove(path)
    sys.exit(code)


def _run():
    from keras_sparse.cli import run

    return run()


if __name__ == "__main__":
    main()
