"""Metrics of a student that trains on cached teacher outputs."""

from typing import Self

import keras

from _keras_sparse_common.arguments import check_count
from keras_distill._types import Config, Dtype, TensorLike
from keras_distill.packed_labels import split_targets


@keras.saving.register_keras_serializable(package="keras_distill")
class OnLabels(keras.metrics.Metric):
    """A metric on the labels of packed targets.

    Args:
        metric: `keras.metrics.Metric` on labels and the student's outputs.
        label_columns: int from 1, as in `CachedDistillation`.
        name: string; None: the metric's own.
        dtype: as for every `keras.metrics.Metric`.

    Returns:
        Updated with packed targets, outputs and perhaps sample weights; the
        result is that of `metric`.

    Raises:
        ValueError: `metric` is no metric; targets without teacher outputs.

    Source: Keras 3 hands every metric the whole targets of its output.

    Example:
        >>> import keras_distill as kd
        >>> accuracy = kd.OnLabels(kd.SubclassAccuracy(num_classes=2))
        >>> targets = [[1.0, 0.5, 2.0, 0.0, 0.0]]
        >>> accuracy.update_state(targets, [[0.0, 0.0, 3.0, 0.0]])
        >>> float(accuracy.result())
        1.0
    """

    def __init__(
        self,
        metric: keras.metrics.Metric,
        label_columns: int = 1,
        name: str | None = None,
        dtype: Dtype | None = None,
    ) -> None:
        if not isinstance(metric, keras.metrics.Metric):
            raise ValueError(
                "`metric` must be a keras.metrics.Metric, such as "
                "`keras.metrics.SparseCategoricalAccuracy()`. "
                f"Received: {metric!r}."
            )
        check_count("label_columns", label_columns)
        super().__init__(name=name or metric.name, dtype=dtype)
        self.metric = metric
        self.label_columns = label_columns

    def update_state(
        self,
        y_true: TensorLike,
        y_pred: TensorLike,
        sample_weight: TensorLike | None = None,
    ) -> None:
        labels, _ = split_targets(y_true, self.label_columns)
        self.metric.update_state(labels, y_pred, sample_weight)

    def result(self) -> TensorLike:
        return self.metric.result()

    def reset_state(self) -> None:
        self.metric.reset_state()

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "metric": keras.saving.serialize_keras_object(self.metric),
            "label_columns": self.label_columns,
        }

    @classmethod
    def from_config(cls, config: Config) -> Self:
        metric = keras.saving.deserialize_keras_object(config["metric"])
        return cls(**{**config, "metric": metric})
