"""Which part of a network may work on a mirrored image.

TensorFlow's padding "same" pads an even axis under stride 2 by (0, 1), as
`keras.applications` does explicitly. XNNPACK's sparse operators need the same
padding on both sides. On the reversed axis, with reversed kernels, the same
windows begin at padding 1, and one more zero behind an even axis is never
read. So a network that ends in a global pooling, which does not see the
order, computes exactly the same from a mirrored image with symmetric padding.
"""

import keras
import numpy as np
from keras import layers

from keras_export.xnnpack_sites import is_channels_last, windows

POOLINGS = (layers.AveragePooling2D, layers.MaxPooling2D)
GLOBAL_POOLINGS = (layers.GlobalAveragePooling2D, layers.GlobalMaxPooling2D)
# They treat all positions alike, whatever order these come in.
POSITIONLESS = (
    layers.Activation,
    layers.Add,
    layers.Average,
    layers.Dropout,
    layers.ELU,
    layers.Identity,
    layers.LeakyReLU,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.ReLU,
    layers.SpatialDropout2D,
    layers.Subtract,
)


def mirrored_region(graph, sites):
    """Returns what would see a mirrored image, if it can work on one.

    Args:
        graph: `Graph`.
        sites: list of all its `Site`s; the image is mirrored in front of
            those that are entries.

    Returns:
        set of ids of the calls from the entries to the global poolings; empty
        if one of them, or a model's output, depends on the order.
    """
    starts = {id(site.first) for site in sites if site.is_entry}
    movable = {
        id(call)
        for site in sites
        for call in (site.call, site.pad)
        if _can_mirror_windows(site)
    }
    region, mirrored = set(), set()
    for call in graph.calls:
        starting = id(call) in starts
        reads = [id(tensor) in mirrored for tensor in call.inputs]
        if not starting and not any(reads):
            continue
        region.add(id(call))
        if type(call.layer) in GLOBAL_POOLINGS:
            continue
        if not (id(call) in movable or _keeps_order(call)):
            return set()
        if not starting and not _fit_together(call.inputs, reads):
            return set()
        mirrored.update(map(id, call.outputs))
    outputs = map(id, keras.tree.flatten(graph.outputs))
    return set() if mirrored.intersection(outputs) else region


def _can_mirror_windows(site):
    return all(axis.mirrored().before >= 0 for axis in site.windows)


def _fit_together(inputs, reads):
    """Whether what is not mirrored has but one position, as a squeeze has."""
    return all(
        read or tuple(tensor.shape[1:3]) == (1, 1)
        for tensor, read in zip(inputs, reads, strict=True)
    )


def _keeps_order(call):
    """Whether mirroring before and after a call without kernel is the same."""
    layer = call.layer
    if type(layer) in POOLINGS and is_channels_last(layer):
        return all(axis == axis.mirrored() for axis in windows(call, None))
    if type(layer) is layers.ZeroPadding2D:
        symmetric = all(before == after for before, after in layer.padding)
        return symmetric and is_channels_last(layer)
    if type(layer) in (layers.BatchNormalization, layers.Concatenate):
        return layer.axis in (-1, 3)
    if type(layer) is layers.Rescaling:
        return np.ndim(layer.scale) == np.ndim(layer.offset) == 0
    return type(layer) in POSITIONLESS
