"""Integer class labels, checked."""

from keras import ops


def class_labels(labels, num_classes):
    """Labels as an int32 vector.

    Args:
        labels: tensor of shape (batch,) or (batch, 1), whole numbers in
            [0, num_classes).
        num_classes: int.

    Returns:
        int32 tensor of shape (batch,).

    Raises:
        ValueError: labels of another shape, such as one-hot.
    """
    labels = ops.convert_to_tensor(labels)
    shape = tuple(labels.shape)
    if len(shape) not in (1, 2) or (len(shape) == 2 and shape[-1] != 1):
        raise ValueError(
            "Class labels must be integers of shape (batch,) or (batch, 1). "
            f"Received: shape {shape}. One-hot labels become integers by "
            "`labels.argmax(-1)`."
        )
    return ops.cast(ops.reshape(labels, (-1,)), "int32")
