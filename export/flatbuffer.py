"""Reading and writing of `.tflite` files by their schema."""

import contextlib
import math
import pathlib
import struct

import flatbuffers
import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export._types import PathLike
from keras_export.artefacts import WeightRow
from keras_export.flatbuffer_bounds import check_sharing

# Numbers that weights come in.
NUMBERS = {
    schema.TensorType.FLOAT16: np.float16,
    schema.TensorType.FLOAT32: np.float32,
    schema.TensorType.FLOAT64: np.float64,
    schema.TensorType.INT8: np.int8,
    schema.TensorType.UINT8: np.uint8,
}
OPERATORS = {
    code: name
    for name, code in vars(schema.BuiltinOperator).items()
    if isinstance(code, int)
}
# They pass a weight on; the operation behind them is the one that uses it.
EXPANDERS = ("DENSIFY", "DEQUANTIZE")
# What reading a file raises whose parts do not fit each other.
DAMAGES = (
    ArithmeticError,
    AttributeError,
    LookupError,
    TypeError,
    ValueError,
    struct.error,
)
# Bytes; the schema's `force_align` of buffers, which kernels may rely on.
ALIGNMENT = 16


def read_model(path):
    """Returns the file's content as a `schema.ModelT`.

    Raises:
        ValueError: if the file is not a `.tflite` file, or a damaged one.
    """
    content = pathlib.Path(path).read_bytes()
    if content[4:8] != b"TFL3":
        raise ValueError(
            "`path` must be a `.tflite` file (identifier 'TFL3'). "
            f"Received: path={str(path)!r}, which has other content."
        )
    with naming_damage(path):
        check_sharing(content)
        return schema.ModelT.InitFromPackedBuf(content, 0)


@contextlib.contextmanager
def naming_damage(path):
    """Turns what a damaged file makes the block raise into a `ValueError`."""
    try:
        yield
    except DAMAGES as error:
        raise ValueError(
            f"The file {str(path)!r} must be whole, and its parts do not fit "
            f"each other ({error}). Write it again."
        ) from error


def pack_model(model):
    """Returns the bytes of a `.tflite` file for a `schema.ModelT`."""
    builder = _AlignedBuilder()
    builder.Finish(model.Pack(builder), b"TFL3")
    return bytes(builder.Output())


class _AlignedBuilder(flatbuffers.Builder):
    """Aligns vectors of bytes as the schema asks; Python's classes do not."""

    def StartVector(self, elemSize, numElems, alignment):
        alignment = ALIGNMENT if elemSize == 1 else alignment
        return super().StartVector(elemSize, numElems, alignment)


def read_weights(path: PathLike) -> tuple[WeightRow, ...]:
    """Reads the weights of a LiteRT file: its constants of rank 2 and above.

    Floats and int8; whole numbers of other widths are shapes and paddings.

    Args:
        path: str or path-like, a `.tflite` file.

    Returns:
        tuple of `WeightRow`, in file order.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if the file is not a `.tflite` file, or a damaged one.

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> [row.shape for row in keras_export.read_weights(path)]
        [(2, 4)]
    """
    model = read_model(path)
    with naming_damage(path):
        return tuple(
            row for graph in model.subgraphs for row in _rows(model, graph)
        )


def _rows(model, graph):
    readers = _readers(model, graph)
    for index, tensor in enumerate(graph.tensors):
        values = _constant(model, tensor)
        if values is not None and len(tensor.shape) > 1:
            yield _row(tensor, values, readers.get(index, ""))


def operator_names(path):
    """Returns the set of built-in operations in the file, all graphs."""
    model = read_model(path)
    return {
        operator_name(model, operator)
        for graph in model.subgraphs
        for operator in graph.operators or ()
    }


def operator_name(model, operator):
    """Returns the name of the built-in operation of a `schema.OperatorT`."""
    code = model.operatorCodes[operator.opcodeIndex]
    # Files before schema 3a keep the code in the deprecated byte.
    number = max(code.builtinCode, code.deprecatedBuiltinCode)
    return OPERATORS.get(number, str(number))


def encoding(tensor):
    """Names how `tensor` (a `schema.TensorT`) is stored.

    Returns:
        `"dense"`; `"csr"` for single values; `"block 1x4"` for blocks, one
        number per dimension. The schema appends a block's dimensions after
        the tensor's own; `blockMap` says which dimension each belongs to.
    """
    if tensor.sparsity is None:
        return "dense"
    block = np.ones(len(tensor.shape), int)
    block_map = tensor.sparsity.blockMap
    for offset, dimension in enumerate([] if block_map is None else block_map):
        metadata = tensor.sparsity.dimMetadata[len(tensor.shape) + offset]
        block[dimension] = metadata.denseSize
    if block.prod() == 1:
        return "csr"
    return "block " + "x".join(map(str, block))


def _row(tensor, values, operator):
    size = math.prod(int(length) for length in tensor.shape)
    return WeightRow(
        name=tensor.name.decode(),
        shape=tuple(int(length) for length in tensor.shape),
        operator=operator,
        encoding=encoding(tensor),
        zeros=float(1.0 - count_nonzero(tensor, values) / size),
        bytes=values.nbytes + index_bytes(tensor),
        dtype=values.dtype.name,
    )


def count_nonzero(tensor, values):
    """Counts what does not stand for 0, which int8 may store otherwise.

    Args:
        tensor: `schema.TensorT`.
        values: array, the stored values in their order.
    """
    quantization = tensor.quantization
    if quantization is None or quantization.zeroPoint is None:
        return np.count_nonzero(values)
    zero = np.asarray(quantization.zeroPoint)
    if zero.size > 1 and zero.any():
        lengths = np.ones(len(tensor.shape), int)
        lengths[quantization.quantizedDimension] = zero.size
        return np.count_nonzero(
            values.reshape(tensor.shape) != zero.reshape(lengths)
        )
    return np.count_nonzero(values != zero.max(initial=0))


def index_bytes(tensor):
    """Returns the bytes that say where a sparse tensor's values lie."""
    dimensions = tensor.sparsity.dimMetadata if tensor.sparsity else ()
    return sum(
        np.asarray(vector.values).nbytes
        for dimension in dimensions
        for vector in (dimension.arraySegments, dimension.arrayIndices)
        if vector is not None
    )


def _constant(model, tensor):
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0 or tensor.type not in NUMBERS:
        return None
    return np.asarray(data, np.uint8).view(NUMBERS[tensor.type])


def _readers(model, graph):
    readers = {}
    for operator in reversed(graph.operators or ()):
        name = operator_name(model, operator)
        if name in EXPANDERS:
            name = readers.get(operator.outputs[0], name)
        readers.update((int(index), name) for index in operator.inputs)
    return readers
