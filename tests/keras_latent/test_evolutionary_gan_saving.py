"""A population is saved with its model; half precision; two replicas."""

import os
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_latent as kl

LAYERS = keras.layers


@keras.saving.register_keras_serializable(package="test_evolutionary_saving")
def logits_up(logits):
    return -keras.ops.mean(logits)


def build(eager=True, **options):
    keras.utils.set_random_seed(0)
    generator = keras.Sequential(
        [
            keras.Input((3,)),
            LAYERS.Dense(6),
            LAYERS.BatchNormalization(),
            LAYERS.Dense(2),
        ]
    )
    discriminator = keras.Sequential(
        [keras.Input((2,)), LAYERS.Dense(6, "tanh"), LAYERS.Dense(1)]
    )
    arguments = dict(
        mutations=["minimax", logits_up],
        population=2,
        critic_steps=2,
        evaluation_size=8,
        ema_momentum=0.9,
    )
    gan = kl.EvolutionaryGAN(
        generator, discriminator, **{**arguments, **options}
    )
    adam = keras.optimizers.Adam
    gan.compile(
        adam(0.05, 0.5),
        adam(0.05, 0.5),
        run_eagerly=eager,
        jit_compile=False,
    )
    return gan


def points():
    generator = np.random.default_rng(0)
    return generator.normal(size=(32, 2)).astype("float32")


def fit(gan):
    options = dict(batch_size=4, shuffle=False, verbose=0)
    return gan.fit(points(), **options).history


def values(gan):
    optimizers = [gan.d_optimizer, gan.g_optimizer, *gan.other_optimizers]
    variables = gan.variables + sum((o.variables for o in optimizers), [])
    return [np.array(variable.value) for variable in variables]


def test_a_loaded_model_goes_on_as_the_saved_one(tmp_path):
    gan = build(eager=False)
    fit(gan)
    gan.save(tmp_path / "gan.keras")
    again = keras.saving.load_model(tmp_path / "gan.keras")
    assert again.mutations == gan.mutations
    assert np.array(again.wins).sum() == 2 * 4
    parents = [[np.array(v) for v in parent] for parent in gan.other_parents]
    assert not np.array_equal(parents[0][0], gan.generator.weights[0])
    for one, other in zip(values(gan), values(again), strict=True):
        np.testing.assert_array_equal(one, other)
    np.testing.assert_array_equal(gan.sample(5), again.sample(5))
    assert fit(gan) == fit(again)
    for one, other in zip(values(gan), values(again), strict=True):
        np.testing.assert_array_equal(one, other)


def test_compile_makes_all_parents_copies_of_the_generator():
    gan = build()
    fit(gan)
    gan.compile(run_eagerly=True, jit_compile=False)
    for parent in gan.other_parents:
        pairs = zip(parent, gan.generator.variables, strict=True)
        for own, first in pairs:
            np.testing.assert_array_equal(own, first)
    assert len(fit(gan)["fitness"]) == 1


def test_a_learning_rate_set_in_training_holds_for_all_parents():
    gan = build()
    fit(gan)
    gan.optimizer.learning_rate = 0.0
    before = [np.array(v) for v in gan.generator.trainable_variables]
    pool = [before]
    for parent in gan.other_parents:
        pool.append([np.array(v) for v in parent])
    fit(gan)
    assert float(gan.optimizer.learning_rate) == 0.0
    after = np.array(gan.generator.trainable_variables[0])
    assert any(np.array_equal(after, weights[0]) for weights in pool)


def test_half_precision_trains_with_scaled_losses():
    logs = {}
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        try:
            gan = build()
        finally:
            keras.config.set_dtype_policy("float32")
        logs[policy] = fit(gan)
    scaled = keras.optimizers.LossScaleOptimizer
    assert isinstance(gan.other_optimizers[0], scaled)
    assert int(gan.g_optimizer.iterations) == 4
    for name in ("d_loss", "quality", "diversity"):
        found, expected = logs["mixed_float16"][name], logs["float32"][name]
        np.testing.assert_allclose(found, expected, rtol=0.1, err_msg=name)


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
rows, parts, groups = 8, 2, 4
total = rows * parts * groups
points = np.random.default_rng(0).normal(size=(total, 2)).astype("float32")
order = np.arange(total).reshape(groups, parts, 2, rows // 2)
order = order.swapaxes(1, 2).ravel()


def values(variables):
    return [np.array(v) for v in variables]


def train(strategy, order):
    with strategy.scope() if strategy else contextlib.nullcontext():
        networks = kl.mlp_gan_networks((2,), 3, width=8, depth=1, stddev=0.5)
        gan = kl.EvolutionaryGAN(
            *networks,
            population=2,
            critic_steps=parts,
            evaluation_size=8,
            ema_momentum=0.5,
        )
        sgd = keras.optimizers.SGD
        gan.compile(sgd(0.1, 0.5), sgd(0.1, 0.5), jit_compile=False)
    start = values(gan.trainable_variables)
    data = tf.data.Dataset.from_tensor_slices(points[order]).batch(rows)
    logs = gan.fit(data, epochs=2, verbose=0).history
    return gan, logs, start


strategy = tf.distribute.MirroredStrategy(
    ["CPU:0", "CPU:1"],
    cross_device_ops=tf.distribute.ReductionToOneDevice(),
)
assert strategy.num_replicas_in_sync == 2
one, logs, start = train(None, np.arange(total))
two, other_logs, _ = train(strategy, order)
for key, expected in logs.items():
    np.testing.assert_allclose(
        other_logs[key], expected, rtol=1e-5, atol=1e-5, err_msg=key
    )
assert max(values([one.wins])[0]) < 16, "more than one mutation has won"
pairs = zip(values(one.weights), values(two.weights), strict=True)
largest = max(np.abs(a - b).max() for a, b in pairs)
assert largest <= 1e-5, largest
for weight in two.weights:
    copies = strategy.experimental_local_results(weight.value)
    if len(copies) == 2:
        np.testing.assert_array_equal(*copies)
moved = zip(values(one.trainable_variables), start, strict=True)
assert min(np.abs(a - b).max() for a, b in moved) > 1e-3
print("equal", largest)
"""


@pytest.mark.slow
def test_two_replicas_train_as_one_device_does():
    done = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        capture_output=True,
        text=True,
        env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
    )
    assert done.returncode == 0, done.stderr[-4000:]
    assert "equal" in done.stdout
