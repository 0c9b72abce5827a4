"""Times keras_sparse; `training_overhead.py` runs it in a process per section.

    python benchmarks/overhead_worker.py update --threads 1 --rounds 50

The last line of the output is a JSON list of rows.
"""

import argparse
import functools
import json

import keras
import numpy as np
import tensorflow as tf
from keras import ops
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

from keras_sparse import RigL, Static, sparsify
from keras_sparse.topology import drop_and_grow, magnitude_mask, random_mask

STEP_BOUNDS = {"CNN": 1.03, "MLP": 1.10}  # at most, to a plain step


def sparse_model(name, method):
    """Returns a model compiled to train inside masks."""
    model = build_model(keras, name)
    optimizer = sparsify(model, sgd(keras), method)
    compile_model(keras, model, optimizer)
    return model, optimizer


def time_steps(rounds):
    """Rows: a masked training step to a plain one.

    Ordinary steps and those that move the masks are timed apart: more rounds
    in the same time, and finer turns, than with blocks of whole periods.
    """
    return [row for name in STEP_BOUNDS for row in _time_step(name, rounds)]


def _time_step(name, rounds):
    masked = training_step(sparse_model(name, Static(0.9))[0], name)
    moving = RigL(0.9, update_every=UPDATE_EVERY)
    model, optimizer = sparse_model(name, moving)
    step = training_step(model, name)

    def step_from(number):
        optimizer.iterations.assign(number)
        step()

    before_ordinary = functools.partial(step_from, 0)
    before_due = functools.partial(step_from, UPDATE_EVERY - 1)
    for before, due in ((before_ordinary, False), (before_due, True)):
        before()
        if _masks_move(optimizer, step) is not due:
            raise RuntimeError(f"A step moves the masks: expected {due}.")
    steps = {
        "plain": training_step(build_model(keras, name), name),
        "static": masked,
        "ordinary": (before_ordinary, step),
        "due": (before_due, step),
    }
    times = interleave(steps, rounds)
    bound = STEP_BOUNDS[name]
    period = f"amortised over {UPDATE_EVERY} steps"
    rigl = amortised("ordinary", "due")
    return [
        compare(times, f"{name}, Static(0.9)", over("static"), at_most=bound),
        compare(times, f"{name}, RigL(0.9), {period}", rigl, at_most=bound),
        compare(times, f"{name}, RigL, ordinary step", over("ordinary")),
        compare(times, f"{name}, RigL, update instead of step", over("due")),
    ]


def _masks_move(optimizer, step):
    old = optimizer.masks
    step()
    new = optimizer.masks
    return any(not np.array_equal(old[path], new[path]) for path in old)


def time_update(rounds):
    """Rows: one mask update of 1M weights to a pass of a matmul by them."""
    dense = tf.random.normal((1000, 1000))
    mask = tf.Variable(random_mask((1000, 1000), 100_000, 0, "weight"))
    weight = tf.Variable(tf.where(mask, dense, 0.0))
    score = tf.Variable(tf.random.normal((1000, 1000)))
    dense = tf.Variable(dense)
    everywhere = tf.Variable(tf.ones_like(mask))

    @tf.function
    def move():
        return drop_and_grow(weight, tf.identity(mask), score, 0.3)

    @tf.function
    def prune():
        return magnitude_mask(dense, tf.identity(everywhere), 0.9)

    steps = {
        "pass": matmul_pass(tf),
        "drop_and_grow": move,
        "magnitude_mask": prune,
    }
    times = interleave(steps, rounds)
    return [
        compare(times, name, over(name, "pass"), "pass")
        for name in ("drop_and_grow", "magnitude_mask")
    ]


def time_masks(rounds):
    """Rows: SGD on 4M weights with each kind of mask to SGD without one."""
    column, row = tf.random.normal((2000, 1)), tf.random.normal((1, 2000))
    column, row = tf.Variable(column), tf.Variable(row)
    boolean = tf.Variable(tf.random.uniform((2000, 2000)) < 0.1)
    floating = tf.Variable(tf.cast(boolean, "float32"))
    kinds = {
        "plain": lambda g: g,
        "where(bool mask, g, 0)": lambda g: ops.where(boolean, g, 0.0),
        "g * float mask": lambda g: g * floating,
        "g * cast(bool mask)": lambda g: g * ops.cast(boolean, "float32"),
    }
    steps = {}
    for kind, mask in kinds.items():
        step = _sgd_step(lambda mask=mask: mask(column * row))
        steps[kind] = tf.function(step)
        steps[f"{kind}, XLA"] = tf.function(step, jit_compile=True)
    times = interleave(steps, rounds)
    rows = [_mask_bytes()]
    for kind in list(kinds)[1:]:
        xla = over(f"{kind}, XLA", "plain, XLA")
        rows.append(compare(times, kind, over(kind)))
        rows.append(compare(times, f"{kind}, XLA", xla, "plain, XLA"))
    return rows


def _mask_bytes():
    """Row: what the masks take at rest, beside 4 bytes of each weight."""
    masks = sparse_model("MLP", Static(0.9))[1].masks.values()
    per_weight = sum(m.nbytes for m in masks) / sum(m.size for m in masks)
    return {
        "measure": f"masks at rest: {per_weight:.2f} bytes per weight",
        "bytes_per_weight": per_weight,
    }


def _sgd_step(gradient):
    """Returns a function: a step by a gradient that is new in memory."""
    optimizer = sgd(keras)
    weight = keras.Variable(tf.random.normal((2000, 2000)))
    optimizer.build([weight])
    return lambda: optimizer.apply([gradient()], [weight])


SECTIONS = {"steps": time_steps, "update": time_update, "masks": time_masks}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("section", choices=tuple(SECTIONS))
    parser.add_argument("--rounds", type=int, default=50)
    parser.add_argument("--threads", type=int, default=0)
    arguments = parser.parse_args()
    limit_threads(tf, arguments.threads)
    print(json.dumps(SECTIONS[arguments.section](arguments.rounds)))


if __name__ == "__main__":
    main()
