"""The loss of a student that trains on cached teacher outputs."""

from typing import Self

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count, check_number
from keras_distill._types import Config, TensorLike
from keras_distill.packed_labels import split_targets


@keras.saving.register_keras_serializable(package="keras_distill")
class CachedDistillation(keras.losses.Loss):
    """A student's loss on labels and on cached teacher outputs, in one.

    `(1 - w) * loss + w * distillation_loss`, each per example, with
    `w = distillation_weight`: what `keras_distill.Distiller` minimises,
    without the teacher.

    Args:
        loss: `keras.losses.Loss` on the labels. None with `label_columns=0`:
            the teacher's outputs alone count.
        distillation_loss: `keras.losses.Loss` of the teacher's and the
            student's outputs, such as `keras_distill.SubclassDistillation`.
        distillation_weight: float in [0, 1]; 1 without labels.
        label_columns: int from 0, `TeacherCache.label_columns`: 1 for
            integers, the number of classes for one-hot labels.
        name: string.
        reduction: as for every `keras.losses.Loss`, for both losses.

    Returns:
        Called with packed targets of shape (batch, label_columns + K), as
        `TeacherCache.attach` makes them, and the student's outputs: the loss.

    Raises:
        ValueError: an argument out of its range; targets without teacher
            outputs.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936, loss of the
        student; `w = 0.5` in the authors' `mnist_colab.ipynb`.

    Example:
        >>> import keras_distill as kd
        >>> loss = kd.CachedDistillation(
        ...     kd.SubclassCrossentropy(2, diversity_weight=0.0),
        ...     kd.SubclassDistillation(temperature=1.0),
        ... )
        >>> targets = [[1.0, 0.0, 0.0, 0.0, 0.0]]  # label 1, then 4 logits
        >>> round(float(loss(targets, [[0.0, 0.0, 0.0, 0.0]])), 4)  # log 2, 4
        1.0397
    """

    def __init__(
        self,
        loss: keras.losses.Loss | None,
        distillation_loss: keras.losses.Loss,
        distillation_weight: float = 0.5,
        label_columns: int = 1,
        name: str = "cached_distillation",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        check_count("label_columns", label_columns, minimum=0)
        check_number("distillation_weight", distillation_weight, high=1.0)
        super().__init__(name=name, reduction=reduction, dtype="float32")
        _check_labels_used(loss, label_columns, distillation_weight)
        if loss is not None:
            _check_loss("loss", loss, self.reduction)
        _check_loss("distillation_loss", distillation_loss, self.reduction)
        self.loss = loss
        self.distillation_loss = distillation_loss
        self.distillation_weight = distillation_weight
        self.label_columns = label_columns

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> TensorLike:
        labels, outputs = split_targets(y_true, self.label_columns)
        distillation = _per_example(self.distillation_loss, outputs, y_pred)
        if self.loss is None:
            return distillation
        own = _per_example(self.loss, labels, y_pred)
        weight = self.distillation_weight
        return (1.0 - weight) * own + weight * distillation

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        return {
            **super().get_config(),
            "loss": serialize(self.loss),
            "distillation_loss": serialize(self.distillation_loss),
            "distillation_weight": self.distillation_weight,
            "label_columns": self.label_columns,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        deserialize = keras.saving.deserialize_keras_object
        losses = {
            name: deserialize(config[name])
            for name in ("loss", "distillation_loss")
        }
        return cls(**{**config, **losses})


def _per_example(loss, targets, outputs):
    values = loss.call(targets, outputs)
    if len(values.shape) != 1:
        raise ValueError(
            "Each loss must give one value for each example. Received: shape "
            f"{tuple(values.shape)} of {loss.name!r}."
        )
    return ops.cast(values, "float32")


def _check_labels_used(loss, label_columns, distillation_weight):
    if (loss is None) != (label_columns == 0):
        raise ValueError(
            "`loss` must be None exactly where `label_columns` is 0: it is "
            f"about the labels. Received: loss={loss!r} and "
            f"label_columns={label_columns}."
        )
    if loss is None and distillation_weight != 1:
        raise ValueError(
            "`distillation_weight` must be 1 without labels. "
            f"Received: {distillation_weight!r}."
        )


def _check_loss(name, loss, reduction):
    if not isinstance(loss, keras.losses.Loss):
        raise ValueError(
            f"`{name}` must be an instance of keras.losses.Loss, such as "
            "`keras.losses.SparseCategoricalCrossentropy(from_logits=True)`. "
            f"Received: {loss!r}."
        )
    if loss.reduction != reduction:
        raise ValueError(
            f"`{name}` must have the reduction of the whole: {reduction!r}. "
            f"Received: {loss.reduction!r}. Give `reduction` to "
            "CachedDistillation alone."
        )
