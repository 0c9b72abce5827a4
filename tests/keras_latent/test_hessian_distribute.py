"""Two replicas penalise, and learn directions, as one device does."""

import os
import subprocess
import sys

import pytest

PROGRAM = """
import contextlib

import keras
import numpy as np
import tensorflow as tf
from keras import layers

import keras_latent as kl

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
points = np.random.default_rng(0).normal(size=(16, 2)).astype("float32")


def train(strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        keras.utils.set_random_seed(0)
        generator = keras.Sequential(
            [keras.Input((3,)), layers.Dense(8, "tanh"), layers.Dense(2)]
        )
        critic = keras.Sequential([keras.Input((2,)), layers.Dense(1)])
        penalty = kl.HessianPenaltyRegularizer(5.0, reduction="mean")
        gan = kl.GAN(generator, critic, regularizers=[penalty])
        sgd = keras.optimizers.SGD
        gan.compile(sgd(0.1), sgd(0.1), jit_compile=False)
        learned = kl.HessianDirections(generator, 2, reduction="mean")
        learned.compile(keras.optimizers.SGD(0.1))
    gan.fit(points, batch_size=8, shuffle=False, verbose=0)
    learned.fit(3, batch_size=8, verbose=0)
    weights = [np.array(v) for v in generator.weights]
    return [*weights, learned.directions().matrix]


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
for one, two in zip(train(None), train(strategy), strict=True):
    np.testing.assert_allclose(one, two, rtol=1e-3, atol=1e-4)
print("equal")
"""


@pytest.mark.slow
def test_two_replicas_train_as_one_device():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip().endswith("equal")
