"""tf_keras, dense or under tfmot, with exports by TFLite's own converter.

`compare.py` runs it: `python peer_tfmot.py FOLDER PEER dense|magnitude`.
"""

import sys

import peer_networks as networks
import tensorflow as tf
import tf_keras
from peer_worker import work

KIND = sys.argv[3]
NEVER = 10**6  # a step that no timing reaches


def compiled(inputs, seed, sparsity=0.0, every=0, first=0, last=0, start=0.0):
    """A model ready to train, and the callbacks that it needs."""
    model, callbacks = networks.build(tf_keras, inputs, seed), []
    if sparsity:
        from tensorflow_model_optimization.sparsity import keras as tfmot

        schedule = tfmot.PolynomialDecay(
            start, sparsity, first, last, frequency=every
        )
        model = tfmot.prune_low_magnitude(model, schedule)
        callbacks = [tfmot.UpdatePruningStep()]
    optimizer = networks.sgd(tf_keras, inputs.plan)
    networks.compile_model(tf_keras, model, optimizer)
    return model, callbacks


def train(inputs, peer, sparsity, seed):
    """Trains one model; exports it if it is the first of its kind."""
    plan = inputs.plan
    first, last = plan.pruning_steps
    model, callbacks = compiled(
        inputs, seed, sparsity, plan.update_every, first, last
    )
    networks.fit(model, inputs, seed, callbacks)
    if sparsity:
        from tensorflow_model_optimization.sparsity import keras as tfmot

        model = tfmot.strip_pruning(model)
    if seed == 0:
        export(model, f"{inputs.stem(peer, sparsity)}.tflite", sparsity)
    found = networks.judge(model, inputs)
    tf_keras.backend.clear_session()
    return found


def export(model, path, sparsity):
    """Writes a `.tflite` file, zeros encoded as tfmot's guide has it."""
    converter = tf.lite.TFLiteConverter.from_keras_model(model)
    if sparsity:
        converter.optimizations = [tf.lite.Optimize.EXPERIMENTAL_SPARSITY]
    with open(path, "wb") as file:
        file.write(converter.convert())


def timed(inputs, peer):
    """Fits to be timed; masks move every 100 steps, as tfmot has it."""
    calls = {"dense": compiled(inputs, 0)}
    if KIND != "dense":
        share = inputs.plan.timed_sparsity
        calls["sparse"] = compiled(inputs, 0, share, 100, 0, NEVER, share)
    return {
        name: networks.timed_fit(model, inputs, callbacks, tf)
        for name, (model, callbacks) in calls.items()
    }


if __name__ == "__main__":
    packages = ["tf_keras", "tensorflow"]
    if KIND != "dense":
        packages.append("tensorflow-model-optimization")
    work(train, timed, packages)
