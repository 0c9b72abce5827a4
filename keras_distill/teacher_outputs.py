"""A teacher run on one batch, and what a teacher must be."""

import keras
import numpy as np

from keras_distill.probabilities import emits_probabilities
from keras_distill.symbolic_inputs import is_graph


def check_teacher(teacher):
    """Raises unless `teacher` is a built model of one output of logits."""
    if not isinstance(teacher, keras.Model):
        raise ValueError(
            "`teacher` must be a keras.Model. "
            f"Received: {type(teacher).__name__}."
        )
    if not teacher.built:
        raise ValueError(
            f"`teacher` must be built, with its trained weights. Received: "
            f"{teacher.name!r}, not built. Call it on a batch, or give it a "
            "keras.Input, then load its weights."
        )
    if is_graph(teacher):
        if len(teacher.outputs) != 1:
            raise ValueError(_several_outputs(len(teacher.outputs)))
        if emits_probabilities(teacher):
            raise ValueError(_probabilities())


def teacher_outputs(teacher, x, dtype):
    """Logits of one batch, checked.

    Args:
        teacher: built `keras.Model`.
        x: array, or nested arrays, of the batch.
        dtype: "float32" or "float16".

    Returns:
        Array of that dtype and of shape (batch, K).

    Raises:
        ValueError: several outputs, outputs of other axes, or numbers that
            are not finite.
    """
    outputs = teacher.predict_on_batch(x)
    if keras.tree.is_nested(outputs):
        raise ValueError(_several_outputs(len(outputs)))
    outputs = np.asarray(outputs)
    if outputs.ndim != 2:
        raise ValueError(
            "`teacher` must emit logits of shape (batch, logits). "
            f"Received: shape {outputs.shape}."
        )
    with np.errstate(over="ignore"):
        stored = outputs.astype(dtype)
    if not np.isfinite(stored).all():
        largest = np.abs(outputs.astype("float64")).max()
        hint = "Check the teacher's weights and inputs."
        if np.isfinite(outputs).all():
            hint = 'Use dtype="float32".'
        raise ValueError(
            f"`teacher` must emit finite numbers of dtype {dtype}. Received: "
            f"outputs of a largest magnitude of {largest:g}. {hint}"
        )
    return stored


def check_logits(outputs):
    """Raises if a first batch of outputs looks like probabilities.

    It catches the softmax of a subclassed model, which hides its layers.
    """
    sums = outputs.astype("float32").sum(axis=-1)
    if (outputs >= 0).all() and np.allclose(sums, 1.0, atol=1e-2):
        raise ValueError(_probabilities())


def _several_outputs(count):
    return (
        f"`teacher` must have one output. Received: {count} outputs. Cache "
        "one at a time, of `keras.Model(teacher.inputs, teacher.outputs[0])`."
    )


def _probabilities():
    return (
        "`teacher` must emit logits. Received: a teacher that emits "
        "probabilities, by a softmax or sigmoid. Leave its last activation "
        "away: `keras.Model(teacher.inputs, logits)`, or a Dense layer "
        "without activation."
    )
