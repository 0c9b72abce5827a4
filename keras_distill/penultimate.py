"""Distillation of a teacher's last features, through a random projection."""

import functools

import keras
import numpy as np
from keras import ops

from _keras_sparse_common.arguments import check_count
from keras_distill._types import Config, TensorLike
from keras_distill.diversity import standardize
from keras_distill.features import flatten_features, penultimate_layer
from keras_distill.teacher_loss import TeacherLoss


@functools.lru_cache(maxsize=16)
def random_projection(width, units, seed):
    """Fixed Gaussian matrix, the same on every backend.

    Args:
        width: int, number of features.
        units: int, number of projections.
        seed: int of `numpy.random.default_rng`.

    Returns:
        float32 array of shape (width, units); squared lengths are kept on
        average over the seeds, up to the factor `units`.
    """
    matrix = np.random.default_rng(seed).normal(size=(width, units))
    return (matrix / width**0.5).astype("float32")


def projected_targets(features, units, seed):
    """Random projections of features; mean 0, variance 1 in each example.

    Args:
        features: float tensor of shape (batch, ...), sizes known.
        units: int from 2.
        seed: int.

    Returns:
        float32 tensor of shape (batch, units), without a gradient.
    """
    features = flatten_features(ops.stop_gradient(features))
    projection = random_projection(features.shape[1], units, seed)
    return standardize(ops.matmul(features, projection)) * units**0.5


@keras.saving.register_keras_serializable(package="keras_distill")
class PenultimateDistillation(TeacherLoss):
    """Distils the teacher's last features instead of its logits: a baseline.

    The teacher's features go through a fixed random projection to `units`
    numbers, standardised in each example. In `keras_distill.Distiller` the
    student's features go through a trainable affine map to as many, which
    belongs to the Distiller and not to the student.

    Args:
        units: int from 2. As many as the logits of subclasses makes the two
            methods comparable.
        teacher_layer: str, name of the teacher's layer; None: the one whose
            output enters the last layer with weights.
        student_layer: str or None, the same of the student.
        seed: int from 0, of the projection and of the student's map.
        name: string.
        reduction: as for every `keras.losses.Loss`.

    Returns:
        Called with the teacher's features of shape (batch, ...) and `units`
        numbers of the student for each example: the mean squared difference.

    Raises:
        ValueError: an argument out of its range; the student's numbers are
            not `units`.

    Source: the baseline "penultimate layer distillation" that Müller,
        Kornblith and Hinton 2020, arXiv:2002.03936, compare with. Their
        notebook does not contain it.
    Differs from the paper as far as it is unknown: projection, its width, and
        the standardisation by example are ours.

    Example:
        >>> import keras_distill as kd
        >>> loss = kd.PenultimateDistillation(units=4)
        >>> features, student = np.ones((3, 16)), np.zeros((3, 4))
        >>> round(float(loss(features, student)), 3)
        1.0
    """

    def __init__(
        self,
        units: int = 10,
        teacher_layer: str | None = None,
        student_layer: str | None = None,
        seed: int = 0,
        name: str = "penultimate_distillation",
        reduction: str | None = "sum_over_batch_size",
    ) -> None:
        check_count("units", units, minimum=2)
        check_count("seed", seed, minimum=0)
        _check_layer("teacher_layer", teacher_layer)
        _check_layer("student_layer", student_layer)
        super().__init__(name=name, reduction=reduction)
        self.units = units
        self.teacher_layer = teacher_layer
        self.student_layer = student_layer
        self.seed = seed

    def call(self, y_true: TensorLike, y_pred: TensorLike) -> TensorLike:
        if tuple(y_pred.shape[1:]) != (self.units,):
            raise ValueError(
                f"The student's features must have the shape (batch, "
                f"{self.units}), as `units` says. Received: shape "
                f"{tuple(y_pred.shape)}. `keras_distill.Distiller` maps "
                "features of any width; elsewhere choose `units` to fit."
            )
        targets = projected_targets(y_true, self.units, self.seed)
        return ops.mean(ops.square(targets - y_pred), axis=-1)

    def layers(
        self, teacher: keras.Model, student: keras.Model
    ) -> tuple[str, str]:
        """Names of the two layers, found where they were not given.

        Args:
            teacher, student: built `keras.Model`.

        Returns:
            (name of the teacher's layer, name of the student's).

        Raises:
            ValueError: a model in which no such layer is found.
        """
        return (
            self.teacher_layer or penultimate_layer(teacher, "teacher_layer"),
            self.student_layer or penultimate_layer(student, "student_layer"),
        )

    @property
    def teacher_layer_name(self) -> str | None:
        """`teacher_layer`, as `keras.distillation.Distiller` asks for it."""
        return self.teacher_layer

    @property
    def student_layer_name(self) -> str | None:
        """`student_layer`, as `keras.distillation.Distiller` asks for it."""
        return self.student_layer

    def validate_model_compatibility(
        self, teacher: keras.Model, student: keras.Model
    ) -> None:
        """Checks models for `keras.distillation.Distiller`, which calls this.

        Args:
            teacher, student: built `keras.Model`.

        Raises:
            ValueError: `teacher_layer` or `student_layer` was not given.
        """
        if self.teacher_layer is None or self.student_layer is None:
            found = self.layers(teacher, student)
            raise ValueError(
                "`keras.distillation.Distiller` needs the names of both "
                f"layers. Give `teacher_layer={found[0]!r}` and "
                f"`student_layer={found[1]!r}`, or use "
                "`keras_distill.Distiller`."
            )

    def get_config(self) -> Config:
        return {
            **super().get_config(),
            "units": self.units,
            "teacher_layer": self.teacher_layer,
            "student_layer": self.student_layer,
            "seed": self.seed,
        }


def _check_layer(name, value):
    if value is not None and not isinstance(value, str):
        raise ValueError(
            f"`{name}` must be the name of a layer, or None. "
            f"Received: {name}={value!r}."
        )
