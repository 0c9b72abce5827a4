"""What an encoder is told about a classifier that reads its code."""

from keras import ops


def attribute_crossentropy(logits, targets, sizes):
    """Cross-entropy of several attributes, summed over them.

    Args:
        logits: float tensor of shape (batch, sum of `sizes`).
        targets: float tensor of the same shape; each attribute's columns are
            a distribution.
        sizes: list of int, classes of each attribute.

    Returns:
        float32 tensor of shape (batch,), from 0, in nats.

    Source: `get_attr_loss` in `src/model.py` of facebookresearch/FaderNetworks.

    Example:
        >>> from keras_latent.fader_losses import attribute_crossentropy
        >>> loss = attribute_crossentropy([[0.0, 0.0]], [[1.0, 0.0]], [2])
        >>> round(float(loss[0]), 4)
        0.6931
    """
    logits = ops.cast(logits, "float32")
    targets = ops.cast(targets, "float32")
    total = 0.0
    for start, stop in _columns(sizes):
        log_share = ops.log_softmax(logits[:, start:stop], axis=-1)
        total = total - ops.sum(targets[:, start:stop] * log_share, axis=-1)
    return total


def attribute_accuracy(logits, targets, sizes):
    """Share of the attributes that logits name rightly, for each example.

    Args:
        logits: float tensor of shape (batch, sum of `sizes`).
        targets: one-hot tensor of the same shape.
        sizes: list of int, classes of each attribute.

    Returns:
        float32 tensor of shape (batch,), from 0 to 1.

    Example:
        >>> from keras_latent.fader_losses import attribute_accuracy
        >>> logits, targets = [[3.0, 1.0, 0.0, 5.0]], [[1.0, 0.0, 1.0, 0.0]]
        >>> float(attribute_accuracy(logits, targets, [2, 2])[0])
        0.5
    """
    logits = ops.convert_to_tensor(logits)
    targets = ops.convert_to_tensor(targets)
    hits = [
        ops.cast(
            ops.argmax(logits[:, start:stop], axis=-1)
            == ops.argmax(targets[:, start:stop], axis=-1),
            "float32",
        )
        for start, stop in _columns(sizes)
    ]
    return sum(hits) / len(sizes)


def negative_loss(logits, targets, sizes):
    """Minus the classifier's loss: low where the classifier is most wrong.

    It has no lower bound: an encoder may push the classifier ever further
    from the truth, instead of to "cannot tell".

    Args:
        logits: float tensor of shape (batch, sum of `sizes`).
        targets: one-hot tensor of the same shape, the truth.
        sizes: list of int, classes of each attribute.

    Returns:
        float32 tensor of shape (batch,), at most 0.

    Example:
        >>> from keras_latent.fader_losses import negative_loss
        >>> round(float(negative_loss([[0.0, 0.0]], [[1.0, 0.0]], [2])[0]), 4)
        -0.6931
    """
    return -attribute_crossentropy(logits, targets, sizes)


def flip_loss(logits, targets, sizes, offsets):
    """The classifier's loss on a wrong class, which is at least 0.

    Args:
        logits: float tensor of shape (batch, sum of `sizes`).
        targets: one-hot tensor of the same shape, the truth.
        sizes: list of int, classes of each attribute.
        offsets: ints of shape (batch, attributes), each from 1 to the
            attribute's classes - 1, added to the true class in a circle. Of a
            binary attribute it is 1: the other class.

    Returns:
        float32 tensor of shape (batch,), from 0.

    Source: `autoencoder_step` in `src/training.py` of the authors.

    Example:
        >>> from keras_latent.fader_losses import flip_loss
        >>> loss = flip_loss([[0.0, 9.0]], [[1.0, 0.0]], [2], [[1]])
        >>> round(float(loss[0]), 4)
        0.0001
    """
    targets = ops.convert_to_tensor(targets)
    offsets = ops.cast(offsets, "int32")
    wrong = []
    for index, (start, stop) in enumerate(_columns(sizes)):
        truth = ops.argmax(targets[:, start:stop], axis=-1)
        shifted = ops.cast(truth, "int32") + offsets[:, index]
        wrong.append(ops.one_hot(shifted % sizes[index], sizes[index]))
    wrong = ops.concatenate(wrong, axis=-1)
    return attribute_crossentropy(logits, wrong, sizes)


def entropy_loss(logits, sizes):
    """The classifier's loss on "any class, equally likely".

    Args:
        logits: float tensor of shape (batch, sum of `sizes`).
        sizes: list of int, classes of each attribute.

    Returns:
        float32 tensor of shape (batch,); least, log of the classes summed
        over the attributes, where the classifier cannot tell.

    Example:
        >>> from keras_latent.fader_losses import entropy_loss
        >>> round(float(entropy_loss([[1.0, 1.0]], [2])[0]), 4)
        0.6931
    """
    uniform = [1.0 / size for size in sizes for _ in range(size)]
    targets = ops.convert_to_tensor([uniform], "float32")
    return attribute_crossentropy(logits, targets, sizes)


def _columns(sizes):
    """First column, and the one after the last, of each attribute."""
    stops = [sum(sizes[: index + 1]) for index in range(len(sizes))]
    return list(zip([0, *stops[:-1]], stops, strict=True))
