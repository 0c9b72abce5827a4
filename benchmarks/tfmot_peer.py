"""Times tfmot; `training_overhead.py` runs it, in an environment with tfmot.

    TF_USE_LEGACY_KERAS=1 python benchmarks/tfmot_peer.py steps --rounds 50

tfmot 0.8 knows tf_keras only and changes what `tf.keras` is, so it gets a
process of its own. The last line of the output is a JSON list of rows.
"""

import argparse
import json

import tensorflow as tf
import tensorflow_model_optimization as tfmot
import tf_keras
from tensorflow_model_optimization.python.core.sparsity.keras import (
    pruning_impl,
)
from timing import (
    UPDATE_EVERY,
    amortised,
    build_model,
    compare,
    compile_model,
    interleave,
    limit_threads,
    matmul_pass,
    over,
    sgd,
    training_step,
)


def pruned_model(name):
    """Returns a model wrapped by tfmot, and its layers that get masks."""
    schedule = tfmot.sparsity.keras.ConstantSparsity(
        0.9, begin_step=0, frequency=UPDATE_EVERY
    )
    model = tfmot.sparsity.keras.prune_low_magnitude(
        build_model(tf_keras, name), schedule
    )
    compile_model(tf_keras, model, sgd(tf_keras))
    callback = tfmot.sparsity.keras.UpdatePruningStep()
    callback.set_model(model)
    callback.on_train_begin()
    return model, callback.prunable_layers


def time_steps(name, rounds):
    """Rows: a training step under tfmot to a step of plain tf_keras."""
    plain = training_step(build_model(tf_keras, name), name)
    model, layers = pruned_model(name)
    step = training_step(model, name)

    def step_from(number):
        for layer in layers:
            layer.pruning_step.assign(number)
        step()

    steps = {
        "plain": plain,
        "ordinary": (lambda: step_from(0), step),
        "due": (lambda: step_from(UPDATE_EVERY - 2), step),
    }
    times = interleave(steps, rounds)
    ratios = {
        "ordinary step": over("ordinary"),
        "step that updates masks": over("due"),
        f"amortised over {UPDATE_EVERY} steps": amortised("ordinary", "due"),
    }
    return [
        compare(times, f"{name}, tfmot, {kind} / plain tf_keras", ratio)
        for kind, ratio in ratios.items()
    ]


def time_update(rounds):
    """Row: one mask update of 1M weights to a pass of a matmul by them."""
    weight = tf.Variable(tf.random.normal((1000, 1000)))
    mask = tf.Variable(tf.ones_like(weight))
    threshold = tf.Variable(0.0)
    pruning = pruning_impl.Pruning(
        lambda: 0,
        [(weight, mask, threshold)],
        tfmot.sparsity.keras.ConstantSparsity(0.9, begin_step=0),
        (1, 1),
        "AVG",
    )
    update = tf.function(pruning.conditional_mask_update)
    steps = {"pass": matmul_pass(tf), "update": update}
    times = interleave(steps, rounds)
    if int(tf.reduce_sum(mask)) != 100_000:
        raise RuntimeError("The mask update of tfmot did not run.")
    return [compare(times, "tfmot", over("update", "pass"), "pass")]


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("section", choices=("steps", "update"))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    limit_threads(tf, arguments.threads)
    if arguments.section == "update":
        rows = time_update(arguments.rounds)
    else:
        rows = [
            row
            for name in ("CNN", "MLP")
            for row in time_steps(name, arguments.rounds)
        ]
    print(json.dumps(rows))


if __name__ == "__main__":
    main()
