"""The trainer on two replicas of one process, in processes of their own."""

import subprocess
import sys

import keras
import pytest

pytestmark = [
    pytest.mark.skipif(
        keras.backend.backend() != "tensorflow", reason="tf.distribute"
    ),
    pytest.mark.slow,
]
PROGRAM = """
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_sparse as ks

cpu = tf.config.list_physical_devices("CPU")[0]
tf.config.set_logical_device_configuration(
    cpu, [tf.config.LogicalDeviceConfiguration()] * 2
)
generator = np.random.default_rng(0)
x = generator.normal(size=(256, 16)).astype("float32")
y = (x @ generator.normal(size=(16, 3))).argmax(1)
examples = tf.data.Dataset.from_tensor_slices((x, y))
data = examples.batch(32, drop_remainder=True)
validation = examples.take(33).batch(16)  # a replica gets none of the last


def train(strategy, normalize=False, data=data, **options):
    with strategy.scope():
        keras.utils.set_random_seed(1)
        dense = keras.layers.Dense
        layers = [dense(32, "relu", name="a"), dense(3, name="c")]
        if normalize:
            layers.insert(1, keras.layers.BatchNormalization(name="b"))
        model = keras.Sequential([keras.Input((16,)), *layers], name="m")
        sgd = keras.optimizers.SGD(0.1, momentum=0.9)
        model.compile(
            ks.SparseOptimizer(sgd, ks.RigL(0.8, update_every=3)),
            keras.losses.SparseCategoricalCrossentropy(from_logits=True),
            metrics=["accuracy"],
            **options,
        )
    history = ks.distributed.fit(
        model, data, 3, steps_per_epoch=8, verbose=0, validation_data=validation
    )
    check_equal_on_replicas(model, strategy)
    return history.history, model


def check_equal_on_replicas(model, strategy):
    weights = model.trainable_weights + model.non_trainable_weights
    for variable in weights + model.optimizer.variables:
        values = strategy.experimental_local_results(variable.value)
        for value in values[1:]:
            assert (value.numpy() == values[0].numpy()).all(), variable.path


def compare(found, expected):
    for name, values in expected[0].items():
        np.testing.assert_allclose(found[0][name], values, rtol=1e-5)
    mine, theirs = (
        ks.distributed.fingerprint(model) for _, model in (found, expected)
    )
    assert mine["masks"] == theirs["masks"]


def mirrored():
    return tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])


case = sys.argv[1]
if case == "mirrored":
    one = train(tf.distribute.get_strategy())
    two = mirrored()
    compare(train(two), one)
    statistics = train(two, normalize=True)[1].non_trainable_weights
    assert len(statistics) == 2 and statistics[0].numpy().any()
elif case == "function of the context":
    def shard(context):
        size = context.get_per_replica_batch_size(32)
        pipelines = context.num_input_pipelines
        mine = examples.shard(pipelines, context.input_pipeline_id)
        return mine.batch(size, drop_remainder=True)

    one = train(tf.distribute.get_strategy())
    two = mirrored()
    compare(train(two, data=shard), one)
    ready = two.experimental_distribute_dataset(data.repeat())
    compare(train(two, data=ready), one)
elif case == "no merge calls":
    # As where XLA compiles for several GPUs: while a replica is traced, the
    # strategy says that it synchronises in the replica's own graph.
    asked = []

    def use_merge_call():
        asked.append(tf.distribute.in_cross_replica_context())
        return tf.executing_eagerly() or asked[-1]

    one, two = train(tf.distribute.get_strategy()), mirrored()
    two.extended._use_merge_call = use_merge_call
    compare(train(two), one)
    assert not all(asked)
elif case == "compiled on one device":
    # As on a TPU: one program for all replicas, compiled by XLA, in which a
    # merge call is only a call.
    one = train(tf.distribute.get_strategy(), jit_compile=True)
    device = tf.distribute.OneDeviceStrategy("CPU:0")
    compare(train(device, jit_compile=True), one)
    compare(one, train(tf.distribute.get_strategy()))
"""


@pytest.mark.parametrize(
    "case",
    [
        "mirrored",
        "function of the context",
        "no merge calls",
        "compiled on one device",
    ],
)
def test_trains_as_one_device_does(case):
    command = [sys.executable, "-c", PROGRAM, case]
    done = subprocess.run(command, capture_output=True, text=True, timeout=500)
    assert done.returncode == 0, done.stderr[-4000:]
