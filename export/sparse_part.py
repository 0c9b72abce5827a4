"""What LiteRT's sparse convolutions on ARM compute wrongly."""

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export.flatbuffer import operator_name

ELEMENTWISE = ("ADD", "DIV", "MUL", "PRELU", "SUB")
ONE_AROUND = [0, 0, 1, 1, 1, 1, 0, 0]
VECTOR = (
    "It stays dense, because on ARM sparse convolutions and a multiplication "
    "or sum with a vector behind them, as of a BatchNormalization that is not "
    "directly behind a convolution, give wrong numbers."
)
POOLING = (
    "It stays dense, because on ARM sparse convolutions and a pooling with "
    "`keepdims=True` behind them fail: call `keras_export.xnnpack_ready`."
)


def hazard(model, graph):
    """Says why the convolutions of a graph must not be stored sparse for ARM.

    XNNPACK runs a part of a network sparse from a 3x3 convolution of stride 2
    on 3 channels with explicit symmetric padding. Behind such an entry two
    things go wrong, both seen with the aarch64 build of LiteRT 2.3.0.

    Args:
        model: `schema.ModelT` of a dense file.
        graph: `schema.SubGraphT` of it.

    Returns:
        str, the reason; empty where nothing can go wrong.

    Source: XNNPACK, src/subgraph.c, `xnn_subgraph_rewrite_for_nchw`;
        outputs on an emulated Cortex-A76.
    """
    behind, makers = set(), {}
    for operator in graph.operators or ():
        outputs = {int(index) for index in operator.outputs}
        if behind & {int(index) for index in operator.inputs}:
            reason = _reason(model, graph, operator)
            if reason:
                return reason
            behind |= outputs
        elif _is_entry(model, graph, operator, makers):
            behind |= outputs
        makers.update(dict.fromkeys(outputs, operator))
    return ""


def _reason(model, graph, operator):
    name = operator_name(model, operator)
    if name == "MEAN" and operator.builtinOptions.keepDims:
        return POOLING
    tensors = [graph.tensors[index] for index in operator.inputs]
    has_vector = any(_is_vector(model, tensor) for tensor in tensors)
    return VECTOR if name in ELEMENTWISE and has_vector else ""


def _is_entry(model, graph, operator, makers):
    if operator_name(model, operator) != "CONV_2D":
        return False
    options = operator.builtinOptions
    shape = [int(n) for n in graph.tensors[operator.inputs[1]].shape]
    pad = makers.get(int(operator.inputs[0]))
    return (
        options.padding == schema.Padding.VALID
        and (options.strideH, options.strideW) == (2, 2)
        and shape[1:] == [3, 3, 3]
        and pad is not None
        and operator_name(model, pad) == "PAD"
        and _numbers(model, graph.tensors[pad.inputs[1]]) == ONE_AROUND
    )


def _numbers(model, tensor):
    data = model.buffers[tensor.buffer].data
    if data is None:
        return None
    return np.asarray(data, np.uint8).view(np.int32).tolist()


def _is_vector(model, tensor):
    data = model.buffers[tensor.buffer].data
    return data is not None and np.prod(tensor.shape, dtype=int) > 1
