"""The weights of a `.tflite` file, and what stands against moving each."""

import dataclasses
import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export.encodings import UNPACKED
from keras_export.flatbuffer import EXPANDERS, NUMBERS, operator_name

# Where the operations in `UNPACKED` expect their weight among their inputs.
WEIGHT_PLACE = 1


@dataclasses.dataclass(frozen=True)
class StoredWeight:
    """A constant of rank >= 2 in a dense file.

    Attributes:
        graph: `schema.SubGraphT` that it lies in.
        index: int, its place in `graph.tensors`.
        name: str, its name in the file.
        values: float32, float16 or int8 array in LiteRT's layout.
        operator: str, the operation that computes with it.
        arithmetic: str, `"float"`, `"dynamic"` or `"int8"`.
        rows: int, rows of inputs per call; an open batch size counts as 1.
            None where it cannot be read from the file.
        obstacle: str, why it must stay dense; empty if nothing does.
    """

    graph: schema.SubGraphT
    index: int
    name: str
    values: np.ndarray
    operator: str
    arithmetic: str
    rows: int | None
    obstacle: str


def stored_weights(model):
    """Lists the `StoredWeight`s of a dense `schema.ModelT`, in file order."""
    users = np.bincount(
        [tensor.buffer for graph in model.subgraphs for tensor in graph.tensors]
    )
    return [
        _weight(model, graph, index, values, users)
        for graph in model.subgraphs
        for index, tensor in enumerate(graph.tensors)
        if (values := _values(model, tensor)) is not None
    ]


def _values(model, tensor):
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0 or tensor.type not in NUMBERS:
        return None
    if len(tensor.shape) < 2:
        return None
    values = np.asarray(data, np.uint8).view(NUMBERS[tensor.type])
    return values.reshape(tensor.shape)


def _weight(model, graph, index, values, users):
    tensor = graph.tensors[index]
    readers = _readers(graph, index)
    constant = index
    while len(readers) == 1 and operator_name(model, readers[0]) in EXPANDERS:
        constant = int(readers[0].outputs[0])
        readers = _readers(graph, constant)
    names = sorted({operator_name(model, reader) for reader in readers})
    operator = names[0] if len(names) == 1 else ", ".join(names)
    obstacle = ""
    if users[tensor.buffer] > 1:
        obstacle = "Its values are shared with another tensor of the file."
    elif len(readers) != 1:
        obstacle = f"Read by {len(readers)} operations ({operator})."
    elif index in graph.outputs or constant in graph.outputs:
        obstacle = "It is an output of the model too."
    elif operator in UNPACKED:
        obstacle = _reader_obstacle(graph, readers[0], operator, constant)
        obstacle = obstacle or _zero_point_obstacle(tensor)
    return StoredWeight(
        graph=graph,
        index=index,
        name=tensor.name.decode(),
        values=values,
        operator=operator,
        arithmetic=_arithmetic(graph, readers, values),
        rows=_rows(graph, readers),
        obstacle=obstacle,
    )


def _readers(graph, index):
    return [op for op in graph.operators or () if index in op.inputs]


def _arithmetic(graph, readers, values):
    if values.dtype.kind == "f":
        return "float"
    types = {
        graph.tensors[output].type
        for reader in readers
        for output in reader.outputs
    }
    return "dynamic" if types == {schema.TensorType.FLOAT32} else "int8"


def _rows(graph, readers):
    """Rows of what a single reader's first input multiplies."""
    if len(readers) != 1:
        return None
    source = graph.tensors[readers[0].inputs[0]]
    signature = source.shapeSignature
    if signature is not None and -1 in [*signature][1:]:
        return None
    return math.prod(int(length) for length in source.shape[:-1])


def _reader_obstacle(graph, reader, operator, constant):
    if list(reader.inputs).index(constant) != WEIGHT_PLACE:
        return f"{operator} reads it as data, not as its weight."
    if operator != "FULLY_CONNECTED":
        return ""
    source = graph.tensors[reader.inputs[0]]
    inputs = graph.tensors[constant].shape[-1]
    shape = [*source.shape]
    if len(shape) > 1 and shape[-1] == inputs:
        return ""
    # A matrix of open width has the weight's: nothing else multiplies.
    signature = source.shapeSignature
    if len(shape) == 2 and signature is not None and signature[-1] == -1:
        return ""
    return "Its layer flattens its inputs, which the sparse kernel cannot."


def _zero_point_obstacle(tensor):
    quantization = tensor.quantization
    if quantization is None or quantization.zeroPoint is None:
        return ""
    if np.any(quantization.zeroPoint):
        return "Its zero is not stored as 0."
    return ""
