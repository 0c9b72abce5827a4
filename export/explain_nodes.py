"""What each layer of a network is to XNNPACK's sparse rewriting."""

import dataclasses

from keras import layers

from keras_export.xnnpack_apply import keeps_dimensions
from keras_export.xnnpack_graph import Call
from keras_export.xnnpack_plan import make_plan
from keras_export.xnnpack_sites import (
    is_channels_last,
    is_convolution,
    is_folded,
)

READY = "Call `keras_export.xnnpack_ready(model)`: its outputs are the same."
SUBSET = (
    "Use 1x1 convolutions, 3x3 and 5x5 depthwise ones of stride 1 or 2, "
    "activations, `Add` and `Multiply` here, and train again."
)
# Not computed at inference.
ABSENT = (
    layers.Dropout,
    layers.GaussianDropout,
    layers.GaussianNoise,
    layers.Identity,
    layers.SpatialDropout2D,
)
# Seen to run sparse, with right outputs, on the ARM runtime under emulation.
UNARY = (
    "elu",
    "gelu",
    "hard_silu",
    "leaky_relu",
    "relu",
    "relu6",
    "sigmoid",
    "silu",
    "tanh",
)


@dataclasses.dataclass(frozen=True, eq=False)
class Node:
    """One call and its role.

    Attributes:
        call: `Call`.
        role: str, `"entry"`, `"inner"` or `"end"` of a sparse part; `"front"`
            or `"rear"` for what the converter folds into the operation that
            reads it or that it reads; `"outside"` for all else.
        reason: str, one sentence.
        remedy: str, what would give it a role in a sparse part.
    """

    call: Call
    role: str
    reason: str
    remedy: str = ""


def find_nodes(graph):
    """Returns a list with one `Node` per call of a `Graph`."""
    plan = make_plan(graph)
    producers, consumers = graph.producers(), graph.consumers()
    hosts = {id(s.pad): s.call for s in plan.sites.values() if s.pad}
    nodes = []
    for call in graph.calls:
        layer = call.layer
        activation = activation_name(layer)
        if id(call) in hosts:
            role = "front", f"Padding of {hosts[id(call)].name!r}."
        elif type(layer) is layers.BatchNormalization:
            role = _normalization(call, producers, consumers)
        elif is_convolution(layer):
            role = _convolution(call, plan)
        elif type(layer) in ABSENT or activation == "linear":
            role = "rear", "Does nothing at inference."
        elif activation is not None:
            role = _unary(call, activation)
        elif type(layer) in (layers.Add, layers.Multiply):
            role = _elementwise(call)
        elif type(layer) is layers.GlobalAveragePooling2D:
            role = _pooling(layer)
        else:
            role = "outside", _not_in_subset(call), SUBSET
        nodes.append(Node(call, *role))
    return nodes


def activation_name(layer):
    """Returns the name of what an activation layer computes, or None.

    A convolution's own activation counts; `"linear"` is none at all.
    """
    if type(layer) is layers.ReLU:
        if layer.threshold or layer.max_value not in (None, 6):
            return "another relu"
        if layer.negative_slope:
            return "leaky_relu" if layer.max_value is None else "another relu"
        return "relu" if layer.max_value is None else "relu6"
    if type(layer) is layers.LeakyReLU:
        return "leaky_relu"
    if type(layer) is layers.ELU:
        return "elu"
    if type(layer) is layers.Activation or is_convolution(layer):
        return getattr(layer.activation, "__name__", "unknown")
    return None


def is_pointwise(layer):
    """Whether `layer` is a 1x1 convolution that XNNPACK can run sparse."""
    return (
        type(layer) is layers.Conv2D
        and is_channels_last(layer)
        and tuple(layer.kernel_size) == (1, 1)
        and tuple(layer.strides) == (1, 1)
        and layer.groups == 1
    )


def _convolution(call, plan):
    layer = call.layer
    if activation_name(layer) not in ("linear", *UNARY):
        return _unary(call, activation_name(layer))
    site = plan.sites.get(id(call))
    if tuple(call.inputs[0].shape[1:3]) == (1, 1):
        # A squeeze, or the head of a classifier.
        return (
            "outside",
            "It has one position only and runs dense.",
            "Leave out what squeezes the image to one position before the "
            "end, and train again.",
        )
    if is_pointwise(layer) and (site is None or site.pad is None):
        return "inner", "A 1x1 convolution."
    if site is None:
        return (
            "outside",
            "Called more than once, so its padding cannot be judged alone.",
            "Give each call its own layer, and train again.",
        )
    if site.needs is None:
        return "outside", _not_in_subset(call), SUBSET
    explicit = layer.padding == "valid" or tuple(layer.strides) == (1, 1)
    if site.fits() and explicit:
        role = "entry" if site.is_entry else "inner"
        return role, f"Padded by {site.needs} on each side."
    return _padding(site, plan.paddings.get(id(call)))


def _padding(site, new):
    if site.is_merged:
        return (
            "outside",
            "On odd axes under stride 2 the converter writes padding "
            f"{site.needs} as 'same', which XNNPACK refuses.",
            "Use an image size that is even wherever it is halved, such as a "
            "multiple of 32, and train again.",
        )
    have = tuple((w.before, w.after) for w in site.windows)
    reason = (
        f"padding={site.call.layer.padding!r} of stride "
        f"{site.call.layer.strides[0]} pads by {have}; XNNPACK needs "
        f"explicit zeros, {site.needs} on each side."
    )
    if new == ((site.needs,) * 2,) * 2:
        return "outside", reason, READY
    return (
        "outside",
        reason,
        f"Put `ZeroPadding2D({site.needs})` in front, set padding='valid', "
        "and train again: outputs change.",
    )


def _normalization(call, producers, consumers):
    if is_folded(call, producers, consumers):
        name = producers[id(call.inputs[0])].name
        return "rear", f"Folded into {name!r}."
    return (
        "outside",
        "Not directly behind a convolution, it stays a multiplication by a "
        "vector, with which LiteRT's sparse part gives wrong numbers.",
        "Put it directly behind a convolution without activation, and train "
        "again.",
    )


def _unary(call, activation):
    if activation in UNARY:
        return "inner", "Computed position by position."
    return (
        "outside",
        f"The activation {activation!r} is not in XNNPACK's sparse subset.",
        f"Use one of {', '.join(UNARY)}, and train again.",
    )


def _elementwise(call):
    shapes = {tuple(tensor.shape) for tensor in call.inputs}
    if len(shapes) == 1 and len(call.inputs[0].shape) == 4:
        return "inner", "Computed position by position."
    return (
        "outside",
        "Its inputs differ in shape or are no images.",
        "Give it inputs of one shape, and train again.",
    )


def _pooling(layer):
    if keeps_dimensions(layer):
        return (
            "outside",
            "With `keepdims=True` LiteRT's sparse pooling fails or gives its "
            "output in the wrong shape.",
            READY,
        )
    return "end", "The global pooling at the end."


def _not_in_subset(call):
    layer = call.layer
    if not is_convolution(layer):
        return f"{type(layer).__name__} is not in XNNPACK's sparse subset."
    kernel = "x".join(map(str, layer.kernel_size))
    return (
        f"A {kernel} {type(layer).__name__} of stride {layer.strides[0]} on "
        f"{call.inputs[0].shape[-1]} channels is not in XNNPACK's sparse "
        "subset."
    )
