"""Checks of a teacher, a student and the losses between them."""

import keras
import numpy as np

from keras_distill.logits_distillation import (
    LogitsDistillation,
    SubclassDistillation,
)
from keras_distill.penultimate import PenultimateDistillation
from keras_distill.probabilities import emits_probabilities
from keras_distill.symbolic_inputs import is_graph
from keras_distill.teacher_loss import TeacherLoss


def check_models(teacher, student):
    """Raises unless both are built models that share no weight."""
    for argument, model in (("teacher", teacher), ("student", student)):
        if not isinstance(model, keras.Model):
            raise ValueError(
                f"`{argument}` must be a `keras.Model`. "
                f"Received: an object of type {type(model).__name__}."
            )
        if not model.built:
            raise ValueError(
                f"`{argument}` must be built. Received: model {model.name!r} "
                "without weights. Begin it with a `keras.Input`, or call it "
                "once on a batch."
            )
    known = {id(variable) for variable in teacher.weights}
    shared = [v.path for v in student.weights if id(v) in known]
    if teacher is student or shared:
        raise ValueError(
            "`teacher` and `student` must not share weights: the teacher "
            f"stays as it is. Received: {len(shared)} shared weights "
            f"{shared[:3]}. `keras.models.clone_model` makes a new student; "
            "a `Normalization` is made anew with the same `mean` and "
            "`variance`."
        )


def check_terms(terms, teacher, student):
    """Raises unless each loss fits the outputs of the two models."""
    for term in terms:
        if isinstance(term.loss, PenultimateDistillation):
            if term.output is not None:
                raise ValueError(
                    "`distillation_loss`: PenultimateDistillation compares "
                    f"layers, not the output {term.output!r}. Give it in a "
                    "list, of models with one output."
                )
            continue
        outputs = [
            symbolic_output(model, term.output, argument)
            for argument, model in (("teacher", teacher), ("student", student))
        ]
        if isinstance(term.loss, (LogitsDistillation, SubclassDistillation)):
            _check_logits("teacher", teacher, term.output)
            _check_logits("student", student, term.output)
        if None not in outputs:
            _check_shapes(term.loss, *(output.shape for output in outputs))


def select_output(outputs, output, argument):
    """The output that a loss is of: all of it, or one entry of a dict.

    Args:
        outputs: tensor, or a structure of them.
        output: str, key of a dict; None: there is one output.
        argument: str, the model's name in an error.

    Returns:
        Tensor.

    Raises:
        ValueError: several outputs and no name of one, or a name and no dict
            with it.
    """
    if output is None and isinstance(outputs, (list, tuple, dict)):
        kind = type(outputs).__name__
        raise ValueError(
            f"`distillation_loss` must say which output of the {argument} it "
            f"is of. Received: a {kind} of {len(outputs)} outputs. Build "
            "models with a dict of outputs, and give a dict output name -> "
            "loss; outputs that are not named are not distilled."
        )
    if output is None:
        return outputs
    if not isinstance(outputs, dict) or output not in outputs:
        found = list(outputs) if isinstance(outputs, dict) else "no dict"
        raise ValueError(
            f"`distillation_loss` names the output {output!r}, which the "
            f"{argument} lacks. Received: {found}. Build the model with a "
            "dict of outputs of such names."
        )
    return outputs[output]


def symbolic_output(model, output, argument):
    """The symbolic output that a loss is of; None for a subclassed model."""
    if not is_graph(model):
        return None
    if isinstance(model, keras.Sequential):
        return select_output(model.outputs[0], output, argument)
    return select_output(model.output, output, argument)


def _check_logits(argument, model, output):
    if output is not None:
        tensor = symbolic_output(model, output, argument)
        if tensor is None:
            return
        model = keras.Model(model.input, tensor)
    if emits_probabilities(model):
        raise ValueError(
            f"`{argument}` must emit logits for this distillation loss, but "
            f"model {model.name!r} ends in probabilities. Leave out its last "
            "softmax or sigmoid (`activation=None`), and train it with "
            "`from_logits=True` or `SubclassCrossentropy`."
        )


def _check_shapes(loss, teacher_shape, student_shape):
    if isinstance(loss, TeacherLoss):  # these name the numbers that do not fit
        rows = [
            np.zeros([size or 1 for size in shape], "float32")
            for shape in (teacher_shape, student_shape)
        ]
        loss(*rows)
    elif tuple(teacher_shape[1:]) != tuple(student_shape[1:]):
        raise ValueError(
            "`teacher` and `student` must have outputs of one shape for "
            f"{type(loss).__name__}. Received: {tuple(teacher_shape)} and "
            f"{tuple(student_shape)}. For subclass logits of a teacher and "
            "class logits of a student use "
            "`keras_distill.LogitsDistillation(num_classes=...)`."
        )
