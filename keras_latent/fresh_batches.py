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


# What a batch holds.
PAIRS, IMAGES = ("images", "attributes"), ("images",)
FORMS = {PAIRS: "batches (images, attributes)", IMAGES: "batches of images"}


def group_batches(x, y, batch_size, parts, check, names=PAIRS):
    """Data for `keras.Model.fit` whose batches are groups of batches.

    Args:
        x: array of images, or a `tf.data.Dataset` or `keras.utils.PyDataset`
            of batches that hold what `names` says.
        y: array of attributes; None for a dataset, or for images alone.
        batch_size: int or None, of one part, for arrays.
        parts: int, batches of a group.
        check: function of (images, attributes), or of (images), arrays, that
            raises. What it raises of a `tf.data.Dataset` arrives in a
            `tf.errors.OpError`.
        names: `PAIRS`, or `IMAGES` for images alone.

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
                f"{FORMS[names]}. Received: "
                f"batch_size={batch_size}, y of type {type(y).__name__}."
            )
        if isinstance(x, keras.utils.PyDataset):
            return GroupedBatches(x, parts, check, names), None, None
        return _group_dataset(x, parts, check, names), None, None
    arrays = (x, y) if names == PAIRS else (x,)
    check_arrays(x, y, names)
    check(*arrays)
    return x, y, (32 if batch_size is None else batch_size) * parts


def check_arrays(x, y, names):
    """Raises unless `x` and `y` are arrays that hold what `names` says."""
    plain = hasattr(x, "shape") and not isinstance(x, tf.RaggedTensor)
    if names == IMAGES and y is not None:
        raise ValueError(
            "`y` must be None: images alone are trained on. Received: y of "
            f"type {type(y).__name__}. Leave it out."
        )
    if not plain or (names == PAIRS and y is None):
        wanted = "`x` and `y` must be arrays of images and attributes"
        if names == IMAGES:
            wanted = "`x` must be an array of images"
        raise ValueError(
            f"{wanted}, or `x` a `tf.data.Dataset` or `keras.utils.PyDataset` "
            f"of {FORMS[names]}. Received: x of type {type(x).__name__}, y of "
            f"type {type(y).__name__}. A generator goes into "
            "`tf.data.Dataset.from_generator`."
        )


def _check_parts(given, names):
    """Raises unless a batch, or its description, holds what `names` says."""
    if names == PAIRS and len(given) != 2:
        raise ValueError(
            "`x` must be a dataset of pairs (images, attributes), without "
            f"weights. Received: batches of {len(given)} parts, {given}."
        )
    if names == IMAGES and len(given) != 1:
        raise ValueError(
            "`x` must be a dataset of batches of images alone, without labels "
            f"and weights. Received: batches of {len(given)} parts. Leave the "
            "others out, as in `dataset.map(lambda image, label: image)`."
        )


def _as_tuple(batch):
    return batch if isinstance(batch, tuple) else (batch,)


def _group_dataset(dataset, parts, check, names):
    _check_parts(_as_tuple(dataset.element_spec), names)
    count = int(dataset.cardinality())
    if count == 0:
        raise ValueError(
            "`x` must have at least one batch. Received: an empty "
            "`tf.data.Dataset`. Look at its filters and its source."
        )

    def joined(*windows):
        return tf.data.Dataset.zip(windows).rebatch(tf.int32.max)

    def checked(*arrays):
        done = tf.py_function(check, arrays, [])
        with tf.control_dependencies([done]):
            return tuple(map(tf.identity, arrays))

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
        batches: `keras.utils.PyDataset` of batches that hold `names`.
        parts: int, batches of a group.
        check: function of a batch's arrays that raises.
        names: `PAIRS` or `IMAGES`.
    """

    def __init__(self, batches, parts, check, names=PAIRS):
        super().__init__(
            workers=batches.workers,
            use_multiprocessing=batches.use_multiprocessing,
            max_queue_size=batches.max_queue_size,
        )
        self.batches, self.parts = batches, parts
        self.check, self.names = check, names

    @property
    def num_batches(self):
        count = self.batches.num_batches
        return None if count is None else -(-count // self.parts)

    def __getitem__(self, index):
        first, count = index * self.parts, self.batches.num_batches
        last = first + self.parts
        last = last if count is None else min(last, count)
        group = [_as_tuple(self.batches[n]) for n in range(first, last)]
        for batch in group:
            _check_parts(batch, self.names)
        arrays = tuple(
            np.concatenate([ops.convert_to_numpy(part) for part in parts])
            for parts in zip(*group, strict=True)
        )
        self.check(*arrays)
        return arrays

    def on_epoch_begin(self):
        self.batches.on_epoch_begin()

    def on_epoch_end(self):
        self.batches.on_epoch_end()
