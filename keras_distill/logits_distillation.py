"""Distillation of a teacher's logits, of classes or of subclasses."""

import keras

from _keras_sparse_common.arguments import check_count
from keras_distill._types import Config, TensorLike
from keras_distill.arguments import check_temperature
from keras_distill.class_logits import class_logits
from keras_distill.soft_targets import soft_target_crossentropy
from keras_distill.teacher_loss import TeacherLoss


@keras.saving.register_keras_serializable(package="keras_distill")
class SubclassDistillation(TeacherLoss):
    """Distils a teacher's subclass logits into a student that has as many.

    Args:
        temperature: positive float; the authors use 4.
        name: string.
        reduction: as for every `keras.losses.Loss`.

    Returns:
        Called with the teacher's and the student's logits, both of shape
        (batch, K): the mean soft-target crossentropy times `temperature**2`.

    Raises:
        ValueError: `temperature` is not positive; other shapes at the call.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936; the authors'
        `mnist_colab.ipynb`, `distillation_loss`, T = 4.

    Example:
        >>> import keras_distill as kd
        >>> kd.SubclassDistillation(temperature=4.0).get_config()["temperature"]
        4.0
    """

    def __init__(
        self,
        temperature: float = 4.0,
        name: str = "subclass_distillation",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        check_temperature(temperature)
        super().__init__(name=name, reduction=reduction)
        self.temperature = float(temperature)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> TensorLike:
        return soft_target_crossentropy(y_true, y_pred, self.temperature)

    def get_config(self) -> Config:
        return {**super().get_config(), "temperature": self.temperature}


@keras.saving.register_keras_serializable(package="keras_distill")
class LogitsDistillation(TeacherLoss):
    """Conventional distillation: the student matches the class logits.

    Args:
        temperature: positive float.
        num_classes: int, or None. With a number, a teacher or student whose
            logits are of subclasses counts with its class logits, so that a
            subclass teacher can teach a plain student.
        name: string.
        reduction: as for every `keras.losses.Loss`.

    Returns:
        Called with the teacher's and the student's logits: the mean
        soft-target crossentropy times `temperature**2`.

    Raises:
        ValueError: `temperature` is not positive; widths that do not fit.

    Source: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2.
    Differs from `keras.distillation.LogitsDistillation` of Keras 3.15, whose
        default compares raw logits without a softmax.

    Example:
        >>> import keras_distill as kd
        >>> loss = kd.LogitsDistillation(temperature=2.0, num_classes=2)
        >>> teacher, student = [[0.0, 0.0, 5.0, 5.0]], [[0.0, 5.0]]
        >>> round(float(loss(teacher, student)), 3)
        1.074
    """

    def __init__(
        self,
        temperature: float = 4.0,
        num_classes: int | None = None,
        name: str = "logits_distillation",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        check_temperature(temperature)
        if num_classes is not None:
            check_count("num_classes", num_classes)
        super().__init__(name=name, reduction=reduction)
        self.temperature = float(temperature)
        self.num_classes = None if num_classes is None else int(num_classes)

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> TensorLike:
        if self.num_classes is not None:
            y_true = class_logits(y_true, self.num_classes)
            y_pred = class_logits(y_pred, self.num_classes)
        return soft_target_crossentropy(y_true, y_pred, self.temperature)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "num_classes": self.num_classes,
        }
