"""Times RigL on logical replicas; `scaling.py` runs it in processes.

    python benchmarks/scaling_worker.py CNN 2 --rounds 20

The last line of the output is a JSON list of rows.
"""

import argparse
import functools
import json

import keras
import numpy as np
import tensorflow as tf
from timing import (
    BATCH_SIZES,
    UPDATE_EVERY,
    amortised,
    build_model,
    compare,
    compile_model,
    interleave,
    over,
    sgd,
)

import keras_sparse as ks


def strategy_of(replicas):
    """So many logical CPUs, or no strategy for one."""
    if replicas == 1:
        return tf.distribute.get_strategy()
    cpu = tf.config.list_physical_devices("CPU")[0]
    tf.config.set_logical_device_configuration(
        cpu, [tf.config.LogicalDeviceConfiguration()] * replicas
    )
    return tf.distribute.MirroredStrategy(
        [f"CPU:{i}" for i in range(replicas)],
        cross_device_ops=tf.distribute.ReductionToOneDevice(),
    )


def training_step(model, strategy, name):
    """A function: one step as `fit` makes it, on a batch that stays."""
    generator = np.random.default_rng(0)
    rows = BATCH_SIZES[name] * strategy.num_replicas_in_sync
    x = generator.normal(size=(rows, *model.input_shape[1:]))
    y = generator.integers(0, 10, rows)
    data = tf.data.Dataset.from_tensors((x.astype("float32"), y)).repeat()
    batches = iter(strategy.experimental_distribute_dataset(data))
    model.make_train_function()
    return lambda: model.train_function(batches)


def measure(name, replicas, rounds, jit_compile):
    """Rows of one model: whole, ordinary and due steps to dense ones."""
    strategy = strategy_of(replicas)
    with strategy.scope():
        dense, sparse = build_model(keras, name), build_model(keras, name)
        method = ks.RigL(0.9, update_every=UPDATE_EVERY)
        optimizer = ks.sparsify(sparse, sgd(keras), method)
        for model, its in ((dense, sgd(keras)), (sparse, optimizer)):
            compile_model(keras, model, its, jit_compile=jit_compile)
    step = training_step(sparse, strategy, name)

    def step_from(number):
        optimizer.iterations.assign(number)
        step()

    steps = {
        "plain": training_step(dense, strategy, name),
        "ordinary": (functools.partial(step_from, 0), step),
        "due": (functools.partial(step_from, UPDATE_EVERY - 1), step),
    }
    times = interleave(steps, rounds)
    assert optimizer.mask_updates == rounds + 2
    words = f"{name}, {replicas} replica{'s' if replicas > 1 else ''}"
    words += ", XLA" if jit_compile else ""
    whole = amortised("ordinary", "due")
    return [
        compare(times, f"{words}, amortised", whole),
        compare(times, f"{words}, ordinary step", over("ordinary")),
        compare(times, f"{words}, update", over("due")),
    ]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("name", choices=tuple(BATCH_SIZES))
    parser.add_argument("replicas", type=int)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--jit-compile", action="store_true", help="by XLA")
    rows = measure(**vars(parser.parse_args()))
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
