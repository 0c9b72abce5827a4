"""How far an artefact may be from its model, by its number format."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export.flatbuffer import EXPANDERS, operator_name, read_model

# Largest difference, in units of the largest output where that is above 1.
FLOAT32 = 1e-5
# Root mean square of the differences, in units of that of the outputs. Measured
# on trained classifiers of digits and on random convolutions, attention and
# MobileNet: below 0.001, 0.013 and 0.024; on files that the converter gets
# wrong, 18 to 29.
RELATIVE = {"float16": 1e-2, "dynamic": 0.25, "int8": 0.25}

INTEGERS = (
    schema.TensorType.INT4,
    schema.TensorType.INT8,
    schema.TensorType.INT16,
    schema.TensorType.UINT8,
)


def number_format(path):
    """Names the numbers that a `.tflite` file computes with.

    Args:
        path: str or path-like, a whole `.tflite` file.

    Returns:
        `"int8"` if activations are whole numbers of at most 16 bits, else
        `"dynamic"` if weights are, else `"float16"` if weights are, else
        `"float32"`.
    """
    model = read_model(path)
    weights, activations = set(), set()
    for graph in model.subgraphs:
        weights.update(_weight_types(model, graph))
        activations.update(_activation_types(model, graph))
    if activations & set(INTEGERS):
        return "int8"
    if weights & set(INTEGERS):
        return "dynamic"
    if schema.TensorType.FLOAT16 in weights:
        return "float16"
    return "float32"


def model_format(model):
    """Returns `"float16"` if a layer computes in 16 bits, else `"float32"`.

    Args:
        model: `keras.Model` or one of its layers.
    """
    if model.compute_dtype in ("bfloat16", "float16"):
        return "float16"
    formats = set(map(model_format, getattr(model, "layers", ())))
    return "float16" if "float16" in formats else "float32"


def disagreement(number_format, expected, actual, everything):
    """Judges outputs of an artefact against the model's.

    Float32 must agree in every single number. Coarser formats are judged by
    their noise as a whole: one borderline example moves a softmax output by
    much, while an output that has nothing to do with the model's is off by
    its own size, by 1 or more in this measure.

    Args:
        number_format: str, as `number_format` gives it.
        expected: float array, the model's outputs for one batch.
        actual: float array, the artefact's, same shape.
        everything: float array, the model's outputs for all examples, which
            set the scale.

    Returns:
        `(difference, limit, measure)`: two floats and what they are in
        words. Agreement is `difference <= limit`, which NaN is not.
    """
    error = differences(expected, actual)
    finite = everything[np.isfinite(everything)]
    if number_format == "float32":
        largest = float(np.abs(finite).max(initial=1.0))
        difference = float(error.max(initial=0.0))
        return difference, FLOAT32 * largest, "largest difference"
    scale = max(_root_mean_square(finite), FLOAT32)
    difference = _root_mean_square(error) / scale
    return difference, RELATIVE[number_format], "relative noise"


def differences(expected, actual):
    """Returns absolute differences in float64; equal infinities differ by 0."""
    expected, actual = expected.astype(np.float64), actual.astype(np.float64)
    with np.errstate(invalid="ignore"):
        return np.where(expected == actual, 0.0, np.abs(expected - actual))


def _root_mean_square(array):
    return float(np.sqrt(np.sum(np.square(array)) / max(array.size, 1)))


def _weight_types(model, graph):
    for tensor in graph.tensors:
        data = model.buffers[tensor.buffer].data
        if data is None or len(data) == 0:
            continue
        # A float16 file may keep its kernels as float32, for the sparse
        # kernel; its biases still tell.
        is_half = tensor.type == schema.TensorType.FLOAT16
        if is_half or np.size(tensor.shape) > 1:
            yield tensor.type


def _activation_types(model, graph):
    for operator in graph.operators or ():
        if operator_name(model, operator) not in EXPANDERS:
            yield from (graph.tensors[i].type for i in operator.outputs)
