"""Subclass logits summed to class logits: the head of a subclass model."""

from typing import Any

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count
from keras_distill._types import Config, Shape, TensorLike
from keras_distill.arguments import check_multiple


def class_logits(subclass_logits: TensorLike, num_classes: int) -> TensorLike:
    """Class logits of subclass logits: logsumexp over contiguous blocks.

    The softmax of the result is the sum of the subclasses' probabilities.

    Args:
        subclass_logits: float tensor of shape (..., num_classes * S). The
            subclasses of class `c` are the entries from `c * S` up to, not
            including, `(c + 1) * S`.
        num_classes: int from 1, a divisor of the last axis.

    Returns:
        Float tensor of shape (..., num_classes), same dtype.

    Raises:
        ValueError: the last axis is unknown or no multiple of `num_classes`.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936; the authors'
        `mnist_colab.ipynb`, function `class_logits_from_subclass_logits`.
    Differs from the authors' code: any number of leading axes.

    Example:
        >>> import numpy as np
        >>> import keras_distill as kd
        >>> halves = np.log(np.array([[0.1, 0.2, 0.3, 0.4]], "float32"))
        >>> probabilities = keras.ops.softmax(kd.class_logits(halves, 2))
        >>> keras.ops.convert_to_numpy(probabilities).round(4).tolist()
        [[0.30000001192092896, 0.699999988079071]]
    """
    if keras.utils.is_keras_tensor(subclass_logits):
        return ClassLogits(num_classes)(subclass_logits)
    logits = ops.convert_to_tensor(subclass_logits)
    if not keras.backend.is_float_dtype(logits.dtype):
        logits = ops.cast(logits, keras.config.floatx())
    check_multiple(logits.shape, num_classes)
    *leading, width = logits.shape
    if leading.count(None) == 1:  # static where possible: smaller exports
        leading[leading.index(None)] = -1
    elif None in leading:
        leading = ops.shape(logits)[:-1]
    blocks = (*leading, num_classes, width // num_classes)
    return ops.logsumexp(ops.reshape(logits, blocks), axis=-1)


@keras.saving.register_keras_serializable(package="keras_distill")
class ClassLogits(keras.layers.Layer):
    """Layer that turns subclass logits into class logits.

    Args:
        num_classes: int from 1, a divisor of the input's last axis.
        **kwargs: as for every `keras.layers.Layer`.

    Returns:
        Float tensor of shape (..., num_classes), for an input of shape
        (..., num_classes * S).

    Raises:
        ValueError: `num_classes` is no positive integer, or the last axis of
            the input is no multiple of it.

    Source: as `keras_distill.class_logits`.

    Example:
        >>> import keras_distill as kd
        >>> teacher = keras.Sequential(
        ...     [keras.Input((8,)), keras.layers.Dense(10), kd.ClassLogits(2)]
        ... )
        >>> teacher.output_shape
        (None, 2)
    """

    def __init__(self, num_classes: int, **kwargs: Any) -> None:
        check_count("num_classes", num_classes)
        super().__init__(**kwargs)
        self.num_classes = int(num_classes)
        self.supports_masking = True

    def call(self, inputs: TensorLike) -> TensorLike:
        return class_logits(inputs, self.num_classes)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        check_multiple(input_shape, self.num_classes)
        return (*input_shape[:-1], self.num_classes)

    def get_config(self) -> Config:
        return {**super().get_config(), "num_classes": self.num_classes}
