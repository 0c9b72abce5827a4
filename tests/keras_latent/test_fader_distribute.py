"""Two replicas and half precision train a Fader as one device does."""

import os
import subprocess
import sys

import keras
import numpy as np

import keras_latent as kl

# Each replica cuts its own rows into parts. The second data set is so ordered
# that two replicas' parts together are those of one device with the first.
PROGRAM = """
import contextlib

import keras
import numpy as np
import tensorflow as tf

import keras_latent as kl

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
generator = np.random.default_rng(0)
images = generator.uniform(size=(96, 4, 4, 1)).astype("float32")
labels = generator.integers(0, 3, size=96)
parts, rows = 3, 8
order = np.arange(96).reshape(4, parts, 2, rows // 2).swapaxes(1, 2).ravel()


def values(variables):
    return [np.array(v) for v in variables]


def train(strategy, order):
    with strategy.scope() if strategy else contextlib.nullcontext():
        keras.utils.set_random_seed(0)
        networks = kl.fader_networks((4, 4, 1), 3, 4, width=8)
        fader = kl.Fader(*networks, 0.5, critic_steps=2, ramp_steps=2)
        sgd = keras.optimizers.SGD
        fader.compile(sgd(0.5), sgd(0.3), jit_compile=False)
    pairs = images[order], labels[order]
    data = tf.data.Dataset.from_tensor_slices(pairs).batch(rows)
    start = values(fader.trainable_variables)
    return fader, fader.fit(data, epochs=2, verbose=0).history, start


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
one, logs, start = train(None, np.arange(96))
two, other_logs, _ = train(strategy, order)
for key, expected in logs.items():
    np.testing.assert_allclose(
        other_logs[key], expected, rtol=1e-5, atol=1e-6, err_msg=key
    )
pairs = zip(values(one.weights), values(two.weights), strict=True)
largest = max(np.abs(a - b).max() for a, b in pairs)
assert largest <= 2e-6, largest
moved = zip(values(one.trainable_variables), start, strict=True)
assert min(np.abs(a - b).max() for a, b in moved) > 1e-3
print("equal", largest)
"""


def test_two_replicas_train_as_one_device_does():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "equal" in done.stdout


def test_half_precision_trains_with_scaled_losses():
    generator = np.random.default_rng(0)
    images = generator.uniform(size=(16, 4, 4, 1)).astype("float32")
    labels = generator.integers(0, 3, size=16)
    logs = {}
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        try:
            keras.utils.set_random_seed(0)
            networks = kl.fader_networks((4, 4, 1), 3, 4, width=8)
            fader = kl.Fader(*networks, 0.5, critic_steps=1, ramp_steps=2)
            fader.compile(run_eagerly=True)
        finally:
            keras.config.set_dtype_policy("float32")
        fit = dict(batch_size=4, shuffle=False, verbose=0)
        logs[policy] = fader.fit(images, labels, **fit).history
    scaled = keras.optimizers.LossScaleOptimizer
    assert isinstance(fader.optimizer, scaled)
    assert isinstance(fader.classifier_optimizer, scaled)
    assert int(fader.optimizer.iterations) == 2
    for name, expected in logs["float32"].items():
        found = logs["mixed_float16"][name]
        np.testing.assert_allclose(found, expected, rtol=0.02, err_msg=name)
