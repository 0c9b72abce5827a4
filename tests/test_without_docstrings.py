"""Python's -OO takes the docstrings away; nothing may need them."""

import os
import subprocess
import sys

import pytest

PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")


@pytest.mark.slow
def test_packages_import_without_docstrings():
    program = f"import {', '.join(PACKAGES)}; print(keras_sparse.__doc__)"
    # No byte code of this kind is left beside the sources.
    environment = {**os.environ, "PYTHONDONTWRITEBYTECODE": "1"}
    done = subprocess.run(
        [sys.executable, "-OO", "-c", program],
        capture_output=True,
        text=True,
        env=environment,
    )
    assert done.returncode == 0, done.stderr
    assert done.stdout.split() == ["None"]
