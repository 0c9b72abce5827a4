"""JAX on two devices trains as on one: `keras.distribution.DataParallel`.

In a process of its own, which has that backend and two host devices.
"""

import importlib.util
import os
import pathlib
import subprocess
import sys

import keras
import pytest
from method_table import BEFORE_TRAINING, METHODS

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="starts JAX itself"
    ),
    pytest.mark.skipif(
        not importlib.util.find_spec("jax"), reason="jax is not installed"
    ),
]
PROGRAM = pathlib.Path(__file__).parents[1] / "helpers/jax_data_parallel.py"


@pytest.mark.timeout(1800)
@pytest.mark.parametrize(
    "methods",
    [
        ["rigl"],
        pytest.param([*METHODS, *BEFORE_TRAINING], marks=pytest.mark.slow),
    ],
    ids=["rigl", "every_method"],
)
def test_two_devices_train_as_one_does_and_go_on_from_a_file(methods):
    done = subprocess.run(
        [sys.executable, str(PROGRAM), *methods],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "KERAS_BACKEND": "jax",
            "XLA_FLAGS": "--xla_force_host_platform_device_count=2",
        },
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("equal") == len(methods)
