"""Tests run once more on another backend of Keras."""

import importlib.util
import os
import subprocess
import sys

import pytest


def passes_on(backend, folder, tests):
    """Runs tests of a folder, list of names or ids, on another backend."""
    if not importlib.util.find_spec(backend):
        pytest.skip(f"{backend} is not installed")
    command = [sys.executable, "-m", "pytest", "-n0", "-qx", "--tb=short"]
    done = subprocess.run(
        [*command, *(str(folder / test) for test in tests)],
        cwd=folder.parents[1],
        env={**os.environ, "KERAS_BACKEND": backend},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-6000:] + done.stderr[-2000:]
    assert " passed" in done.stdout
