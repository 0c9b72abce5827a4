"""One reader for everything that examples come in, batch by batch."""

import sys

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count


def is_tf_dataset(data):
    """Whether `data` is a `tf.data.Dataset`; does not import TensorFlow."""
    tensorflow = sys.modules.get("tensorflow")
    return tensorflow is not None and isinstance(data, tensorflow.data.Dataset)


def is_arrays(data):
    """Whether `data` are arrays: x, (x, y) or (x, y, sample_weight)."""
    if isinstance(data, tuple | list | dict):
        leaves = keras.tree.flatten(data)
        return bool(leaves) and all(hasattr(leaf, "shape") for leaf in leaves)
    return hasattr(data, "shape")


def example_batches(dataset, batch_size=None):
    """Starts a pass over a data set, as batches of numpy arrays.

    Args:
        dataset: finite `tf.data.Dataset` of batches, `keras.utils.PyDataset`,
            or arrays; x, (x, y) or (x, y, sample_weight).
        batch_size: int, for arrays; None for the rest.

    Returns:
        Iterator of (x, y or None), nested numpy arrays with examples first.

    Raises:
        ValueError: anything else; a data set that is empty or has no end;
            batches that are no arrays of as many rows each.

    Example:
        >>> from keras_distill.example_batches import example_batches
        >>> x, y = np.ones((5, 2)), np.arange(5)
        >>> [y.tolist() for _, y in example_batches((x, y), 3)]
        [[0, 1, 2], [3, 4]]
    """
    if is_arrays(dataset):
        check_count("batch_size", batch_size)
        raw = _cut(dataset, batch_size)
    elif batch_size is not None:
        raise ValueError(
            "`batch_size` is for arrays; datasets have their own batches. "
            f"Received: batch_size={batch_size!r} with "
            f"{type(dataset).__name__}. Leave it out."
        )
    else:
        _check_end(dataset)
        raw = _in_order(dataset) if is_tf_dataset(dataset) else iter(dataset)
    return _checked(raw)


def _cut(arrays, batch_size):
    rows = count_rows(arrays)
    for start in range(0, rows, batch_size):
        stop = start + batch_size
        yield take_rows(arrays, start, stop)


def take_rows(nested, start, stop):
    """Rows from `start` up to `stop` of nested arrays; None stays None."""
    if nested is None:
        return None
    return keras.tree.map_structure(lambda array: array[start:stop], nested)


def _check_end(dataset):
    """Raises for what cannot be read in one order, or has no end."""
    if is_tf_dataset(dataset):
        _check_dense(dataset)
        endless = dataset.cardinality() == -1  # tf.data.INFINITE_CARDINALITY
    elif isinstance(dataset, keras.utils.PyDataset):
        endless = dataset.num_batches is None
    else:
        raise ValueError(
            "`dataset` must be a tf.data.Dataset of batches, a "
            "keras.utils.PyDataset or arrays (x, y), all of which can be read "
            f"twice in the same order. Received: {type(dataset).__name__}."
        )
    if endless:
        raise ValueError(
            "`dataset` must have an end. Received: an infinite "
            f"{type(dataset).__name__}. Call `repeat` after the cache is "
            "attached, not before."
        )


def _check_dense(dataset):
    import tensorflow as tf

    for spec in tf.nest.flatten(dataset.element_spec):
        if not isinstance(spec, tf.TensorSpec):
            raise ValueError(
                "`dataset` must hold dense tensors. Received: "
                f"{type(spec).__name__}. Make them dense by a `map`, with "
                "`ragged.to_tensor()` or `tf.sparse.to_dense`."
            )


def _in_order(dataset):
    """Iterator of numpy batches of a dataset that parallel maps keep sorted."""
    import tensorflow as tf

    options = tf.data.Options()
    options.deterministic = True
    return dataset.with_options(options).as_numpy_iterator()


def _checked(batches):
    empty = True
    for batch in batches:
        empty = False
        x, y, _ = keras.utils.unpack_x_y_sample_weight(batch)
        x, y = _arrays(x), None if y is None else _arrays(y)
        count_rows(x if y is None else (x, y))
        yield x, y
    if empty:
        raise ValueError(
            "`dataset` must hold at least one example. Received: an empty one."
            " Check `take`, `filter` and `batch(..., drop_remainder=True)`."
        )


def _arrays(nested):
    return keras.tree.map_structure(_array, nested)


def _array(leaf):
    if isinstance(leaf, np.ndarray | np.generic):
        return np.asarray(leaf)
    if not hasattr(leaf, "shape"):
        raise ValueError(
            "`dataset` must hold arrays. Received: "
            f"{type(leaf).__name__}. Convert it by `np.asarray`."
        )
    return keras.ops.convert_to_numpy(leaf)


def count_rows(nested):
    """Number of rows that all nested arrays share; ValueError if not."""
    shapes = [tuple(leaf.shape) for leaf in keras.tree.flatten(nested)]
    rows = {shape[0] if shape else None for shape in shapes}
    if len(rows) != 1 or None in rows:
        raise ValueError(
            "`dataset` must give batches: arrays with the same number of "
            f"examples on their first axis. Received: shapes {shapes}. "
            "Single examples become batches by `dataset.batch(256)`."
        )
    return rows.pop()
