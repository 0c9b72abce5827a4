"""Two replicas train an InfoGAN and a ProgressiveGAN as one device does."""

import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib
import sys

import keras
import numpy as np
import tensorflow as tf
from info_gan_parts import make

import keras_latent as kl

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
# Replica r gets the latent points r, r + 2, ...; so do the examples here.
order = np.arange(24).reshape(3, 4, 2).swapaxes(1, 2).ravel()
shape = (24, 8, 8, 1) if sys.argv[1] == "progressive" else (24, 2)
data = np.random.default_rng(0).uniform(-1, 1, shape).astype("float32")


def build():
    if sys.argv[1] == "progressive":
        return kl.ProgressiveGAN(
            8, 1, 4, size=8, fade_steps=4, channel_max=4, group_size=2
        )
    return make(
        sys.argv[1] == "shared",
        categorical=[3],
        continuous=1,
        width=8,
        regularizers=[kl.GradientPenalty()],
        ema_momentum=0.9,
    )


def train(strategy, data):
    with strategy.scope() if strategy else contextlib.nullcontext():
        gan = build()
        sgd = keras.optimizers.SGD
        gan.compile(sgd(0.05), sgd(0.05), jit_compile=False)
        if sys.argv[1] == "progressive":
            gan.stage_step.assign(0)
            gan.set_alpha()
    start = [np.array(v) for v in gan.trainable_variables]
    data = tf.data.Dataset.from_tensor_slices(data).batch(8)
    return gan, gan.fit(data, shuffle=False, verbose=0).history, start


one, logs, start = train(None, data)
two, other_logs, _ = train(strategy, data[order])
for key, expected in logs.items():
    np.testing.assert_allclose(
        other_logs[key], expected, rtol=1e-4, atol=1e-5, err_msg=key
    )
pairs = zip(one.weights, two.weights, strict=True)
gap = max(np.abs(np.array(a) - np.array(b)).max() for a, b in pairs)
assert gap <= 1e-5, gap
moved = zip(one.trainable_variables, start, strict=True)
assert max(np.abs(np.array(a) - b).max() for a, b in moved) > 1e-3
print("equal", gap)
"""


@pytest.mark.parametrize(
    "kind",
    [
        "shared",
        pytest.param("apart", marks=pytest.mark.slow),
        pytest.param("progressive", marks=pytest.mark.slow),
    ],
)
def test_two_replicas_train_as_one_device_does(kind):
    helpers = pathlib.Path(__file__).parents[1] / "helpers"
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, kind],
        capture_output=True,
        text=True,
        env={
            **os.environ,
            "TF_CPP_MIN_LOG_LEVEL": "3",
            "PYTHONPATH": str(helpers),
        },
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "equal" in done.stdout
