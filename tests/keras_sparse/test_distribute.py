"""Two replicas train as one device does, with bit-identical masks.

Each has its own process: a failed collective poisons the process.
"""

import json
import os
import pathlib
import subprocess
import sys

import keras
import pytest
from method_table import BEFORE_TRAINING, METHODS

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
PROGRAM = pathlib.Path(__file__).parents[1] / "helpers/mirrored_training.py"
QUICK = ("rigl",)  # the others are slow
ADAMW = {
    "class_name": "AdamW",
    "config": dict(
        learning_rate=0.01, weight_decay=0.01, global_clipnorm=1.0, use_ema=True
    ),
}
ACCUMULATING = {
    "class_name": "SGD",
    "config": dict(
        learning_rate=0.1, momentum=0.9, gradient_accumulation_steps=2
    ),
}
CASES = {
    "accumulation": dict(optimizer=ACCUMULATING, steps=16),
    "steps_per_execution": dict(steps_per_execution=4),
    "decay_clipping_and_average": dict(optimizer=ADAMW),
    "a_file": dict(resumes=True),
    "mixed_float16": dict(policy="mixed_float16"),
    "mixed_bfloat16": dict(policy="mixed_bfloat16"),
}


def train_both_ways(*cases):
    """Runs the cases in a process of their own."""
    done = subprocess.run(
        [sys.executable, str(PROGRAM), json.dumps(cases)],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("equal") == len(cases)


@pytest.mark.parametrize(
    "method",
    [
        pytest.param(name, marks=() if name in QUICK else pytest.mark.slow)
        for name in (*METHODS, *BEFORE_TRAINING)
    ],
)
def test_two_replicas_train_as_one_device_does(method):
    train_both_ways(dict(methods=[method]))


@pytest.mark.slow
@pytest.mark.parametrize("case", CASES)
def test_two_replicas_do_with_what_a_step_may_have(case):
    train_both_ways(dict(methods=["rigl"], **CASES[case]))
