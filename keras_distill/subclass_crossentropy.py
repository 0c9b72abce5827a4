"""The loss of a subclass teacher: crossentropy of classes plus diversity."""

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count, check_number
from keras_distill._types import Config, TensorLike
from keras_distill.arguments import check_flag, check_temperature
from keras_distill.class_logits import class_logits
from keras_distill.diversity import diversity
from keras_distill.labels import (
    check_same_batch,
    class_labels,
    spoil_invalid,
)


@keras.saving.register_keras_serializable(package="keras_distill")
class SubclassCrossentropy(keras.losses.Loss):
    """Crossentropy of the class logits, plus the diversity of subclasses.

    A teacher trains with the diversity loss; a student, which learns its
    subclasses from the teacher, takes `diversity_weight=0`.

    Args:
        num_classes: int from 1, the number of labelled classes.
        diversity_weight: float from 0, weight of `keras_distill.diversity`;
            the authors use 1.
        diversity_temperature: positive float; the authors use 1.
        cross_replica: bool, as in `keras_distill.diversity`.
        name: string.
        reduction: as for every `keras.losses.Loss`.

    Returns:
        Called with integer class labels of shape (batch,) or (batch, 1) and
        subclass logits of shape (batch, num_classes * S): the mean loss, in
        float32.

    Raises:
        ValueError: an argument out of its range; one-hot labels; labels
            outside [0, num_classes). For those, a TensorFlow graph raises
            `tf.errors.InvalidArgumentError`; compiled by XLA (on JAX, or by
            `jit_compile=True`), which cannot raise, the loss is NaN.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936; the authors'
        `mnist_colab.ipynb`.
    Differs from the authors' code: sample weights, also on the diversity.

    Example:
        >>> import keras_distill as kd
        >>> loss = kd.SubclassCrossentropy(2, diversity_weight=0.0)
        >>> round(float(loss([1], [[0.0, 0.0, 0.0, 0.0]])), 4)
        0.6931
    """

    def __init__(
        self,
        num_classes: int,
        diversity_weight: float = 1.0,
        diversity_temperature: float = 1.0,
        cross_replica: bool = True,
        name: str = "subclass_crossentropy",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        check_count("num_classes", num_classes)
        check_number("diversity_weight", diversity_weight)
        check_temperature(diversity_temperature, "diversity_temperature")
        check_flag("cross_replica", cross_replica)
        super().__init__(name=name, reduction=reduction)
        self.num_classes = int(num_classes)
        self.diversity_weight = float(diversity_weight)
        self.diversity_temperature = float(diversity_temperature)
        self.cross_replica = cross_replica

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> TensorLike:
        y_pred = ops.cast(y_pred, "float32")
        logits = class_logits(y_pred, self.num_classes)
        labels = class_labels(y_true, self.num_classes)
        check_same_batch(labels, y_pred)
        loss = keras.losses.sparse_categorical_crossentropy(
            ops.maximum(labels, 0), logits, from_logits=True
        )
        loss = spoil_invalid(loss, labels)
        if self.diversity_weight:
            loss = loss + self.diversity_weight * diversity(
                y_pred, self.diversity_temperature, self.cross_replica
            )
        return loss

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "num_classes": self.num_classes,
            "diversity_weight": self.diversity_weight,
            "diversity_temperature": self.diversity_temperature,
            "cross_replica": self.cross_replica,
        }
