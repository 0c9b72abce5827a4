"""A program: two replicas train as one device does, with equal masks.

    python tests/helpers/mirrored_training.py '[{"methods": ["rigl"]}]'

A case may have `optimizer`, a name and arguments, `steps_per_execution`, the
number of `steps` that four epochs make, `resumes`, whether the replicas go on
from a file, and a dtype `policy`; with one, whose sums are rounded, no step
need be equal, but the replicas are. `snip` and so on as a method: RigL from
that mask. Prints a line for each method.
"""

import contextlib
import json
import pathlib
import sys
import tempfile

import keras
import numpy as np
import tensorflow as tf
from small_network import INNER, X, Y, network, sparse_optimizer

import keras_sparse as ks


def two_replicas():
    """A strategy of two logical CPUs; its reduction works everywhere."""
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    strategy = tf.distribute.MirroredStrategy(
        ["CPU:0", "CPU:1"],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )
    assert strategy.num_replicas_in_sync == 2
    return strategy


def train(name, strategy, case):
    """Returns the trained model, its losses and its first masks."""
    with strategy.scope() if strategy else contextlib.nullcontext():
        model = network(case.get("policy"))
        inner = case.get("optimizer", INNER)
        optimizer = sparse_optimizer(name, model, inner)
        if "float16" in case.get("policy", ""):
            optimizer = keras.optimizers.LossScaleOptimizer(optimizer, 1024.0)
        model.compile(
            optimizer,
            "mse",
            steps_per_execution=case.get("steps_per_execution", 1),
        )
    start = ks.masks(model)
    return model, fit(model, 4), start


def fit(model, epochs):
    """Returns the loss of each epoch of eight batches."""
    data = tf.data.Dataset.from_tensor_slices((X, Y)).batch(32)
    fitted = model.fit(data, epochs=epochs, shuffle=False, verbose=0)
    return fitted.history["loss"]


def assert_resumes(model, strategy):
    """From a file, two more epochs make the same losses and masks."""
    with tempfile.TemporaryDirectory() as folder, strategy.scope():
        path = pathlib.Path(folder) / "m.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
    assert fit(loaded, 2) == fit(model, 2)
    assert_replicas_agree(loaded, strategy)
    pairs = zip(
        ks.masks(model).values(), ks.masks(loaded).values(), strict=True
    )
    for mask, other in pairs:
        np.testing.assert_array_equal(other, mask)


def assert_replicas_agree(model, strategy):
    """Every variable is bit-identical on both, but for sums of metrics."""
    for variable in model.variables + model.optimizer.variables:
        first, second = (
            value.numpy()
            for value in strategy.experimental_local_results(variable.value)
        )
        if "metric" not in variable.path:
            np.testing.assert_array_equal(first, second, variable.path)


def assert_zero_outside_masks(model):
    """Weights outside their mask are exactly 0."""
    masks = ks.masks(model)
    assert len(masks) == 3
    for variable in model.trainable_variables:
        if variable.path in masks:
            assert not variable.numpy()[~masks[variable.path]].any()


def compare(name, strategy, case):
    """Trains both ways and asserts that all is equal."""
    one, losses, start = train(name, None, case)
    two, other_losses, other_start = train(name, strategy, case)
    assert_replicas_agree(two, strategy)
    assert_zero_outside_masks(two)
    assert losses[-1] < losses[0]
    steps = [int(m.optimizer.iterations.numpy()) for m in (one, two)]
    assert steps == [case.get("steps", 32)] * 2, steps
    assert start.keys() == other_start.keys()
    for path, mask in start.items():
        np.testing.assert_array_equal(other_start[path], mask)
    first, second = ks.masks(one), ks.masks(two)
    moved = any((start[path] != mask).any() for path, mask in first.items())
    assert moved == (name != "static")
    assert [m.sum() for m in first.values()] == [
        m.sum() for m in second.values()
    ]
    if "policy" in case:
        np.testing.assert_allclose(losses, other_losses, rtol=0.02)
        return
    np.testing.assert_allclose(losses, other_losses, rtol=1e-5, atol=1e-5)
    for path, mask in first.items():
        np.testing.assert_array_equal(second[path], mask, f"{name} {path}")
    if case.get("resumes"):
        assert_resumes(two, strategy)


def main():
    strategy = two_replicas()
    for case in json.loads(sys.argv[1]):
        for name in case["methods"]:
            compare(name, strategy, case)
            sys.stdout.write(f"{name} equal\n")


if __name__ == "__main__":
    main()
