"""Groups of batches, of which each step of each network takes its own."""

import keras
import numpy as np
import tensorflow as tf
from keras import ops


def share_rows(rows, index, parts):
    """The rows of a group that belong to one of its parts.

    Parts follow each other and differ by at most one row, so a group of
    `parts` batches is cut into just these. A group of fewer rows than parts
    lends its rows to several parts, so that none is empty.

    Args:
        rows: tensor of shape (rows, ...).
        index: int from 0 to `parts` - 1.
        parts: int.

    Returns:
        Tensor with the same shape after the first axis.

    Example:
        >>> from keras_latent.fresh_batches import share_rows
        >>> [share_rows([0, 1, 2, 3, 4], i, 3).numpy().tolist() for i in (0, 2)]
        [[0], [3, 4]]
    """
    rows = tf.convert_to_tensor(rows)
    count = tf.shape(rows)[0]
    start = index * count // parts
    stop = tf.maximum((index + 1) * count // parts, start + 1)
    return rows[start:stop]


def group_batches(x, y, batch_size, parts, check):
    """Data for `keras.Model.fit` whose batches are groups of batches.

    Args:
        x: array of images, or a `tf.data.Dataset` or `keras.utils.PyDataset`
            of batches (images, attributes).
        y: array of attributes; None for a dataset.
        batch_size: int or None, of one part, for arrays.
        parts: int, batches of a group.
        check: function of (images, attributes), arrays, that raises. What it
            raises of a `tf.data.Dataset` arrives in a `tf.errors.OpError`.

    Returns:
        Tuple (x, y, batch_size) for `fit`. Groups follow each other in the
        order of the data and hold all of it; the last may be smaller.

    Raises:
        ValueError: other kinds of data, or what `check` raises.
    """
    if isinstance(x, (tf.data.Dataset, keras.utils.PyDataset)):
        if y is not None or batch_size is not None:
            raise ValueError(
                "`y` and `batch_size` must be None where `x` is a dataset of "
                "batches (images, attributes). Received: "
                f"batch_size={batch_size}, y of type {type(y).__name__}."
            )
        if isinstance(x, keras.utils.PyDataset):
            return GroupedBatches(x, parts, check), None, None
        return _group_dataset(x, parts, check), None, None
    if y is None or not hasattr(x, "shape") or isinstance(x, tf.RaggedTensor):
        raise ValueError(
            "`x` and `y` must be arrays of images and attributes, or `x` a "
            "`tf.data.Dataset` or `keras.utils.PyDataset` of batches (images, "
            f"attributes). Received: x of type {type(x).__name__}, y of type "
            f"{type(y).__name__}. A generator goes into "
            "`tf.data.Dataset.from_generator`."
        )
    check(x, y)
    return x, y, (32 if batch_size is None else batch_size) * parts


def _group_dataset(dataset, parts, check):
    spec = dataset.element_spec
    if not isinstance(spec, tuple) or len(spec) != 2:
        raise ValueError(
            "`x` must be a dataset of pairs (images, attributes), without "
            f"weights. Received: elements {spec}."
        )
    count = int(dataset.cardinality())
    if count == 0:
        raise ValueError(
            "`x` must have at least one batch. Received: an empty "
            "`tf.data.Dataset`. Look at its filters and its source."
        )

    def joined(images, attributes):
        group = tf.data.Dataset.zip((images, attributes))
        return group.rebatch(tf.int32.max)

    def checked(images, attributes):
        done = tf.py_function(check, [images, attributes], [])
        with tf.control_dependencies([done]):
            return tf.identity(images), tf.identity(attributes)

    groups = dataset.window(parts).flat_map(joined)
    if count != tf.data.UNKNOWN_CARDINALITY:
        # Without it Keras cannot tell the end from too few batches.
        count = -(-count // parts) if count > 0 else count
        sized = tf.data.experimental.assert_cardinality(count)
        groups = groups.apply(sized)
    return groups.map(checked)


class GroupedBatches(keras.utils.PyDataset):
    """A `PyDataset` each of whose batches is several of another's.

    Args:
        batches: `keras.utils.PyDataset` of (images, attributes).
        parts: int, batches of a group.
        check: function of (images, attributes) that raises.
    """

    def __init__(self, batches, parts, check):
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self.batches, self.parts, self.check = batches, parts, check

    @property
    def num_batches(self):
        count = self.batches.num_batches
        return None if count is None else -(-count // self.parts)

    def __getitem__(self, index):
        first, count = index * self.parts, self.batches.num_batches
        last = first + self.parts
        last = last if count is None else min(last, count)
        group = [self.batches[number] for number in range(first, last)]
        if any(len(batch) != 2 for batch in group):
            raise ValueError(
                "`x` must be a dataset of pairs (images, attributes), without "
                f"weights. Received: batches of {len(group[0])} parts."
            )
        images, attributes = (
            np.concatenate([ops.convert_to_numpy(part) for part in parts])
            for parts in zip(*group, strict=True)
        )
        self.check(images, attributes)
        return images, attributes

    def on_epoch_begin(self):
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        self.batches.on_epoch_end()
