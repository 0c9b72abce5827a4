"""Finds models that emit probabilities where logits are expected."""

import keras
import numpy as np
from keras import ops

from keras_distill.symbolic_inputs import is_graph, symbolic_call

_ACTIVATIONS = (
    keras.activations.softmax,
    keras.activations.sigmoid,
    keras.activations.hard_sigmoid,
    keras.activations.sparsemax,
)
_OPERATIONS = {"Softmax", "Sigmoid", "HardSigmoid", "Sparsemax"}


def emits_probabilities(model):
    """Whether a model of one output ends in a softmax or a sigmoid.

    Functional and Sequential models show their last operation, also through
    models inside. A subclassed model does not: it is called once on zeros,
    and ends in a softmax if no output is negative and each row has the sum 1.

    Args:
        model: built `keras.Model` of one output.

    Returns:
        bool. False for a subclassed model whose input has an unknown size,
        and for one that ends in a sigmoid: neither can be seen.

    Raises:
        ValueError: `model` is not built, or its inputs cannot be known.

    Example:
        >>> import keras
        >>> from keras_distill.probabilities import emits_probabilities
        >>> last = keras.layers.Dense(10, activation="softmax")
        >>> emits_probabilities(keras.Sequential([keras.Input((4,)), last]))
        True
    """
    inputs, _ = symbolic_call(model)
    if not is_graph(model):
        return _sums_to_one(model, inputs)
    last = _last_operation(model)
    return (
        getattr(last, "activation", None) in _ACTIVATIONS
        or type(last).__name__ in _OPERATIONS
    )


def _last_operation(model):
    while isinstance(model, keras.Model) and is_graph(model):
        functional = not isinstance(model, keras.Sequential)
        model = (model.operations if functional else model.layers)[-1]
    return model


def _sums_to_one(model, inputs):
    shapes = [tensor.shape[1:] for tensor in keras.tree.flatten(inputs)]
    if any(None in shape for shape in shapes):
        return False
    zeros = keras.tree.map_structure(
        lambda tensor: ops.zeros((2, *tensor.shape[1:]), tensor.dtype), inputs
    )
    output = ops.convert_to_numpy(model(zeros, training=False))
    output = output.astype("float32")
    sums = output.sum(axis=-1)
    return bool((output >= 0).all() and np.allclose(sums, 1.0, atol=1e-2))
