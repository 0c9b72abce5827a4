"""Two replicas train as one device does, with bit-identical masks.

Each has its own process: a failed collective poisons the process.
"""

import json
import subprocess
import sys

import keras
import pytest

pytestmark = pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="tf.distribute"
)
PROGRAM = """
import contextlib
import json
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_sparse as ks

case = {}
cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
generator = np.random.default_rng(0)
x = generator.normal(size=(256, 16)).astype("float32")
y = (x @ generator.normal(size=(16, 3))).argmax(1)
METHODS = {
    "RigL": lambda: ks.RigL(0.8, update_every=3, update_until=30),
    "SET": lambda: ks.SET(0.8, update_every=3),
    "MagnitudePruning": lambda: ks.MagnitudePruning(
        ks.PolynomialDecay(0.1, 0.9, 0, 20, frequency=2), "global"
    ),
    "SNFS": lambda: ks.SNFS(0.8, update_every=3),
    "DSR": lambda: ks.DSR(0.8, update_every=3, threshold=0.05),
    "TopKAST": lambda: ks.TopKAST(0.8, 0.5),
    "DeepR": lambda: ks.DeepR(0.8),
    "GraNet": lambda: ks.GraNet(0.5, 0.8, 2, 11, update_every=3),
    "ACDC": lambda: ks.ACDC(0.8, 4, 4, compress_from=20),
    "SRigL": lambda: ks.RigL(
        0.8, update_every=3, pattern=ks.ConstantFanIn(0.3)
    ),
}


def network():
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    layers = [dense(32, "relu", name="a"), dense(32, "relu", name="b")]
    layers = [keras.Input((16,)), *layers, dense(3, name="c")]
    return keras.Sequential(layers, name="m")


def train(name, strategy):
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = network()
        inner = keras.optimizers.SGD(
            0.1, momentum=0.9, **case.get("optimizer", {})
        )
        model.compile(
            ks.SparseOptimizer(inner, METHODS[name]()),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            steps_per_execution=case.get("steps_per_execution", 1),
        )
    data = tf.data.Dataset.from_tensor_slices((x, y)).batch(32)
    losses = model.fit(data, epochs=4, shuffle=False, verbose=0).history["loss"]
    return model, losses


def assert_replicas_agree(model, strategy):
    optimizer = model.optimizer
    for variable in model.variables + optimizer.variables:
        first, second = (
            value.numpy()
            for value in strategy.experimental_local_results(variable.value)
        )
        if "metric" not in variable.path:
            np.testing.assert_array_equal(first, second, variable.path)


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
for case in json.loads(sys.argv[1]):
    for name in case["methods"]:
        one, losses = train(name, None)
        two, other_losses = train(name, strategy)
        assert_replicas_agree(two, strategy)
        np.testing.assert_allclose(losses, other_losses, rtol=1e-5, atol=1e-5)
        assert losses[-1] < losses[0]
        first, second = ks.masks(one), ks.masks(two)
        assert list(first) == list(second) and len(first) == 3
        for path, mask in first.items():
            np.testing.assert_array_equal(second[path], mask, f"{name} {path}")
        for variable in two.trainable_variables:
            if variable.path in second:
                assert not variable.numpy()[~second[variable.path]].any()
        counts = [model.optimizer.iterations for model in (one, two)]
        steps = [int(keras.ops.convert_to_numpy(count)) for count in counts]
        assert steps == [case["steps"]] * 2, steps
"""
CASES = {
    "one set of weights": [
        dict(methods=["RigL", "SET", "MagnitudePruning"], steps=32)
    ],
    "with a memory": [dict(methods=["SNFS"], steps=32)],
    "the others": [
        dict(
            methods=["DSR", "TopKAST", "DeepR", "GraNet", "ACDC", "SRigL"],
            steps=32,
        )
    ],
    "several batches to a step or to a call": [
        dict(
            methods=["RigL"],
            optimizer=dict(gradient_accumulation_steps=2),
            steps=16,
        ),
        dict(methods=["RigL"], steps_per_execution=4, steps=32),
    ],
}


@pytest.mark.parametrize(
    "case",
    [
        pytest.param(
            name, marks=pytest.mark.slow if name == "the others" else ()
        )
        for name in CASES
    ],
)
def test_two_replicas_train_as_one_device_does(case):
    command = [sys.executable, "-c", PROGRAM, json.dumps(CASES[case])]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr[-4000:]
