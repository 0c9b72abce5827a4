"""Latent points, drawn alike on one device, on several, and with XLA."""

import tensorflow as tf

DISTRIBUTIONS = ("normal", "uniform", "signed_uniform")
PHILOX = tf.random.Algorithm.PHILOX


def draw_rows(shape, seed, step, kind="normal"):
    """Random rows of a step: stateless, each replica's its own.

    Replica r of n gets rows r, r + n, r + 2n, ... of what one device would
    draw for the whole batch.

    Args:
        shape: (rows, ...) of this replica; rows may be a tensor.
        seed: tuple of ints; draws of other tuples are independent.
        step: int or scalar int tensor.
        kind: "normal" (mean 0, variance 1), "uniform" in (0, 1) or
            "signed_uniform" in (-1, 1).

    Returns:
        float32 tensor of `shape`.

    Source: none; the order of rows is ours.

    Example:
        >>> from keras_latent.gan_latent import draw_rows
        >>> draw_rows([2, 3], (0, 1), step=5, kind="uniform").shape
        TensorShape([2, 3])
    """
    context = tf.distribute.get_replica_context()
    replicas, index = 1, 0
    if context is not None:
        replicas = context.num_replicas_in_sync
        index = context.replica_id_in_sync_group
    shape = [shape[0] * replicas, *shape[1:]]
    key = tf.zeros(2, "int64")
    for number in (step, *seed):
        number = tf.cast(number, "int64")
        key = tf.random.experimental.stateless_fold_in(key, number, alg=PHILOX)
    drawn = _uniform(shape, key)
    if kind == "normal":
        drawn = tf.math.ndtri(drawn)
    elif kind == "signed_uniform":
        drawn = 2.0 * drawn - 1.0
    return drawn[index::replicas] if replicas > 1 else drawn


def _uniform(shape, key):
    """float32 numbers in (0, 1), the same with XLA and without.

    TensorFlow draws the same integers in both, but other floats.
    """
    bits = tf.random.stateless_uniform(
        shape, key, None, None, dtype="int32", alg=PHILOX
    )
    # 23 bits and a half more: no number is 0 or rounded to 1.
    bits = tf.bitwise.bitwise_and(bits, 2**23 - 1)
    return (tf.cast(bits, "float32") + 0.5) / 2**23
