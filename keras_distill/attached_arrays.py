"""Arrays and their teacher outputs, as arguments of a plain `fit`."""

import keras
import numpy as np

from keras_distill.class_weights import class_weights
from keras_distill.example_batches import count_rows
from keras_distill.packed_labels import check_columns, pack_targets


def attach_arrays(cache, arrays, class_weight):
    """Arguments `x`, `y` and `sample_weight` of `fit` and `evaluate`.

    Args:
        cache: `TeacherCache` of these examples.
        arrays: x, (x, y) or (x, y, sample_weight).
        class_weight: dict of class to weight, or None.

    Returns:
        Dict of "x", as it came, "y", the packed targets, and "sample_weight".
    """
    x, y, sample_weight = keras.utils.unpack_x_y_sample_weight(arrays)
    outputs = cache.read(0, count_rows(x))
    targets, weights = packed_batch(
        cache, y, sample_weight, outputs, class_weight
    )
    return {"x": x, "y": targets, "sample_weight": weights}


def packed_batch(cache, y, sample_weight, outputs, class_weight):
    """Targets and sample weights of some examples, as numpy arrays.

    Args:
        cache: `TeacherCache`.
        y: array of labels, or None.
        sample_weight: array (batch,), or None.
        outputs: array (batch, width) of these examples.
        class_weight: dict of class to weight, or None.

    Returns:
        float32 arrays of shapes (batch, label columns + width) and (batch,).
    """
    labels = None if y is None else keras.ops.convert_to_numpy(y)
    check_columns(labels, cache.label_columns)
    weights = np.ones(len(outputs), "float32")
    if sample_weight is not None:
        weights = keras.ops.convert_to_numpy(sample_weight).astype("float32")
    if weights.shape != (len(outputs),):
        raise ValueError(
            "Sample weights must be one number for each example. Received: "
            f"shape {weights.shape} for {len(outputs)} examples."
        )
    if class_weight is not None:
        weights = weights * class_weights(labels, class_weight)
    return pack_targets(labels, outputs), weights
