"""Trains a student on labels and on what a teacher says."""

import types
from collections.abc import Mapping, Sequence
from typing import Any, Self

import keras
from keras import ops

from _keras_sparse_common.nested_config import from_nested_config
from keras_distill._types import Config, Losses, TensorLike
from keras_distill.compared_outputs import ComparedOutputs
from keras_distill.compiled_loss_checks import check_compiled_loss
from keras_distill.distillation_terms import distillation_terms, shares
from keras_distill.distiller_checks import check_models, check_terms
from keras_distill.frozen_teacher import FrozenTeacher
from keras_distill.replicas import count_replicas


@keras.saving.register_keras_serializable(package="keras_distill")
class Distiller(FrozenTeacher):
    """A model that trains a student with the help of a teacher.

    Compile and fit it like the student: with `SubclassCrossentropy(num_classes,
    diversity_weight=0)` where its logits are of subclasses. The loss is
    `student_weight` times that, plus the weighted distillation losses, plus
    what the student adds by `add_loss` and regularizers, with weight 1. Sample
    and class weights hold for all but the last. It predicts what the student
    does; `distiller.student` is the trained model, free of the teacher.

    The teacher runs once in each step, as in inference, and no attribute or
    weight of it changes. That costs its forward time and memory at each step;
    `keras_distill.cache_teacher` pays it once where the inputs do not change.

    The logs have `loss`, `student_loss`, `distillation_loss` (the weighted
    mean of the distillation losses), and each of these if there are several.

    Args:
        teacher: built, trained `keras.Model`; it emits logits for the losses
            that compare logits. Its dtype may differ from the student's.
        student: built `keras.Model` that takes the same inputs.
        distillation_loss: a `keras.losses.Loss` whose targets are the
            teacher's outputs, such as `SubclassDistillation()`, a list of
            them, or, for models with a dict of outputs, a dict output name ->
            loss.
        distillation_weight: number from 0, shared equally by several losses,
            or a list or dict with one for each.
        student_weight: number from 0; None: what is left to 1.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: models that are not built, share weights, or do not fit the
            losses; a loss of `keras.distillation`; weights out of range; in
            `fit`, no `loss` in `compile` although it has a weight, or no
            labels for it.

    Source: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2; weights
        as in the `mnist_colab.ipynb` of Müller, Kornblith and Hinton 2020.
    Differs from `keras.distillation.Distiller` of Keras 3.15, which ignores
        sample weights and added losses, freezes the teacher for good, and
        must be compiled again after loading.

    Example:
        >>> import keras_distill as kd
        >>> x, y = keras.ops.ones((8, 4)), keras.ops.zeros((8,))
        >>> dense = keras.layers.Dense
        >>> teacher = keras.Sequential([keras.Input((4,)), dense(10)])
        >>> student = keras.Sequential([keras.Input((4,)), dense(10)])
        >>> loss = kd.SubclassDistillation()
        >>> distiller = kd.Distiller(teacher, student, loss)
        >>> distiller.compile("adam", kd.SubclassCrossentropy(2, 0.0))
        >>> sorted(distiller.fit(x, y, verbose=0).history)
        ['distillation_loss', 'loss', 'student_loss']
    """

    def __init__(
        self,
        teacher: keras.Model,
        student: keras.Model,
        distillation_loss: Losses,
        distillation_weight: float
        | Sequence[float]
        | Mapping[str, float] = 0.5,
        student_weight: float | None = None,
        name: str = "distiller",
        **kwargs: Any,
    ) -> None:
        check_models(teacher, student)
        terms, share = distillation_terms(
            distillation_loss, distillation_weight, student_weight
        )
        check_terms(terms, teacher, student)
        super().__init__(
            name=name, dtype=student.dtype_policy, autocast=False, **kwargs
        )
        self.teacher, self.student = teacher, student
        compared = ComparedOutputs(teacher, student, terms)
        self.adapters = compared.adapters
        # A namespace, so that Keras neither tracks nor saves what is in it.
        self._parts = types.SimpleNamespace(
            terms=terms,
            student_weight=share,
            compared=compared,
            config={
                "distillation_loss": distillation_loss,
                "distillation_weight": distillation_weight,
                "student_weight": student_weight,
            },
        )
        several = [term.name for term in terms] if len(terms) > 1 else []
        self.trackers = {
            tracked: keras.metrics.Mean(name=tracked)
            for tracked in ["student_loss", "distillation_loss", *several]
        }
        self.built = True

    def call(
        self, inputs: TensorLike, training: bool | None = None
    ) -> TensorLike:
        return self._parts.compared.run_student(inputs, training)

    def compute_loss(
        self,
        x: Any = None,
        y: Any = None,
        y_pred: Any = None,
        sample_weight: Any = None,
        training: bool = True,
    ) -> TensorLike:
        """The loss of a batch; see the class.

        Args:
            x, y, y_pred, sample_weight, training: as in
                `keras.Model.compute_loss`.

        Returns:
            float32 scalar tensor.

        Raises:
            ValueError: no compiled loss, or no labels for it, although it
                has a weight.
        """
        student, added = self._student_losses(x, y, y_pred, sample_weight)
        values = self._distillation_losses(x, y_pred, sample_weight, training)
        terms, own = self._parts.terms, self._parts.student_weight
        parts = shares([term.weight for term in terms])
        shared = zip(parts, values, strict=True)
        tracked = {"distillation_loss": sum(part * v for part, v in shared)}
        if len(terms) > 1:
            names = [term.name for term in terms]
            tracked.update(zip(names, values, strict=True))
        if student is not None:
            tracked["student_loss"] = student
        self._track(tracked, x)
        total = sum(t.weight * v for t, v in zip(terms, values, strict=True))
        if student is not None:
            total = total + own * student
        return total if added is None else total + added

    def _student_losses(self, x, y, y_pred, sample_weight):
        """The compiled loss, or None, and the added losses, or None."""
        own = self._parts.student_weight
        check_compiled_loss(self.loss, own, y, y_pred)
        added = None
        if self.losses:
            flat = [ops.cast(ops.sum(v), "float32") for v in self.losses]
            added = sum(flat) / count_replicas()
        if self.loss is None:
            return None, added
        both = super().compute_loss(x, y, y_pred, sample_weight)
        return (both if added is None else both - added), added

    def _distillation_losses(self, x, y_pred, sample_weight, training):
        """One loss for each term, not weighted."""
        pairs = self._parts.compared.pairs(x, y_pred, training)
        values = []
        for term, pair in zip(self._parts.terms, pairs, strict=True):
            weight = sample_weight
            if isinstance(weight, dict):
                weight = weight.get(term.output)
            values.append(term.loss(*pair, sample_weight=weight))
        return values

    def _track(self, values, x):
        """Adds values, scaled for replicas, to the means of the epoch."""
        given = (part for part in keras.tree.flatten(x) if part is not None)
        batch = ops.shape(next(given))[0]
        for name, value in values.items():
            value = ops.stop_gradient(value) * count_replicas()
            self.trackers[name].update_state(value, sample_weight=batch)

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        """Metrics of the logs; no `student_loss` where no loss is compiled."""
        hidden = self.trackers["student_loss"] if self.loss is None else None
        return [m for m in super().metrics if m is not hidden]

    def export(self, *args: Any, **kwargs: Any) -> Any:
        """Exports the student alone, as `keras.Model.export` does."""
        return self.student.export(*args, **kwargs)

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        config = {
            "name": self.name,
            "trainable": self.trainable,
            "teacher": self.teacher,
            "student": self.student,
            **self._parts.config,
        }
        return {key: serialize(value) for key, value in config.items()}

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        return from_nested_config(cls, config, custom_objects)
