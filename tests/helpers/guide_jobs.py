"""The program of a guide, run in a forked process that has imported Keras."""

import os
import sys

from forked_jobs import serve

import keras_distill  # noqa: F401
import keras_export  # noqa: F401
import keras_latent  # noqa: F401
import keras_sparse  # noqa: F401


def run(program, page, folder):
    """Runs a program in a folder.

    Args:
        program: str, Python.
        page: str, what a traceback calls it.
        folder: str, a folder; what it prints goes to `<folder>.txt`.
    """
    os.chdir(folder)
    here = os.path.dirname(sys.executable)
    os.environ["PATH"] = os.pathsep.join([here, os.environ["PATH"]])
    with open(f"{folder}.txt", "w") as printed:
        os.dup2(printed.fileno(), 1)
    sys.argv = [page]
    exec(compile(program, page, "exec"), {"__name__": "__main__"})
    sys.stdout.flush()


if __name__ == "__main__":
    serve({"run": run})
