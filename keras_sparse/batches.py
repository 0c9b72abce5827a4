"""Batches of any input, one at a time."""

import keras
import numpy as np

from keras_sparse.config import check_count


def stream(x, y=None, sample_weight=None, batch_size=128, passes=1):
    """Prepares to go through the data once or more, batch by batch.

    Args:
        x: array, or list, tuple or dict of arrays, whose first axis counts
            the examples; or, with `y=None`, a `tf.data.Dataset`,
            `keras.utils.PyDataset` or iterable of batches (x, y) or
            (x, y, sample_weight).
        y: array or structure of arrays, as many examples, or None.
        sample_weight: array (examples,) or structure of them, or None.
        batch_size: int from 1, for arrays; the last batch may be smaller.
        passes: int, how often the data will be gone through.

    Returns:
        Function of no argument that starts a pass: an iterator of tuples
        (x, y, sample_weight or None, number of examples).

    Raises:
        ValueError: an argument is not as above, or there are no examples.

    Example:
        >>> import numpy as np
        >>> start = stream(np.ones((5, 2)), np.arange(5), batch_size=2)
        >>> [(y.tolist(), count) for _, y, _, count in start()]
        [([0, 1], 2), ([2, 3], 2), ([4], 1)]
    """
    if y is None:
        return _from_batches(x, sample_weight, passes)
    return _from_arrays(x, y, sample_weight, batch_size)


def count_examples(*structures):
    """Length of the first axis that all arrays share; ValueError if not."""
    shapes = [
        tuple(getattr(leaf, "shape", ()))
        for structure in structures
        for leaf in keras.tree.flatten(structure)
        if leaf is not None
    ]
    lengths = {shape[0] if shape else None for shape in shapes}
    if len(lengths) != 1 or None in lengths:
        raise ValueError(
            "`x`, `y` and `sample_weight` must be arrays with the same number "
            f"of examples on their first axis. Received: shapes {shapes}. "
            "Batch a dataset, and pass lists as numpy arrays."
        )
    return int(shapes[0][0])


def _from_arrays(x, y, sample_weight, batch_size):
    if _is_pydataset(x) or hasattr(x, "cardinality"):
        raise ValueError(
            "`y` must be None together with a dataset, which holds the "
            f"targets. Received: x={type(x).__name__} and a `y`. Leave `y` out."
        )
    check_count("batch_size", batch_size, 1)
    data = (x, y, sample_weight)
    examples = count_examples(*data)
    if not examples:
        raise ValueError(
            "`x` must hold at least one example. Received: arrays of length 0. "
            "Check how the data was split."
        )

    def start():
        for first in range(0, examples, batch_size):
            rows = slice(first, first + batch_size)
            batch = [_map(lambda leaf, rows=rows: leaf[rows], d) for d in data]
            yield _prepared(*batch)

    return start


def _from_batches(x, sample_weight, passes):
    if sample_weight is not None:
        raise ValueError(
            "`sample_weight` must come with the batches of a dataset. "
            "Received: `sample_weight` and y=None. Yield (x, y, sample_weight)."
        )
    if hasattr(x, "shape") or isinstance(x, dict) or not _is_iterable(x):
        raise ValueError(
            "`y` must be given, unless `x` is a tf.data.Dataset, a PyDataset "
            f"or an iterable of batches. Received: x={type(x).__name__} and "
            "y=None. Pass the targets."
        )
    length = x.num_batches if _is_pydataset(x) else _cardinality(x)
    if length is None:
        raise ValueError(
            f"`x` must end. Received: an infinite {type(x).__name__}. Take as "
            "many batches as you want, as in dataset.take(10)."
        )
    if passes > 1 and hasattr(x, "__next__"):
        raise ValueError(
            f"`x` must be an iterable that can be gone through {passes} "
            f"times. Received: {type(x).__name__}, which one pass uses up. "
            "Pass a dataset or a list of batches."
        )

    def start():
        source = map(x.__getitem__, range(length)) if _is_pydataset(x) else x
        batch = None
        for batch in source:
            yield _prepared(*_parts(batch))
        if batch is None:
            raise ValueError(
                "`x` must yield at least one batch. Received: "
                f"{type(x).__name__} without any. Check take, filter and "
                "batch(drop_remainder=True)."
            )

    return start


def _is_pydataset(x):
    return isinstance(x, keras.utils.PyDataset)


def _is_iterable(x):
    return hasattr(x, "__iter__") or _is_pydataset(x)


def _cardinality(x):
    """Batches of a tf.data.Dataset, None if infinite; -2 is not known."""
    number = int(x.cardinality()) if hasattr(x, "cardinality") else -2
    return None if number == -1 else number


def _parts(batch):
    if not isinstance(batch, (tuple, list)) or len(batch) not in (2, 3):
        raise ValueError(
            "`x` must yield batches (x, y) or (x, y, sample_weight). Received: "
            f"a {type(batch).__name__}"
            f"{f' of {len(batch)}' if isinstance(batch, (tuple, list)) else ''}"
            ". Add the targets to the dataset."
        )
    return (*batch, None)[:3]


def _prepared(x, y, sample_weight):
    count = count_examples(x, y, sample_weight)
    return *(_map(_as_array, part) for part in (x, y, sample_weight)), count


def _map(function, structure):
    return (
        None
        if structure is None
        else keras.tree.map_structure(function, structure)
    )


def _as_array(leaf):
    """What a backend takes; numpy's float64 becomes the default float."""
    leaf = leaf if keras.ops.is_tensor(leaf) else np.asarray(leaf)
    if isinstance(leaf, np.ndarray) and leaf.dtype.kind == "f":
        return leaf.astype(keras.config.floatx(), copy=False)
    return leaf
