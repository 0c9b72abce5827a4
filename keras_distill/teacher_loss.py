"""What all distillation losses are: a Keras loss against the teacher."""

from typing import Any

import keras

from keras_distill._types import TensorLike


class TeacherLoss(keras.losses.Loss, keras.distillation.DistillationLoss):
    """Base class: a Keras loss whose targets are the teacher's outputs.

    `call(y_true, y_pred)` gets the teacher's and the student's outputs and
    returns one value per example. As a `keras.losses.Loss` it takes sample
    weights, scales under `tf.distribute` and works in `Model.compile`; as a
    `keras.distillation.DistillationLoss` it plugs into Keras' own Distiller.
    """

    def compute_loss(
        self,
        teacher_outputs: TensorLike,
        student_outputs: TensorLike,
        **kwargs: Any,
    ) -> TensorLike:
        """The mean over the batch, as `keras.distillation` calls it.

        Args:
            teacher_outputs: tensor, what the loss takes as targets.
            student_outputs: tensor, what it takes as predictions.
            **kwargs: of `keras.distillation`, not used.

        Returns:
            float32 scalar tensor.
        """
        return self(teacher_outputs, student_outputs)
