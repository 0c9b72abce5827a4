"""Two replicas train as one device does, without batch normalisation.

In a process of its own: a failed collective poisons the process.
"""

import os
import pathlib
import subprocess
import sys

HELPERS = pathlib.Path(__file__).parents[1] / "helpers"
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
from domain_models import LOSS, TARGET, TARGET_Y, WEIGHTS, X, Y
from domain_models import domain_model, values

strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2


def scope(used):
    return used.scope() if used else contextlib.nullcontext()


def adapt(used):
    with scope(used):
        model = domain_model(compiled=dict(jit_compile=False))
    start = values(model.trainable_variables)
    logs = model.fit(
        X, Y, 16, 3, target=TARGET, sample_weight=WEIGHTS, verbose=0,
        validation_data=(TARGET, TARGET_Y),
    ).history
    assert values([model.optimizer.iterations, model.total_steps]) == [18, 18]
    return model, logs, start


def reverse(used):
    keras.utils.set_random_seed(1)
    with scope(used):
        layer = kl.GradientReversal()
        dense = keras.layers.Dense
        model = keras.Sequential([keras.Input((6,)), dense(4), layer, dense(2)])
        model.compile(keras.optimizers.SGD(0.1), LOSS, jit_compile=False)
    start = values(model.trainable_variables)
    schedule = kl.AdversarialSchedule(12, "linear")
    logs = model.fit(
        X, Y, batch_size=16, epochs=2, shuffle=False, verbose=0,
        callbacks=[schedule],
    ).history
    assert abs(float(keras.ops.convert_to_numpy(layer.weight)) - 11 / 12) < 1e-6
    return model, logs, start


for train in (adapt, reverse):
    one, logs, start = train(None)
    two, other_logs, _ = train(strategy)
    assert set(logs) == set(other_logs)
    for key, expected in logs.items():
        np.testing.assert_allclose(
            other_logs[key], expected, rtol=1e-5, atol=1e-5, err_msg=key
        )
    pairs = zip(
        values(one.trainable_variables),
        values(two.trainable_variables),
        strict=True,
    )
    largest = max(np.abs(a - b).max() for a, b in pairs)
    assert largest <= 1e-5, (train, largest)
    moved = zip(values(one.trainable_variables), start, strict=True)
    assert min(np.abs(a - b).max() for a, b in moved) > 1e-3
    print("equal", largest)
"""


def test_two_replicas_train_as_one_device_does():
    path = os.pathsep.join([str(HELPERS), os.environ.get("PYTHONPATH", "")])
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3", "PYTHONPATH": path},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("equal") == 2
