"""Metrics of a subclass model: accuracy of its classes, diversity."""

import keras
from keras import ops

from _keras_sparse_common.arguments import check_count
from keras_distill._types import Config, Dtype, TensorLike
from keras_distill.arguments import check_flag, check_temperature
from keras_distill.class_logits import class_logits
from keras_distill.diversity import diversity
from keras_distill.labels import check_same_batch, class_labels


@keras.saving.register_keras_serializable(package="keras_distill")
class SubclassAccuracy(keras.metrics.Mean):
    """Share of examples whose most probable class is the label.

    The class with the most probability in all its subclasses counts, which
    is not always the class of the most probable subclass.

    Args:
        num_classes: int from 1.
        name: string.
        dtype: as for every `keras.metrics.Metric`.

    Returns:
        Updated with integer labels of shape (batch,) or (batch, 1), subclass
        logits of shape (batch, num_classes * S) and perhaps sample weights;
        the result is a float in [0, 1].

    Raises:
        ValueError: as `keras_distill.SubclassCrossentropy`, also for labels
            out of range, which in compiled code make the result NaN.

    Source: the authors' `mnist_colab.ipynb`, accuracy of the class logits.

    Example:
        >>> import keras_distill as kd
        >>> accuracy = kd.SubclassAccuracy(num_classes=2)
        >>> accuracy.update_state([0, 0], [[2.0, 0, 0, 0], [0, 0, 0, 2.0]])
        >>> float(accuracy.result())
        0.5
    """

    def __init__(
        self,
        num_classes: int,
        name: str = "subclass_accuracy",
        dtype: Dtype | None = None,
    ) -> None:
        check_count("num_classes", num_classes)
        super().__init__(name=name, dtype=dtype)
        self.num_classes = int(num_classes)

    def update_state(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> None:
        y_pred = ops.convert_to_tensor(y_pred, "float32")
        logits = class_logits(y_pred, self.num_classes)
        labels = class_labels(y_true, self.num_classes)
        check_same_batch(labels, logits)
        right = ops.equal(
            ops.cast(ops.argmax(logits, axis=-1), "int32"), labels
        )
        values = ops.where(labels < 0, float("nan"), ops.cast(right, "float32"))
        super().update_state(values, sample_weight)

    def get_config(self) -> Config:
        return {**super().get_config(), "num_classes": self.num_classes}


@keras.saving.register_keras_serializable(package="keras_distill")
class SubclassDiversity(keras.metrics.Mean):
    """Mean diversity loss of the examples, each within its batch.

    0 means that all examples look alike; the lower, the more subclasses are
    in use. Compare values of equal batch sizes only.

    Args:
        temperature: positive float, of `keras_distill.diversity`.
        cross_replica: bool, as there.
        name: string.
        dtype: as for every `keras.metrics.Metric`.

    Returns:
        Updated with labels, which do not matter, subclass logits of shape
        (batch, K) and perhaps sample weights; the result is a float.

    Raises:
        ValueError: as `keras_distill.diversity`.

    Source: as `keras_distill.diversity`.

    Example:
        >>> import keras_distill as kd
        >>> metric = kd.SubclassDiversity()
        >>> metric.update_state([0, 1], [[1.0, 0.0], [0.0, 1.0]])
        >>> round(float(metric.result()), 3)
        -0.566
    """

    def __init__(
        self,
        temperature: float = 1.0,
        cross_replica: bool = True,
        name: str = "subclass_diversity",
        dtype: Dtype | None = None,
    ) -> None:
        check_temperature(temperature)
        check_flag("cross_replica", cross_replica)
        super().__init__(name=name, dtype=dtype)
        self.temperature = float(temperature)
        self.cross_replica = cross_replica

    def update_state(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> None:
        values = diversity(y_pred, self.temperature, self.cross_replica)
        super().update_state(values, sample_weight)

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "temperature": self.temperature,
            "cross_replica": self.cross_replica,
        }
