"""Which layers of a model run sparse in LiteRT, and why the others do not."""

import dataclasses
import math
from typing import Literal

import keras
from keras import layers

from keras_export.break_even import break_even, percent_of_zeros
from keras_export.encodings import TARGETS, Setting, choose
from keras_export.explain_nodes import find_nodes
from keras_export.explain_parts import find_parts
from keras_export.xnnpack_rewriting import readable_graph
from keras_export.xnnpack_sites import is_convolution

X86 = (
    "On x86 with AVX XNNPACK never runs convolutions sparse: zeros make the "
    "file smaller, not faster.",
    "Prune whole channels and call `keras_export.compact(model)`.",
)
POSITIONS = (
    "Put it where there is one row of inputs per example, such as behind the "
    "pooling, and train again."
)


@dataclasses.dataclass(frozen=True)
class ExplainRow:
    """One call of one layer.

    Attributes:
        layer: str, the layer's name.
        kind: str, the layer's class.
        sparse: bool, whether it runs (or is folded into what runs) in a
            sparse kernel or in a part of the network that XNNPACK runs sparse.
        reason: str, one sentence.
        remedy: str, what to do about it; empty where nothing has to be done.

    Example:
        >>> import keras_export
        >>> keras_export.ExplainRow("conv", "Conv2D", True, "It is 1x1.").remedy
        ''
    """

    layer: str
    kind: str
    sparse: bool
    reason: str
    remedy: str = ""


def explain(
    model: keras.Model, target: Literal["arm", "x86", "any"] = "arm"
) -> list[ExplainRow]:
    """Says layer by layer what runs sparse as float32 in LiteRT, or why not.

    Convolutions: XNNPACK runs a part of a network sparse, or not at all. The
    part goes from a 3x3 stride-2 convolution on 3 channels to global average
    poolings, holds nothing that is not in a short list, and more than 2/3 of
    all weights of its 1x1 convolutions together are zero. It takes a file
    written with the zeros compressed, as `keras_export.litert` does.
    Dense layers: `keras_export.litert` writes blocks of 4 inputs where the
    sparse kernel is no slower than the dense one, at batch 1 on one thread:
    only for one row of inputs per example, not for each step of a sequence.

    Args:
        model: built Functional or Sequential `keras.Model` with fixed image
            sizes. Models inside it are opened.
        target: str, `"arm"` (also WebAssembly), `"x86"` (with AVX), or
            `"any"`: what holds on both.

    Returns:
        list of `ExplainRow`, one for each call of a layer, in order.

    Raises:
        TypeError: if `model` is not a `keras.Model`.
        ValueError: if it is not built, is subclassed or has open image
            sizes, or if `target` is none of the three.

    Source: XNNPACK, src/subgraph.c, `xnn_subgraph_rewrite_for_nchw`.

    Example:
        >>> import keras, keras_export
        >>> model = keras.applications.MobileNet((32, 32, 3), weights=None)
        >>> row = keras_export.explain(model)[0]
        >>> row.layer, row.sparse, row.remedy.split("(")[0]
        ('conv1', False, 'Call `keras_export.xnnpack_ready')
    """
    if target not in TARGETS:
        raise ValueError(
            f"`target` must be one of {TARGETS}. Received: target={target!r}."
        )
    graph = readable_graph(model)
    nodes = find_nodes(graph)
    parts = find_parts(nodes, graph)
    breakers = {b[0] for part in parts.values() for b in part.breakers}
    verdicts = {}
    for node in nodes:
        if type(node.call.layer) is layers.Dense:
            verdict = _of_dense(node.call, target)
        elif target != "arm" and is_convolution(node.call.layer):
            verdict = False, *X86
        elif id(node) in parts:
            verdict = _of_part(node, parts[id(node)], target)
        elif node.role == "outside":
            is_breaker = target == "arm" and node.call.name in breakers
            verdict = False, node.reason, node.remedy if is_breaker else ""
        else:
            continue
        verdicts[id(node.call)] = verdict
    _add_folded(verdicts, nodes, graph)
    return [
        ExplainRow(
            node.call.name,
            type(node.call.layer).__name__,
            *verdicts[id(node.call)],
        )
        for node in nodes
    ]


def _of_dense(call, target):
    # LiteRT keeps dense weights as (outputs, inputs).
    weight = keras.ops.convert_to_numpy(call.layer.kernel).T
    positions = call.inputs[0].shape[1:-1]
    rows = None if None in positions else math.prod(positions)
    setting = Setting(target=target)
    choice = choose(weight, "FULLY_CONNECTED", "float", setting, rows)
    if choice.block > 1:
        return True, choice.reason, ""
    if rows != 1:
        return False, choice.reason, POSITIONS
    least = percent_of_zeros(break_even(weight.shape, "float", target))
    remedy = "The layer is too small for LiteRT's sparse kernel."
    if least:
        remedy = (
            f"Prune at least {least} % in blocks of 4 along the inputs; zeros "
            "elsewhere do not count."
        )
    return False, choice.reason, remedy


def _of_part(node, part, target):
    if target != "arm":
        return False, X86[0], ""
    if part.is_sparse:
        return True, node.reason, ""
    if part.breakers:
        name, reason, remedy = part.breakers[0]
        others = len(part.breakers) - 1
        more = f" (and {others} more)" if others else ""
        return False, f"Its part is broken by {name!r}{more}: {reason}", remedy
    share = part.zeros / part.weights if part.weights else 0.0
    return (
        False,
        f"Only {share:.0%} of the weights of the 1x1 convolutions in its part "
        "are zero.",
        "Prune more than 2/3 of them, all together.",
    )


def _add_folded(verdicts, nodes, graph):
    """Gives what is folded into another operation the verdict of that one."""
    producers, consumers = graph.producers(), graph.consumers()
    for node in nodes:
        if node.role == "front":
            (host,) = consumers[id(node.call.outputs[0])]
        elif node.role == "rear":
            host = producers.get(id(node.call.inputs[0]))
        else:
            continue
        is_sparse = host is not None and verdicts[id(host)][0]
        verdicts[id(node.call)] = is_sparse, node.reason, ""
