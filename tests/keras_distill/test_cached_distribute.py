"""Two replicas learn from a cache as one device does.

In a process of its own: logical devices are set before TensorFlow starts.
"""

import os
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
PROGRAM = """
import contextlib
import sys

import cached_cases as cases
import keras
import numpy as np
import tensorflow as tf

import keras_distill as kd

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
parts = *cases.arrays(), np.linspace(0.0, 2.0, 50)
data = cases.tf_batches(*parts, size=10)
cache = kd.cache_teacher(cases.teacher(), data, sys.argv[1], chunk_size=12)


def train(strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        keras.utils.set_random_seed(3)
        layers = [keras.layers.Dense(8, "relu"), keras.layers.Dense(4)]
        model = keras.Sequential([keras.Input((6,)), *layers])
        model.compile(
            keras.optimizers.SGD(0.1, momentum=0.9),
            kd.CachedDistillation(
                kd.SubclassCrossentropy(2), kd.SubclassDistillation()
            ),
            metrics=[kd.OnLabels(kd.SubclassAccuracy(2))],
        )
    batches = cache.attach(data, class_weight={0: 0.5, 1: 2.0})
    return model, model.fit(batches, epochs=4, shuffle=False, verbose=0).history


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
one, logs = train(None)
two, other_logs = train(strategy)
assert logs["loss"][-1] < logs["loss"][0]
for name, values in logs.items():
    np.testing.assert_allclose(values, other_logs[name], rtol=1e-5)
for first, second in zip(one.get_weights(), two.get_weights(), strict=True):
    np.testing.assert_allclose(first, second, rtol=0, atol=1e-6)
"""


@pytest.mark.slow
def test_two_replicas_train_as_one_device_does(tmp_path):
    """20 steps, with diversity across replicas, sample and class weights."""
    helpers = [path for path in sys.path if path.endswith("helpers")]
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, str(tmp_path)],
        env={**os.environ, "PYTHONPATH": os.pathsep.join(helpers)},
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr[-4000:]
