"""Examples of all replicas of a `tf.distribute` strategy."""

import keras


def gather_replicas(rows):
    """Rows of all replicas, one after the other, with gradients to each.

    Args:
        rows: tensor of shape (batch, ...), of this replica.

    Returns:
        Tensor of shape (all replicas' batch, ...); `rows` itself where there
        is one replica or no `tf.distribute`.

    Source: `tf.distribute.ReplicaContext.all_gather`.
    """
    if keras.backend.backend() != "tensorflow":
        return rows
    import tensorflow as tf

    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return rows
    return context.all_gather(rows, axis=0)


def count_replicas():
    """Number of replicas of the `tf.distribute` strategy in scope, or 1."""
    if keras.backend.backend() != "tensorflow":
        return 1
    import tensorflow as tf

    return tf.distribute.get_strategy().num_replicas_in_sync
