"""Labels and teacher outputs in one array: targets of a plain `fit`."""

import keras
import numpy as np
from keras import ops

_WHOLE_FLOAT32 = 2**24  # integers up to here are exact in float32


def label_columns(labels):
    """Number of columns that labels take in the packed targets.

    Args:
        labels: array (batch,) or (batch, L) of numbers, or None.

    Returns:
        Int: 1 for (batch,), else L; 0 for None.

    Raises:
        ValueError: several arrays, more axes, strings, or whole numbers too
            large for float32.

    Example:
        >>> from keras_distill.packed_labels import label_columns
        >>> label_columns(np.array([3, 1, 2])), label_columns(None)
        (1, 0)
    """
    if labels is None:
        return 0
    if keras.tree.is_nested(labels):
        raise ValueError(
            "`dataset` must have one array of labels. Received: a "
            f"{type(labels).__name__} of {len(labels)}. Cache for each "
            "output of the student apart."
        )
    if labels.dtype.kind not in "fiub" or labels.ndim not in (1, 2):
        raise ValueError(
            "Labels must be numbers of shape (batch,) or (batch, columns). "
            f"Received: {labels.dtype} of shape {labels.shape}."
        )
    if labels.dtype.kind in "iu" and labels.size:
        largest = np.abs(labels.astype("float64")).max()
        if largest > _WHOLE_FLOAT32:
            raise ValueError(
                "Labels must be exact in float32, the dtype of the packed "
                f"targets: at most {_WHOLE_FLOAT32}. "
                f"Received: {int(largest)}."
            )
    return 1 if labels.ndim == 1 else labels.shape[1]


def check_columns(labels, columns):
    """Raises unless labels take as many columns as were cached."""
    found = label_columns(labels)
    if found != columns:
        raise ValueError(
            f"`dataset` must have labels of {columns} columns, as when it was "
            f"cached (0: none). Received: {found}."
        )


def pack_targets(labels, outputs):
    """Columns of labels, then of teacher outputs, as one float32 array.

    Args:
        labels: array of shape (batch,) or (batch, L), or None.
        outputs: array of shape (batch, K).

    Returns:
        float32 array of shape (batch, L + K).

    Example:
        >>> from keras_distill.packed_labels import pack_targets
        >>> pack_targets(np.array([1]), np.array([[0.5, 2.0]])).tolist()
        [[1.0, 0.5, 2.0]]
    """
    outputs = np.asarray(outputs, "float32")
    if labels is None:
        return outputs
    columns = np.asarray(labels, "float32").reshape(len(outputs), -1)
    return np.concatenate([columns, outputs], axis=1)


def split_targets(targets, columns):
    """The labels and the teacher outputs of packed targets.

    Args:
        targets: tensor of shape (batch, columns + K).
        columns: int from 0, the number of label columns.

    Returns:
        Tensors of shape (batch, columns) and (batch, K).

    Raises:
        ValueError: the targets hold no teacher outputs.

    Example:
        >>> from keras_distill.packed_labels import split_targets
        >>> labels, outputs = split_targets([[1.0, 0.5, 2.0]], 1)
        >>> tuple(labels.shape), tuple(outputs.shape)
        ((1, 1), (1, 2))
    """
    targets = ops.convert_to_tensor(targets)
    shape = tuple(targets.shape)
    if len(shape) != 2 or shape[-1] is None or shape[-1] <= columns:
        raise ValueError(
            "Targets must be packed: label columns, then the teacher's "
            f"outputs, of shape (batch, {columns} + outputs). Received: shape "
            f"{shape}. Train and evaluate on `cache.attach(dataset)`; a "
            "validation set needs a cache of its own."
        )
    return targets[:, :columns], targets[:, columns:]
