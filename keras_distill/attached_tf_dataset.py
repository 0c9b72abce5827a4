"""A tf.data.Dataset joined to its cached teacher outputs."""

import keras
import numpy as np

from keras_distill.class_weights import weight_table

_UNEQUAL = (
    "`dataset` does not fit the cache: its batches but the last must be of one "
    "size, and it must not have more examples. Call `cache.attach` with "
    "`check=True`."
)


def attach_tf_dataset(cache, dataset, batch_size, class_weight):
    """Dataset of (x, targets, sample_weight), streamed without Python.

    Args:
        cache: `TeacherCache` of these examples.
        dataset: `tf.data.Dataset` of batches.
        batch_size: int, of all batches but the last.
        class_weight: dict of class to weight, or None.

    Returns:
        `tf.data.Dataset`.
    """
    import tensorflow as tf

    table = None if class_weight is None else weight_table(class_weight)

    def join(batch, outputs):
        x, y, weights = keras.utils.unpack_x_y_sample_weight(batch)
        rows = tf.shape(keras.tree.flatten(x)[0])[0]
        fits = tf.debugging.assert_equal(rows, tf.shape(outputs)[0], _UNEQUAL)
        with tf.control_dependencies([fits]):
            targets = _packed(tf, y, outputs, cache.label_columns)
        if weights is None:
            weights = tf.ones(rows)
        if table is not None:
            weights = tf.cast(weights, "float32") * tf.gather(
                table, _classes(tf, y, cache.label_columns)
            )
        return x, targets, weights

    outputs = _outputs(tf, cache, batch_size)
    joined = tf.data.Dataset.zip(dataset, outputs).map(
        join, num_parallel_calls=tf.data.AUTOTUNE, deterministic=True
    )
    return joined.with_options(_in_order(tf))


def _outputs(tf, cache, batch_size):
    """Batches of the cached outputs, then empty ones for data that go on."""
    dtype = np.dtype(cache.dtype)
    records = tf.data.FixedLengthRecordDataset(
        cache.files, cache.width * dtype.itemsize, cache.header_bytes
    )

    def decode(rows):
        return tf.ensure_shape(
            tf.io.decode_raw(rows, cache.dtype), (None, cache.width)
        )

    empty = tf.zeros((0, cache.width), cache.dtype)
    batches = records.batch(batch_size).map(decode)
    return batches.concatenate(tf.data.Dataset.from_tensors(empty).repeat())


def _packed(tf, labels, outputs, columns):
    outputs = tf.cast(outputs, "float32")
    if not columns:
        return outputs
    labels = tf.reshape(tf.cast(labels, "float32"), (-1, columns))
    return tf.concat([labels, outputs], axis=1)


def _classes(tf, labels, columns):
    if columns > 1:
        return tf.argmax(labels, axis=1)
    return tf.cast(tf.reshape(labels, (-1,)), "int64")


def _in_order(tf):
    """Options that keep examples beside their outputs.

    Several workers share the joined batches; by files, each worker would
    take other files of the data than of the outputs.
    """
    options = tf.data.Options()
    options.deterministic = True
    options.experimental_distribute.auto_shard_policy = (
        tf.data.experimental.AutoShardPolicy.DATA
    )
    return options
