"""The auxiliary loss that makes a teacher use all of its subclasses."""

from keras import ops

from keras_distill._types import TensorLike
from keras_distill.arguments import check_flag, check_temperature
from keras_distill.replicas import gather_replicas

_VARIANCE_EPSILON = 1e-9  # the authors' notebook


def standardize(subclass_logits):
    """Each example's logits, centred and of length 1.

    The dot product of two examples is the correlation of their logits.
    Logits that are all equal have no direction: they become 0.

    Args:
        subclass_logits: float tensor of shape (batch, K).

    Returns:
        float32 tensor of shape (batch, K).

    Source: the authors' `mnist_colab.ipynb`, `negative_sampling_loss`: mean
        and population variance per example, epsilon 1e-9.

    Example:
        >>> import keras
        >>> from keras_distill.diversity import standardize
        >>> keras.ops.convert_to_numpy(standardize([[3.0, 1.0]])).round(1)
        array([[ 0.7, -0.7]], dtype=float32)
    """
    logits = ops.cast(subclass_logits, "float32")
    centred = logits - ops.mean(logits, axis=-1, keepdims=True)
    variance = ops.mean(ops.square(centred), axis=-1, keepdims=True)
    width = float(logits.shape[-1])
    return centred * ops.rsqrt(variance + _VARIANCE_EPSILON) / width**0.5


def diversity(
    subclass_logits: TensorLike,
    temperature: float = 1.0,
    cross_replica: bool = True,
) -> TensorLike:
    """Diversity loss per example: low where the batch uses many subclasses.

    `logsumexp_j(v_i v_j / T) - 1 / T - log(n)` over all `n` examples `j` of
    the batch, itself included, with `v` from `standardize`. It is 0 if all
    examples have the same standardised logits (collapse), and negative
    otherwise; adding a constant to an example's logits, or scaling them by a
    positive one, changes nothing.

    Args:
        subclass_logits: float tensor of shape (batch, K), K from 2.
        temperature: positive float, `T`.
        cross_replica: bool. Under `tf.distribute`, compare with the examples
            of all replicas, so that the loss is that of one device; False:
            with those of the same replica, as the authors' code does.

    Returns:
        float32 tensor of shape (batch,).

    Raises:
        ValueError: `temperature` is not positive, `cross_replica` is no bool,
            or the logits are no matrix of at least two columns.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936, auxiliary
        loss; the authors' `mnist_colab.ipynb`, `negative_sampling_loss`.
    Differs from the authors' code: one value per example instead of the mean,
        so that sample weights work; all replicas instead of one.

    Example:
        >>> import keras
        >>> import numpy as np
        >>> import keras_distill as kd
        >>> collapsed = np.tile(np.array([[1.0, 0.0, 0.0, 0.0]]), (8, 1))
        >>> abs(float(keras.ops.mean(kd.diversity(collapsed)))) < 1e-5
        True
    """
    check_temperature(temperature)
    check_flag("cross_replica", cross_replica)
    subclass_logits = ops.convert_to_tensor(subclass_logits)
    _check_matrix(tuple(subclass_logits.shape))
    queries = standardize(subclass_logits)
    keys = gather_replicas(queries) if cross_replica else queries
    similarity = ops.matmul(queries, ops.transpose(keys)) / temperature
    count = ops.cast(ops.shape(keys)[0], "float32")
    return ops.logsumexp(similarity, -1) - 1.0 / temperature - ops.log(count)


def _check_matrix(shape):
    if len(shape) != 2 or (shape[-1] or 0) < 2:
        raise ValueError(
            "`subclass_logits` must have the shape (batch, K), with K known "
            f"and at least 2. Received: shape {shape}. Reshape sequences to "
            "one row per example; for no diversity loss at all take "
            "`diversity_weight=0`."
        )
