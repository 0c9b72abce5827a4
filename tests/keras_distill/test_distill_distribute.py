"""Two replicas train teacher and student as one device does.

Each case has its own process: a failed collective poisons the process.
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

import keras
import numpy as np
import tensorflow as tf

import keras_distill as kd

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
generator = np.random.default_rng(0)
x = generator.normal(size=(320, 16)).astype("float32")
y = (x[:, 0] > 0).astype("int32")
weights = generator.uniform(0, 2, size=320).astype("float32")


def network(*widths, seed, **last):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu") for width in widths]
    layers += [keras.layers.Dense(10, **last)]
    return keras.Sequential([keras.Input((16,)), *layers])


def teacher():
    return network(32, seed=1)


def student():
    regularizer = keras.regularizers.L2(0.01)
    return network(24, seed=2, kernel_regularizer=regularizer)


def distiller(*losses):
    return kd.Distiller(teacher(), student(), list(losses))


MODELS = {
    "teacher": teacher,
    "student": lambda: distiller(kd.SubclassDistillation()),
    "features": lambda: distiller(
        kd.SubclassDistillation(), kd.PenultimateDistillation()
    ),
}


def values(variables):
    return [keras.ops.convert_to_numpy(v).copy() for v in variables]


def train(name, strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = MODELS[name]()
        model.compile(
            keras.optimizers.SGD(0.1),
            kd.SubclassCrossentropy(2, diversity_weight=1.0),
            metrics=[kd.SubclassAccuracy(2)],
        )
    data = tf.data.Dataset.from_tensor_slices((x, y, weights)).batch(64)
    options = dict(validation_data=data, epochs=4, shuffle=False, verbose=0)
    start = values(model.trainable_variables)
    logs = model.fit(data, **options).history
    assert values([model.optimizer.iterations]) == [20]
    return model, logs, start


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
for name in sys.argv[1:]:
    one, logs, start = train(name, None)
    two, other_logs, _ = train(name, strategy)
    assert set(logs) == set(other_logs)
    for key, expected in logs.items():
        np.testing.assert_allclose(
            other_logs[key], expected, rtol=1e-5, atol=1e-6, err_msg=key
        )
    pairs = zip(values(one.variables), values(two.variables), strict=True)
    largest = max(np.abs(a - b).max() for a, b in pairs)
    assert largest <= 1e-6, (name, largest)
    moved = zip(values(one.trainable_variables), start, strict=True)
    assert min(np.abs(a - b).max() for a, b in moved) > 1e-3
    print(name, "equal", largest)
"""


@pytest.mark.parametrize(
    "names",
    [
        ["teacher", "student"],
        pytest.param(["features"], marks=pytest.mark.slow),
    ],
    ids=" ".join,
)
def test_two_replicas_train_as_one_device_does(names):
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM, *names],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert done.stdout.count("equal") == len(names)
