"""A program: single steps on two replicas whose gradients differ.

    python tests/helpers/replica_steps.py

Prints a JSON dict: "masks", what a mask update made on one device and on each
of two replicas; "reduced", the elements of each all-reduce of a step: in every
step ("always"), only where the masks move ("due"), or only elsewhere ("else").
"""

import json
import sys

import keras
import numpy as np
import tensorflow as tf

import keras_sparse as ks

SHAPE = (8, 6)
WEIGHT, *GRADIENTS = np.random.default_rng(0).normal(size=(3, *SHAPE))
MOVING = dict(update_every=1, drop_fraction=0.5, drop_schedule="constant")
METHODS = {
    "rigl": lambda: ks.RigL(0.5, "uniform", **MOVING),
    "set": lambda: ks.SET(0.5, "uniform", **MOVING),
    "snfs": lambda: ks.SNFS(0.5, "uniform", **MOVING),
    "granet": lambda: ks.GraNet(0.5, 0.5, 1, 2, update_every=1),
}


def masks_after_an_update(strategy, name):
    """The first mask, and that of each replica after one update."""
    with strategy.scope():
        dense = keras.layers.Dense(SHAPE[1], use_bias=False, name="a")
        model = keras.Sequential([keras.Input(SHAPE[:1]), dense], name="m")
        dense.kernel.assign(WEIGHT)
        inner = keras.optimizers.SGD(0.0)
        optimizer = ks.sparsify(model, inner, METHODS[name]())
    start = next(iter(optimizer.masks.values()))

    def on_a_replica():
        context = tf.distribute.get_replica_context()
        own = tf.stack(GRADIENTS)[context.replica_id_in_sync_group]
        if context.num_replicas_in_sync == 1:
            own = tf.reduce_sum(tf.stack(GRADIENTS), axis=0)
        variables = model.trainable_variables
        optimizer.apply([tf.cast(own, "float32")], variables)

    step = tf.function(lambda: strategy.run(on_a_replica), autograph=False)
    step()  # the first step trains, at a learning rate of 0
    step()
    mask = next(v for v in optimizer.variables if v.dtype == "bool")
    copies = strategy.experimental_local_results(mask.value)
    return [start.tolist(), *(copy.numpy().tolist() for copy in copies)]


def step_graph(strategy, name):
    """The graph of a training step of 640 weights in kernels, 36 in biases."""
    with strategy.scope():
        layers = [keras.layers.Dense(32, "relu"), keras.layers.Dense(4)]
        model = keras.Sequential([keras.Input((16,)), *layers])
        inner = keras.optimizers.SGD(0.1)
        optimizer = ks.sparsify(model, inner, METHODS[name]())
    variables = model.trainable_variables

    def on_a_replica():
        with tf.GradientTape() as tape:
            loss = tf.reduce_mean(model(tf.ones((8, 16))) ** 2)
        gradients = tape.gradient(loss, [v.value for v in variables])
        optimizer.apply(gradients, variables)

    step = tf.function(lambda: strategy.run(on_a_replica), autograph=False)
    return step.get_concrete_function().graph.as_graph_def(add_shapes=True)


def reduced(nodes):
    """Elements of each all-reduce, once, not once for each replica."""
    sizes = [
        node.attr["_output_shapes"].list.shape[0].dim[0].size
        for node in nodes
        if node.op.startswith("CollectiveReduce")
    ]
    assert sizes[::2] == sizes[1::2], sizes
    return sizes[::2]


def branches(graph):
    """The all-reduces by where they are."""
    nodes = {f.signature.name: f.node_def for f in graph.library.function}
    found = {"always": reduced(graph.node), "due": [], "else": []}
    for node in graph.node:
        if node.op in ("If", "StatelessIf"):
            for where, attribute in (("due", "then"), ("else", "else")):
                branch = node.attr[f"{attribute}_branch"].func.name
                found[where] += reduced(nodes[branch])
    return found


def main():
    cpu = tf.config.list_physical_devices("CPU")[0]
    two = [tf.config.LogicalDeviceConfiguration()] * 2
    tf.config.set_logical_device_configuration(cpu, two)
    both = tf.distribute.MirroredStrategy(["CPU:0", "CPU:1"])
    one = tf.distribute.get_strategy()
    masks = {
        name: {
            "one": masks_after_an_update(one, name),
            "two": masks_after_an_update(both, name),
        }
        for name in ("rigl", "set")
    }
    found = {name: branches(step_graph(both, name)) for name in METHODS}
    sys.stdout.write(json.dumps({"masks": masks, "reduced": found}) + "\n")


if __name__ == "__main__":
    main()
