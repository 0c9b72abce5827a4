"""Crossentropy between a teacher's and a student's softened predictions."""

from keras import ops

from keras_distill.arguments import check_temperature


def soft_target_crossentropy(teacher_logits, student_logits, temperature):
    """Crossentropy with the teacher's softmax at a temperature, per example.

    `-sum(softmax(z_t / T) * log_softmax(z_s / T)) * T^2`, in float32 and in
    logarithms, so that no logit gap clips the gradient. It has the gradient
    of the Kullback-Leibler divergence; the teacher gets none.

    Args:
        teacher_logits: float tensor of shape (..., K).
        student_logits: float tensor of the same shape.
        temperature: positive float, `T`.

    Returns:
        float32 tensor of shape (...).

    Raises:
        ValueError: `temperature` is not positive, or the shapes differ.

    Source: Hinton, Vinyals and Dean 2015, arXiv:1503.02531, section 2; the
        authors' `mnist_colab.ipynb` of subclass distillation,
        `distillation_loss`.

    Example:
        >>> import keras
        >>> from keras_distill.soft_targets import soft_target_crossentropy
        >>> loss = soft_target_crossentropy([[0.0, 30.0]], [[30.0, 0.0]], 1.0)
        >>> round(float(keras.ops.convert_to_numpy(loss)[0]), 4)
        30.0
    """
    check_temperature(temperature)
    teacher = ops.cast(ops.convert_to_tensor(teacher_logits), "float32")
    student = ops.cast(ops.convert_to_tensor(student_logits), "float32")
    check_same_logits(teacher.shape, student.shape)
    targets = ops.softmax(ops.stop_gradient(teacher) / temperature)
    logs = ops.log_softmax(student / temperature)
    return -ops.sum(targets * logs, axis=-1) * temperature**2


def check_same_logits(teacher_shape, student_shape):
    """Raises unless teacher and student have logits of one shape.

    Args:
        teacher_shape, student_shape: tuples of int, or None where unknown.

    Raises:
        ValueError: another number of axes or of logits, or other examples.
    """
    teacher_shape, student_shape = tuple(teacher_shape), tuple(student_shape)
    same = len(teacher_shape) == len(student_shape) > 0 and all(
        None in pair or pair[0] == pair[1]
        for pair in zip(teacher_shape, student_shape, strict=True)
    )
    if not same:
        raise ValueError(
            "Teacher and student must have logits of the same shape. "
            f"Received: {teacher_shape} of the teacher and {student_shape} of "
            "the student. Give the student's last layer as many units, or use "
            "`LogitsDistillation(num_classes=...)` to compare their classes."
        )
