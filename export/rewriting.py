"""Storing single weights of a `schema.ModelT` in a sparse encoding.

The converter's own sparse files are not used: of blocks it drops the inputs
beyond the last whole one, dynamic-range blocks get an operator version with
which XNNPACK reads them as dense, float16 blocks give NaN, and single int8
values (and float16 ones of a transposed convolution) cannot be unpacked by
the default interpreter.
"""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export.sparse_weights import INDEX_TYPES, compress, narrow

# XNNPACK leaves this version, and only this, to the sparse built-in kernel.
SPARSE_VERSION = 8
VECTORS = dict(
    zip(
        INDEX_TYPES,
        (
            (schema.SparseIndexVector.Uint8Vector, schema.Uint8VectorT),
            (schema.SparseIndexVector.Uint16Vector, schema.Uint16VectorT),
            (schema.SparseIndexVector.Int32Vector, schema.Int32VectorT),
        ),
        strict=True,
    )
)


def store_csr(model, graph, tensor_index, weight):
    """Stores a weight as single values, behind a DENSIFY.

    Args:
        model: `schema.ModelT`, changed in place.
        graph: `schema.SubGraphT` of it.
        tensor_index: int, the constant in `graph.tensors`; it has one reader.
        weight: array, its values.
    """
    constant = graph.tensors[tensor_index]
    expanded = _add_tensor(graph, constant, constant.shape, b"/densified")
    _store(model, constant, compress(weight))
    reader = _reader(graph, tensor_index)
    _replace_input(reader, tensor_index, expanded)
    operator = schema.OperatorT(
        opcodeIndex=operator_code(model, schema.BuiltinOperator.DENSIFY, 1),
        inputs=[tensor_index],
        outputs=[expanded],
        builtinOptionsType=schema.BuiltinOptions.DensifyOptions,
        builtinOptions=schema.DensifyOptionsT(),
    )
    _insert_before(graph, reader, operator)


def store_blocks(model, graph, tensor_index, weight, block):
    """Stores a FULLY_CONNECTED weight as blocks for the sparse kernel.

    Where `weight` has more inputs than the layer, those are padded with zeros,
    which zero weights meet.

    Args:
        model: `schema.ModelT`, changed in place.
        graph: `schema.SubGraphT` of it.
        tensor_index: int, the constant in `graph.tensors`; one operation
            reads it, directly or behind a DEQUANTIZE of float16.
        weight: float32 or int8 array `(outputs, inputs)`, its values padded
            to whole blocks.
        block: int, inputs per block.
    """
    constant = graph.tensors[tensor_index]
    reader = _reader(graph, tensor_index)
    if (
        weight.dtype == np.float32
        and constant.type != schema.TensorType.FLOAT32
    ):
        dequantize, reader = reader, _reader(graph, reader.outputs[0])
        _replace_input(reader, dequantize.outputs[0], tensor_index)
        graph.operators.remove(dequantize)
        constant.type = schema.TensorType.FLOAT32
    missing = weight.shape[-1] - int(constant.shape[-1])
    if missing:
        _pad_activations(model, graph, reader, weight.shape[-1], missing)
    constant.shape = np.array(weight.shape, np.int32)
    _store(model, constant, compress(weight, block))
    reader.opcodeIndex = operator_code(
        model, schema.BuiltinOperator.FULLY_CONNECTED, SPARSE_VERSION
    )


def operator_code(model, builtin, version):
    """Returns the index of an operator code, appended if it is missing."""
    for index, code in enumerate(model.operatorCodes):
        if (code.builtinCode, code.version) == (builtin, version):
            return index
    code = schema.OperatorCodeT(
        # Readers of old files look at one byte; 127 sends them to the other.
        deprecatedBuiltinCode=min(builtin, 127),
        builtinCode=builtin,
        version=version,
    )
    model.operatorCodes.append(code)
    return len(model.operatorCodes) - 1


def sparsity_parameters(compressed):
    """Returns the `schema.SparsityParametersT` of a `CompressedWeight`.

    All dimensions but the last are dense, the last is a compressed row, and
    a block along it comes as one dimension more.
    """
    rank = len(compressed.shape)
    dimensions = [_dense_dimension(length) for length in compressed.shape[:-1]]
    dimensions.append(_sparse_dimension(compressed))
    has_blocks = compressed.block > 1
    if has_blocks:
        dimensions.append(_dense_dimension(compressed.block))
    return schema.SparsityParametersT(
        traversalOrder=list(range(rank + has_blocks)),
        blockMap=[rank - 1] if has_blocks else [],
        dimMetadata=dimensions,
    )


def _dense_dimension(length):
    return schema.DimensionMetadataT(
        format=schema.DimensionType.DENSE, denseSize=int(length)
    )


def _sparse_dimension(compressed):
    segments_type, segments = _vector(compressed.segments)
    indices_type, indices = _vector(compressed.indices)
    return schema.DimensionMetadataT(
        format=schema.DimensionType.SPARSE_CSR,
        arraySegmentsType=segments_type,
        arraySegments=segments,
        arrayIndicesType=indices_type,
        arrayIndices=indices,
    )


def _vector(index):
    index = narrow(index)
    vector_type, vector = VECTORS[index.dtype.type]
    return vector_type, vector(values=index)


def _store(model, constant, compressed):
    constant.sparsity = sparsity_parameters(compressed)
    values = np.ascontiguousarray(compressed.values).reshape(-1)
    model.buffers[constant.buffer].data = values.view(np.uint8)


def _pad_activations(model, graph, reader, width, missing):
    """Puts a PAD before `reader`: `missing` zeros more make `width`."""
    source = int(reader.inputs[0])
    tensor = graph.tensors[source]
    widths = np.zeros((len(tensor.shape), 2), np.int32)
    widths[-1, 1] = missing
    model.buffers.append(schema.BufferT(data=widths.reshape(-1).view(np.uint8)))
    graph.tensors.append(
        schema.TensorT(
            shape=list(widths.shape),
            type=schema.TensorType.INT32,
            buffer=len(model.buffers) - 1,
            name=tensor.name + b"/paddings",
        )
    )
    paddings = len(graph.tensors) - 1
    shape = [*tensor.shape[:-1], width]
    padded = _add_tensor(graph, tensor, shape, b"/padded")
    if tensor.shapeSignature is not None:
        signature = [*tensor.shapeSignature[:-1], width]
        graph.tensors[padded].shapeSignature = signature
    operator = schema.OperatorT(
        opcodeIndex=operator_code(model, schema.BuiltinOperator.PAD, 2),
        inputs=[source, paddings],
        outputs=[padded],
        builtinOptionsType=schema.BuiltinOptions.PadOptions,
        builtinOptions=schema.PadOptionsT(),
    )
    _insert_before(graph, reader, operator)
    reader.inputs = [padded, *reader.inputs[1:]]


def _add_tensor(graph, like, shape, suffix):
    """Appends a tensor without values, of the numbers of `like`."""
    graph.tensors.append(
        schema.TensorT(
            shape=[int(length) for length in shape],
            type=like.type,
            # The schema keeps this buffer empty.
            buffer=0,
            name=like.name + suffix,
            quantization=like.quantization,
        )
    )
    return len(graph.tensors) - 1


def _reader(graph, tensor_index):
    return next(op for op in graph.operators if tensor_index in op.inputs)


def _replace_input(operator, old, new):
    operator.inputs = [
        new if index == old else index for index in operator.inputs
    ]


def _insert_before(graph, reader, operator):
    graph.operators.insert(graph.operators.index(reader), operator)
