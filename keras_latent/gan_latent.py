"""Latent points, drawn alike on one device and on several."""

import tensorflow as tf

DISTRIBUTIONS = ("normal", "uniform", "signed_uniform")


def draw_rows(shape, seed, step, kind="normal"):
    """Random rows of a step: stateless, each replica's its own.

    Replica r of n gets rows r, r + n, r + 2n, ... of what one device would
    draw for the whole batch.

    Args:
        shape: (rows, ...) of this replica; rows may be a tensor.
        seed: tuple of ints; draws of other tuples are independent.
        step: int or scalar int tensor.
        kind: "normal" (mean 0, variance 1), "uniform" in [0, 1) or
            "signed_uniform" in [-1, 1).

    Returns:
        float32 tensor of `shape`.
    """
    context = tf.distribute.get_replica_context()
    replicas, index = 1, 0
    if context is not None:
        replicas = context.num_replicas_in_sync
        index = context.replica_id_in_sync_group
    shape = [shape[0] * replicas, *shape[1:]]
    key = tf.random.experimental.stateless_fold_in(
        [0, 0], tf.cast(step, "int64")
    )
    for number in seed:
        key = tf.random.experimental.stateless_fold_in(key, number)
    if kind == "normal":
        drawn = tf.random.stateless_normal(shape, key)
    else:
        low = -1.0 if kind == "signed_uniform" else 0.0
        drawn = tf.random.stateless_uniform(shape, key, low, 1.0)
    return drawn[index::replicas] if replicas > 1 else drawn
