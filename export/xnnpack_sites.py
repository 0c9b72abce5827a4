"""The convolutions of a network: their windows, and what XNNPACK wants."""

import collections
import dataclasses

import keras
from keras import layers

from keras_export.xnnpack_graph import Call
from keras_export.xnnpack_padding import Windows, same_padding

CONVOLUTIONS = (layers.Conv2D, layers.DepthwiseConv2D)
AXES = (1, 2)  # height and width


@dataclasses.dataclass(frozen=True, eq=False)
class Site:
    """A convolution together with the zero padding in front of it.

    Attributes:
        call: `Call` of a `Conv2D` or `DepthwiseConv2D`.
        pad: `Call` of the `ZeroPadding2D` that nothing else reads, or None.
        windows: two `Windows`, for height and width.
        needs: int, the zeros on each side that XNNPACK's sparse operator
            takes; None if it has no operator for this convolution with
            padding.
    """

    call: Call
    pad: Call | None
    windows: tuple
    needs: int | None

    @property
    def first(self):
        """The call that reads the unpadded image."""
        return self.pad or self.call

    @property
    def is_entry(self):
        """Whether XNNPACK's sparse part of a network may begin here."""
        return is_entry(self.call)

    @property
    def is_merged(self):
        """Whether the converter writes the padding that is needed as "same".

        It merges explicit zeros where they are what "same" would give, as on
        odd axes under stride 2; and XNNPACK refuses "same" with a stride.
        """
        return max(self.call.layer.strides) > 1 and all(
            same_padding(axis.size, axis.kernel, axis.stride)
            == (self.needs, self.needs)
            for axis in self.windows
        )

    def fits(self):
        """Whether XNNPACK would accept the padding, written explicitly."""
        return (
            self.needs is not None
            and not self.is_merged
            and all(axis.equals_padding(self.needs) for axis in self.windows)
        )


def find_sites(graph):
    """Returns a list of `Site`, in the order of the graph.

    A layer that is called several times is left out: what is changed in it
    would change at all its calls.
    """
    producers, consumers = graph.producers(), graph.consumers()
    shared = shared_layers(graph)
    sites = []
    for call in graph.calls:
        if not is_convolution(call.layer) or id(call.layer) in shared:
            continue
        pad = _pad(call, producers, consumers)
        if pad is not None and id(pad.layer) in shared:
            continue
        sites.append(Site(call, pad, windows(call, pad), sparse_padding(call)))
    return sites


def shared_layers(graph):
    """Returns the ids of layers that are called more than once."""
    counts = collections.Counter(id(call.layer) for call in graph.calls)
    return {layer for layer, count in counts.items() if count > 1}


def is_folded(call, producers, consumers):
    """Whether the converter folds a `BatchNormalization` into a convolution."""
    source = producers.get(id(call.inputs[0]))
    return (
        source is not None
        and is_convolution(source.layer)
        and source.layer.activation is keras.activations.linear
        and len(consumers[id(call.inputs[0])]) == 1
    )


def is_convolution(layer):
    """Whether `layer` is a `Conv2D` or `DepthwiseConv2D` on NHWC tensors."""
    # Keras' own classes alone: a subclass may compute something else.
    return type(layer) in CONVOLUTIONS and is_channels_last(layer)


def is_channels_last(layer):
    """Whether a spatial layer works on `(batch, height, width, channels)`."""
    return layer.data_format == "channels_last"


def is_entry(call):
    """Whether `call` is a 3x3 stride-2 convolution of a 3-channel image."""
    layer = call.layer
    return (
        type(layer) is layers.Conv2D
        and is_channels_last(layer)
        and tuple(layer.kernel_size) == (3, 3)
        and tuple(layer.strides) == (2, 2)
        and tuple(layer.dilation_rate) == (1, 1)
        and layer.groups == 1
        and call.inputs[0].shape[-1] == 3
    )


def sparse_padding(call):
    """Returns the padding that XNNPACK's sparse operator needs, or None.

    Args:
        call: `Call` of a convolution.

    Returns:
        int, zeros on each side: 1 for the entry and for 3x3 depthwise
        convolutions, 2 for 5x5 depthwise ones of stride 1 or 2; else None.

    Source: XNNPACK, src/subgraph.c, `xnn_check_nchw_compatibility`.
    """
    layer = call.layer
    if is_entry(call):
        return 1
    kernel, strides = tuple(layer.kernel_size), tuple(layer.strides)
    depthwise = (
        type(layer) is layers.DepthwiseConv2D
        and layer.depth_multiplier == 1
        and tuple(layer.dilation_rate) == (1, 1)
    )
    if depthwise and kernel in ((3, 3), (5, 5)) and max(strides) <= 2:
        return kernel[0] // 2 if strides[0] == strides[1] else None
    return None


def windows(call, pad):
    """Returns the `Windows` for height and width of a call.

    Args:
        call: `Call` of a convolution or pooling layer.
        pad: `Call` of the `ZeroPadding2D` that belongs to it, or None.
    """
    layer = call.layer
    sizes = (pad or call).inputs[0].shape
    kernels = getattr(layer, "kernel_size", None) or layer.pool_size
    dilations = getattr(layer, "dilation_rate", (1, 1))
    found = []
    for place, axis in enumerate(AXES):
        kernel = (kernels[place] - 1) * dilations[place] + 1
        stride = layer.strides[place]
        zeros = (0, 0)
        if pad is not None:
            zeros = pad.layer.padding[place]
        elif layer.padding == "same":
            zeros = same_padding(sizes[axis], kernel, stride)
        found.append(Windows(sizes[axis], kernel, stride, *zeros))
    return tuple(found)


def _pad(call, producers, consumers):
    if call.layer.padding != "valid":
        return None
    pad = producers.get(id(call.inputs[0]))
    if pad is None or type(pad.layer) is not layers.ZeroPadding2D:
        return None
    alone = len(consumers[id(pad.outputs[0])]) == 1
    return pad if alone and is_channels_last(pad.layer) else None
