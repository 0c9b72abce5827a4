"""Endless batches, each a function of its number."""

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count


def shuffled_batches(images, labels, batch_size, seed=0, first=0):
    """Batches in random order, pass after pass, from batch `first` on.

    Batch number t depends on `seed` and t alone: a training that goes on at
    batch t sees what it would have seen without the break. No row is left
    out; a batch may reach from one pass into the next.

    Args:
        images: array (n, ...).
        labels: array (n, ...).
        batch_size: int from 1.
        seed: int from 0.
        first: int from 0, number of the first batch.

    Returns:
        `tf.data.Dataset` of (images, labels), without end.

    Raises:
        ValueError: arguments out of range, lengths that differ, no rows.

    Example:
        >>> from keras_latent.shuffled_batches import shuffled_batches
        >>> batches = shuffled_batches(np.zeros((5, 2)), np.arange(5), 5)
        >>> [sorted(y.numpy().tolist()) for _, y in batches.take(2)]
        [[0, 1, 2, 3, 4], [0, 1, 2, 3, 4]]
    """
    check_count("batch_size", batch_size)
    check_count("seed", seed, 0)
    check_count("first", first, 0)
    count = len(images)
    if not count or count != len(labels):
        raise ValueError(
            "`labels` must have one row for each of the `images`, and these "
            f"at least one. Received: {len(labels)} rows, {count} images."
        )
    with tf.device("CPU:0"):
        columns = [tf.constant(np.asarray(c)) for c in (images, labels)]
    done = first * batch_size

    def rows_of_pass(number):
        key = tf.stack([tf.constant(seed, tf.int64), number])
        rows = tf.range(tf.constant(count, tf.int64))
        rows = tf.random.experimental.stateless_shuffle(rows, key)
        return tf.data.Dataset.from_tensor_slices(rows)

    passes = tf.data.Dataset.range(done // count, tf.int64.max)
    rows = passes.flat_map(rows_of_pass).skip(done % count)
    rows = rows.batch(batch_size, drop_remainder=True)
    batches = rows.map(lambda some: tuple(tf.gather(c, some) for c in columns))
    return batches.prefetch(tf.data.AUTOTUNE)
