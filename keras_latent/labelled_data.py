"""Examples with labels, from arrays or a dataset, batch by batch."""

import sys

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent.fader_attributes import (
    check_attribute_sizes,
    check_attributes,
)


def labelled_batches(data, batch_size=256):
    """Reads (examples, labels) once, as batches of numpy arrays.

    Args:
        data: arrays (x, labels); or a finite `tf.data.Dataset` or
            `keras.utils.PyDataset` of such batches.
        batch_size: int from 1, for arrays; datasets have their own batches.

    Returns:
        Iterator of (array (batch, ...), array (batch,) or (batch, columns)).

    Raises:
        ValueError: anything else; no examples, lengths that differ, a dataset
            without labels or without end, batches with sample weights.

    Example:
        >>> from keras_latent.labelled_data import labelled_batches
        >>> data = np.zeros((5, 2)), np.arange(5)
        >>> [labels.tolist() for _, labels in labelled_batches(data, 3)]
        [[0, 1, 2], [3, 4]]
    """
    check_count("batch_size", batch_size)
    if isinstance(data, (tuple, list)):
        return _checked(_cut(data, batch_size))
    tensorflow = sys.modules.get("tensorflow")
    if isinstance(data, keras.utils.PyDataset):
        endless = data.num_batches is None
        raw = data if endless else map(data.__getitem__, range(len(data)))
    elif tensorflow and isinstance(data, tensorflow.data.Dataset):
        endless = (
            int(data.cardinality()) == tensorflow.data.INFINITE_CARDINALITY
        )
        raw = data.as_numpy_iterator()
    else:
        raise ValueError(
            "`data` must be arrays (x, labels), or a tf.data.Dataset or "
            "keras.utils.PyDataset of such batches. Received: "
            f"{type(data).__name__}."
        )
    if endless:
        raise ValueError(
            "`data` must have an end. Received: an infinite "
            f"{type(data).__name__}. Add `.take(number_of_batches)`."
        )
    return _checked(raw)


def attribute_table(labels, sizes=None):
    """Labels as whole numbers, a column for each attribute.

    Args:
        labels: ints of shape (examples,) or (examples, attributes); with
            `sizes` also one-hot, (examples, sum of `sizes`).
        sizes: int or list of int, classes of each attribute. None: as many
            as the largest label says, at least two.

    Returns:
        Pair (int array (examples, attributes), list of sizes).

    Raises:
        ValueError: labels that are no integers, below 0 or not below their
            size; without `sizes`, a table that looks one-hot.

    Example:
        >>> from keras_latent.labelled_data import attribute_table
        >>> table, sizes = attribute_table([2, 0, 1])
        >>> table.tolist(), sizes
        ([[2], [0], [1]], [3])
    """
    labels = np.asarray(keras.ops.convert_to_numpy(labels))
    if sizes is None:
        sizes = _sizes_of(labels)
    sizes = check_attribute_sizes(sizes)
    check_attributes(labels, sizes, "labels")
    if labels.ndim == 2 and labels.shape[1] == sum(sizes):
        return argmax_blocks(labels, sizes), sizes
    return labels.reshape(len(labels), -1).astype("int64"), sizes


def argmax_blocks(columns, sizes):
    """The largest column of each block, as an int table (rows, blocks)."""
    blocks = np.split(columns, np.cumsum(sizes)[:-1], axis=1)
    return np.stack([block.argmax(axis=1) for block in blocks], axis=1)


def _sizes_of(labels):
    if labels.ndim not in (1, 2) or labels.dtype.kind not in "iub":
        raise ValueError(
            "`labels` must be integers of shape (examples,) or (examples, "
            f"attributes). Received: dtype {labels.dtype}, shape "
            f"{labels.shape}. One-hot floats become integers by "
            "`labels.argmax(-1)`."
        )
    table = labels.reshape(len(labels), -1).astype("int64")
    binary = table.shape[1] > 2 and table.min() == 0 and table.max() == 1
    if binary and (table.sum(axis=1) == 1).all():
        columns = table.shape[1]
        raise ValueError(
            "`labels` look one-hot: each row holds a single 1. Received: "
            f"shape {labels.shape}. Give `labels.argmax(-1)`; or say "
            f"`attribute_sizes={[2] * columns}` if these are {columns} binary "
            "attributes."
        )
    return [max(2, int(top) + 1) for top in table.max(axis=0)]


def _cut(arrays, batch_size):
    if len(arrays) != 2 or not all(hasattr(a, "shape") for a in arrays):
        kinds = [type(part).__name__ for part in arrays]
        raise ValueError(
            "`data` must be a pair of arrays (x, labels). Received: "
            f"{len(arrays)} parts of types {kinds}."
        )
    lengths = [array.shape[0] if array.shape else 0 for array in arrays]
    if lengths[0] != lengths[1]:
        raise ValueError(
            "`data` must have a label for each example. Received: "
            f"{lengths[0]} examples and {lengths[1]} labels."
        )
    for start in range(0, lengths[0], batch_size):
        yield tuple(array[start : start + batch_size] for array in arrays)


def _checked(batches):
    empty = True
    for batch in batches:
        if not isinstance(batch, (tuple, list)) or len(batch) != 2:
            parts = len(batch) if isinstance(batch, (tuple, list)) else 1
            raise ValueError(
                "`data` must give batches (x, labels), without sample "
                f"weights. Received: a batch of {parts} parts. Select them "
                "by `dataset.map(lambda x, y, *rest: (x, y))`."
            )
        x, labels = map(_array, batch)
        if labels.ndim == 0 or x.ndim == 0 or len(x) != len(labels):
            raise ValueError(
                "`data` must give batches with a label for each example. "
                f"Received: shapes {x.shape} and {labels.shape}. Single "
                "examples become batches by `dataset.batch(256)`."
            )
        if len(x):
            empty = False
            yield x, labels
    if empty:
        raise ValueError(
            "`data` must hold at least one example. Received: none. Check "
            "`take`, `filter` and `batch(..., drop_remainder=True)`."
        )


def _array(value):
    return np.asarray(keras.ops.convert_to_numpy(value))
