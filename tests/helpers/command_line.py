"""The command line in a process of its own, and its one line of error."""

import os
import re
import subprocess
import sys

COMMAND = [sys.executable, "-m", "_keras_sparse_main"]


def call(folder, *arguments, code=0, environment=None):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def only_error(capfd):
    """The one line of the command; TensorFlow's own, which the installed
    command holds back, begin with a letter and a date."""
    lines = capfd.readouterr().err.splitlines()
    lines = [line for line in lines if not re.match(r"[IWE]\d{4} ", line)]
    assert len(lines) == 1, lines
    assert lines[0].startswith("keras-sparse: error: ")
    return lines[0]
