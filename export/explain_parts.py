"""The connected parts of a network that XNNPACK would run sparse."""

import dataclasses
import fractions

import keras
import numpy as np

from keras_export.explain_nodes import is_pointwise

# More zeros than this among all 1x1 weights of a part, or it runs dense.
LEAST_ZEROS = fractions.Fraction(2, 3)


@dataclasses.dataclass(frozen=True)
class Part:
    """Operations that run sparse together, or not at all.

    Attributes:
        nodes: list of `Node`.
        breakers: list of `(name, reason, remedy)`: what is connected to the
            part and is not in XNNPACK's subset.
        zeros: int, zeros in all its 1x1 convolutions.
        weights: int, weights in all its 1x1 convolutions.
    """

    nodes: list
    breakers: list
    zeros: int
    weights: int

    @property
    def is_sparse(self):
        """Whether XNNPACK runs it sparse, on a CPU where it ever does."""
        # Not a ratio of floats: exactly 2/3 is too few.
        enough = self.zeros > LEAST_ZEROS * self.weights
        return not self.breakers and bool(enough)


def find_parts(nodes, graph):
    """Returns a dict from the id of a `Node` to its `Part`.

    Source: XNNPACK, src/subgraph.c, `xnn_subgraph_rewrite_for_nchw`: all that
    a part's operations read comes from the part, and all that read what it
    computes before its end belong to it.

    Differs from it: fully connected layers behind the pooling are not
    counted. XNNPACK's source counts them; the ARM runtime of LiteRT 2.3.0 did
    not.
    """
    sources = _sources(nodes)
    groups = {id(node): [node] for node in nodes if _is_member(node)}
    problems = []
    for node in nodes:
        for tensor in node.call.inputs:
            source = sources.get(id(tensor))
            given = source is not None and source.role in ("entry", "inner")
            takes = node.role in ("inner", "end")
            if given and takes:
                _join(groups, source, node)
            elif given and node.role == "outside":
                problems.append((source, _describe(node)))
            elif takes:
                problems.append((node, _describe(source)))
    for tensor in keras.tree.flatten(graph.outputs):
        source = sources.get(id(tensor))
        if source is not None and source.role in ("entry", "inner"):
            problems.append((source, OUTPUT))
    parts = {
        id(group): _part(group, groups, problems) for group in groups.values()
    }
    return {key: parts[id(group)] for key, group in groups.items()}


INPUT = (
    "the model's input",
    "The sparse part must begin with a 3x3 stride-2 convolution of an image "
    "with 3 channels.",
    "Begin with such a convolution, and train again.",
)
OUTPUT = (
    "the model's output",
    "The sparse part must end in a global average pooling.",
    "End with `GlobalAveragePooling2D`, and train again.",
)


def _sources(nodes):
    """Returns a dict from a tensor's id to the `Node` that computes it."""
    sources = {}
    for node in nodes:
        source = node
        if node.role in ("front", "rear"):
            source = sources.get(id(node.call.inputs[0]))
        sources.update((id(tensor), source) for tensor in node.call.outputs)
    return sources


def _is_member(node):
    return node.role in ("entry", "inner", "end")


def _join(groups, one, other):
    first, second = groups[id(one)], groups[id(other)]
    if first is second:
        return
    first.extend(second)
    groups.update((id(node), first) for node in second)


def _describe(node):
    if node is None:
        return INPUT
    if node.role == "end":
        return (
            node.call.name,
            "It reads one position, from behind a global pooling.",
            "Leave out what squeezes the image to one position before the "
            "end, and train again.",
        )
    return node.call.name, node.reason, node.remedy


def _part(group, groups, problems):
    breakers = [text for node, text in problems if groups[id(node)] is group]
    kernels = [
        keras.ops.convert_to_numpy(node.call.layer.kernel)
        for node in group
        if is_pointwise(node.call.layer)
    ]
    weights = sum(kernel.size for kernel in kernels)
    nonzeros = sum(map(np.count_nonzero, kernels))
    unique = list(dict.fromkeys(breakers))
    return Part(group, unique, weights - int(nonzeros), weights)
