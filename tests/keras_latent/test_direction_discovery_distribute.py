"""Two replicas learn the directions that one device does."""

import os
import pathlib
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib

import keras
import numpy as np
import tensorflow as tf
from small_discovery import make_discovery

import keras_latent as kl

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)


def learn(strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        keras.utils.set_random_seed(0)
        generator, _ = kl.mlp_gan_networks((3,), 4, width=8, stddev=0.5)
        discovery = make_discovery(
            generator, 3, 2, normalization="linear", compiled=False
        )
        sgd = keras.optimizers.SGD
        discovery.compile(sgd(0.05), sgd(0.05))
    fit = dict(batch_size=8, validation_samples=16, verbose=0)
    return discovery, discovery.fit(6, 2, **fit).history


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
(one, logs), (two, others) = learn(None), learn(strategy)
pairs = zip(one.trainable_variables, two.trainable_variables, strict=True)
for single, mirrored in pairs:
    single, mirrored = (
        keras.ops.convert_to_numpy(v) for v in (single, mirrored)
    )
    np.testing.assert_allclose(single, mirrored, atol=1e-6)
for name in ("loss", "label_loss", "shift_error", "accuracy"):
    np.testing.assert_allclose(logs[name], others[name], rtol=1e-5)
found = kl.reconstruction_accuracy(two, 16, 8)
np.testing.assert_array_equal(two.counts()[1], [8, 8])
"""


@pytest.mark.slow
def test_two_replicas_learn_as_one_device_does():
    helpers = pathlib.Path(__file__).parents[1] / "helpers"
    path = os.pathsep.join([str(helpers), os.environ.get("PYTHONPATH", "")])
    environment = {
        **os.environ,
        "PYTHONPATH": path,
        "TF_CPP_MIN_LOG_LEVEL": "3",
    }
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-3000:]
