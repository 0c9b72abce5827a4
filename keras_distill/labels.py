"""Integer class labels, checked wherever a check can be made."""

import keras
import numpy as np
from keras import ops


def class_labels(labels, num_classes):
    """Labels as an int32 vector; -1 for a label that is out of range.

    Values are checked where they are known: at once outside of a graph, at
    run time in a TensorFlow graph. Compiled by XLA (JAX, `jit_compile=True`)
    nothing can raise: there, `spoil_invalid` makes the loss NaN.

    Args:
        labels: tensor of shape (batch,) or (batch, 1), whole numbers in
            [0, num_classes), of any dtype.
        num_classes: int.

    Returns:
        int32 tensor of shape (batch,).

    Raises:
        ValueError: labels of another shape, such as one-hot, or values out of
            range; in a TensorFlow graph `tf.errors.InvalidArgumentError`.

    Example:
        >>> from keras_distill.labels import class_labels
        >>> keras.ops.convert_to_numpy(class_labels([[1.0], [0.0]], 2)).tolist()
        [1, 0]
    """
    if not ops.is_tensor(labels):  # JAX would wrap int64 around
        labels = np.asarray(labels).astype("float32")
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[-1] != 1):
        raise ValueError(
            "Class labels must be integers of shape (batch,) or (batch, 1). "
            f"Received: shape {shape}. One-hot labels become integers by "
            "`labels.argmax(-1)`."
        )
    values = ops.cast(ops.reshape(labels, (-1,)), "float32")
    nearest = ops.clip(ops.floor(values), 0.0, num_classes - 1.0)
    valid = values == nearest
    nearest = _check(values, valid, nearest, num_classes)
    return ops.where(valid, ops.cast(nearest, "int32"), -1)


def spoil_invalid(values, labels):
    """Makes `values` and their gradients NaN where a label is -1.

    Args:
        values: float tensor of shape (batch,).
        labels: int32 tensor of shape (batch,), from `class_labels`.

    Returns:
        Float tensor of shape (batch,).

    Source: `tf.nn.sparse_softmax_cross_entropy_with_logits`, which does so
        on GPUs. (`jax.nn.one_hot` would make such a loss 0.)
    """
    return values * ops.where(labels < 0, float("nan"), 1.0)


def check_same_batch(labels, subclass_logits):
    """Raises unless there is one label for each row of the logits.

    Args:
        labels: int tensor of shape (batch,).
        subclass_logits: float tensor, expected of shape (batch, K).

    Raises:
        ValueError: the logits are no matrix, or of another batch size.
    """
    shape = tuple(subclass_logits.shape)
    sizes = (labels.shape[0], shape[0] if len(shape) == 2 else -1)
    if len(shape) != 2 or (None not in sizes and sizes[0] != sizes[1]):
        raise ValueError(
            "The subclass logits must have the shape (batch, num_classes * "
            "S), with one label for each row. Received: "
            f"logits of shape {shape} and {sizes[0]} labels. For sequences, "
            "reshape the logits to one row per label."
        )


def _check(values, valid, nearest, num_classes):
    """Returns `nearest`; raises if not all are valid, now or in the graph."""
    message = (
        f"Class labels must be whole numbers in [0, {num_classes}) "
        f"(`num_classes`={num_classes}), also where the sample weight is 0. "
        "Renumber the labels from 0, or raise `num_classes`. Received"
    )
    known = _known(values)
    if known is not None:
        wrong = known[~_known(valid)]
        if wrong.size:
            few = sorted(set(wrong.tolist()))[:5]
            raise ValueError(f"{message} {wrong.size} others, such as {few}.")
    elif keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        low, high = tf.reduce_min(values), tf.reduce_max(values)
        parts = [f"{message} labels from", low, "to", high]
        check = tf.debugging.Assert(tf.reduce_all(valid), parts)
        with tf.control_dependencies([check]):
            return tf.identity(nearest)
    return nearest


def _known(tensor):
    """The values as an array, or None while a graph is traced."""
    try:
        return ops.convert_to_numpy(tensor)
    except (NotImplementedError, TypeError):  # TensorFlow's, JAX' refusal
        return None
