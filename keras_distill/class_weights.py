"""Class weights as sample weights."""

import numpy as np

from _keras_sparse_common.arguments import check_number


def check_class_weight(class_weight, columns):
    """Raises unless `class_weight` fits labels of so many columns.

    Args:
        class_weight: dict of every class from 0 to its weight, or None.
        columns: int, 1 for integer labels, more for one-hot labels.
    """
    if class_weight is None:
        return
    count = len(class_weight) if isinstance(class_weight, dict) else 0
    if not count or set(class_weight) != set(range(count)):
        raise ValueError(
            "`class_weight` must be a dict with a weight for each class from "
            f"0. Received: class_weight={class_weight!r}."
        )
    for name, weight in class_weight.items():
        check_number(f"class_weight[{name}]", weight)
    if columns == 0 or columns not in (1, count):
        raise ValueError(
            "`class_weight` needs integer labels, or one-hot labels of as "
            f"many columns as it has classes. Received: {count} classes and "
            f"labels of {columns} columns."
        )


def class_weights(labels, class_weight):
    """The weight of each example's class.

    Args:
        labels: array (batch,) or (batch, 1) of integers, or one-hot.
        class_weight: dict of class to weight.

    Returns:
        float32 array of shape (batch,).

    Raises:
        ValueError: a label without a weight.

    Example:
        >>> from keras_distill.class_weights import class_weights
        >>> class_weights(np.array([1, 0, 1]), {0: 1.0, 1: 3.0}).tolist()
        [3.0, 1.0, 3.0]
    """
    labels = np.asarray(labels)
    if labels.ndim == 2 and labels.shape[1] > 1:
        labels = labels.argmax(axis=1)
    labels = labels.reshape(-1).astype("int64")
    unknown = sorted(set(np.unique(labels).tolist()) - set(class_weight))
    if unknown:
        raise ValueError(
            "`class_weight` must have a weight for every label. Received: "
            f"labels {unknown} without one."
        )
    return weight_table(class_weight)[labels]


def weight_table(class_weight):
    """float32 array of the weights, by class."""
    classes = range(len(class_weight))
    return np.array([class_weight[name] for name in classes], "float32")
