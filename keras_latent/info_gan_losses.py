"""How well codes are read back from what was drawn with them."""

import math

from keras import ops

# A code that is read without error would else have a variance of 0.
LEAST_LOG_VARIANCE = -8.0


def information_losses(
    codes, readings, categorical, continuous, learned_variance=False
):
    """-log Q(c | x) of each code of each example.

    `code_entropy` minus the mean of their sum is a lower bound of the mutual
    information of codes and examples.

    Args:
        codes: tensor of shape (batch, sum(categorical) + continuous): a
            one-hot code for each categorical one, then the continuous ones.
        readings: tensor of shape (batch, columns): logits of each categorical
            code, means of the continuous ones, and, with `learned_variance`,
            logarithms of their variances.
        categorical: list of int, classes of each categorical code.
        continuous: int, number of continuous codes.
        learned_variance: bool; False: the variance is 1.

    Returns:
        float32 tensor of shape (batch, len(categorical) + continuous).

    Source: Chen et al. 2016, arXiv:1606.03657, equations 4 and 5; `logli` in
        `infogan/misc/distributions.py` of the authors.
    Differs from the authors' in a least learned variance, exp(-8).

    Example:
        >>> from keras_latent.info_gan_losses import information_losses
        >>> codes, readings = [[1.0, 0.0, 0.5]], [[0.0, 0.0, 0.5]]
        >>> losses = information_losses(codes, readings, [2], 1)
        >>> [round(float(loss), 4) for loss in losses[0]]
        [0.6931, 0.9189]
    """
    codes = ops.cast(codes, "float32")
    readings = ops.cast(readings, "float32")
    losses, start = [], 0
    for classes in categorical:
        part = slice(start, start + classes)
        scores = ops.log_softmax(readings[:, part])
        losses.append(-ops.sum(codes[:, part] * scores, axis=1, keepdims=True))
        start += classes
    stop = start + continuous
    error = ops.square(codes[:, start:] - readings[:, start:stop])
    scale = math.log(2 * math.pi)
    if learned_variance:
        variance = ops.maximum(readings[:, stop:], LEAST_LOG_VARIANCE)
        error, scale = error * ops.exp(-variance), scale + variance
    return ops.concatenate([*losses, (error + scale) / 2], axis=1)


def code_entropy(categorical, continuous):
    """Entropy in nats of categorical codes and of codes in U[-1, 1].

    Args:
        categorical: list of int, classes of each, all as likely.
        continuous: int, number of continuous codes.

    Returns:
        float.

    Source: Chen et al. 2016, arXiv:1606.03657, equation 5, H(c).

    Example:
        >>> from keras_latent.info_gan_losses import code_entropy
        >>> round(code_entropy([10], 2), 4)
        3.6889
    """
    return sum(map(math.log, categorical)) + continuous * math.log(2)


def code_scores(codes, readings, categorical, continuous):
    """Whether, or how nearly, each code is read back.

    Args:
        codes, readings, categorical, continuous: see `information_losses`.

    Returns:
        Dict of float32 tensors of shape (batch,), by the number i of the
        code: `code_<i>_accuracy` of a categorical code, 0 or 1, and
        `code_<i>_error` of a continuous one, the squared difference.

    Example:
        >>> from keras_latent.info_gan_losses import code_scores
        >>> codes, readings = [[1.0, 0.0, 0.5]], [[3.0, 2.0, 0.0]]
        >>> {k: v.numpy().tolist() for k, v in
        ...  code_scores(codes, readings, [2], 1).items()}
        {'code_0_accuracy': [1.0], 'code_1_error': [0.25]}
    """
    codes = ops.cast(codes, "float32")
    readings = ops.cast(readings, "float32")
    scores, start = {}, 0
    names = score_names(categorical, continuous)
    sizes = [*categorical, *[1] * continuous]
    for name, classes in zip(names, sizes, strict=True):
        given = codes[:, start : start + classes]
        read = readings[:, start : start + classes]
        if name.endswith("accuracy"):
            hits = ops.argmax(given, axis=1) == ops.argmax(read, axis=1)
            scores[name] = ops.cast(hits, "float32")
        else:
            scores[name] = ops.square(given - read)[:, 0]
        start += classes
    return scores


def score_names(categorical, continuous):
    """The keys of `code_scores`, in the order of the codes."""
    first = len(categorical)
    names = [f"code_{i}_accuracy" for i in range(first)]
    return names + [f"code_{first + i}_error" for i in range(continuous)]
