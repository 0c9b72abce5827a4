"""Runs a script of `examples/` as a user does, and reads what it prints."""

import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[2]


def run(name, *arguments):
    """What an example prints; fails with its error output if it does."""
    done = subprocess.run(
        [sys.executable, ROOT / "examples" / f"{name}.py", *arguments],
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr[-3000:]
    return done.stdout


def numbers(pattern, text):
    """The numbers that a pattern's group finds in a text."""
    return [float(found) for found in re.findall(pattern, text)]
