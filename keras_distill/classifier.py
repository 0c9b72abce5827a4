"""A student made ready for deployment."""

import keras

from keras_distill.class_logits import ClassLogits
from keras_distill.probabilities import emits_probabilities
from keras_distill.symbolic_inputs import symbolic_call


def classifier(model: keras.Model, num_classes: int) -> keras.Model:
    """Model that gives class probabilities; export it alone.

    Args:
        model: built `keras.Model` whose one output are subclass logits of
            shape (..., num_classes * S), or class logits (S = 1). Functional,
            Sequential or subclassed; with one input, a list or a dict. A
            subclassed model is taken to have float inputs: for others, pass
            `keras.Model(inputs, model(inputs))` with your own `keras.Input`.
        num_classes: int from 1.

    Returns:
        Functional `keras.Model` that shares the weights of `model` and takes
        the same inputs, with float32 output of shape (..., num_classes),
        also if `model` computes in float16.

    Raises:
        ValueError: `model` is no built `keras.Model`, has several outputs,
            emits probabilities already (see `emits_probabilities`), or its
            last axis is no multiple of `num_classes`.

    Source: sum of the subclasses' probabilities, `keras_distill.class_logits`.

    Example:
        >>> import keras_distill as kd
        >>> layers = [keras.Input((4,)), keras.layers.Dense(10)]
        >>> kd.classifier(keras.Sequential(layers), 2).output_shape
        (None, 2)
    """
    inputs, outputs = symbolic_call(model)
    if len(outputs) != 1:
        raise ValueError(
            "`model` must have one output, the subclass logits. Received: "
            f"{model.name!r} with {len(outputs)} outputs. Choose one: "
            "`keras.Model(model.inputs, model.outputs[0])`."
        )
    if emits_probabilities(model):
        raise ValueError(
            "`model` must emit logits: the classes' probabilities come from "
            f"them. Received: {model.name!r}, which emits probabilities. "
            "Leave out the softmax or sigmoid at its end."
        )
    logits = ClassLogits(num_classes, dtype="float32")(outputs[0])
    probabilities = keras.layers.Softmax(dtype="float32")(logits)
    return keras.Model(inputs, probabilities, name=f"{model.name}_classes")
