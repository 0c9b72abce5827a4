"""What has to change in a network so that XNNPACK's sparse rule holds."""

import dataclasses

from keras_export.xnnpack_mirror import mirrored_region
from keras_export.xnnpack_sites import AXES, find_sites


@dataclasses.dataclass(frozen=True)
class Plan:
    """Changes to a graph.

    Attributes:
        axes: tuple of the axes (1 height, 2 width) that are mirrored.
        region: set of ids of the calls that work on the mirrored image.
        sites: dict from the id of a convolution's call to its `Site`.
        paddings: dict from the id of a convolution's call to the explicit
            padding it gets, `((top, bottom), (left, right))`.
    """

    axes: tuple
    region: set
    sites: dict
    paddings: dict


def make_plan(graph):
    """Returns the `Plan` for a `Graph`."""
    sites = find_sites(graph)
    region = mirrored_region(graph, sites)
    inside = [site for site in sites if id(site.call) in region]
    axes = tuple(
        axis
        for place, axis in enumerate(AXES)
        if _prefers_mirror([site for site in inside if site.needs], place)
    )
    paddings = {}
    for site in sites:
        mirrored = axes if id(site.call) in region else ()
        paddings[id(site.call)] = new_padding(site, mirrored)
    return Plan(
        axes,
        region if axes else set(),
        {id(site.call): site for site in sites},
        {key: value for key, value in paddings.items() if value is not None},
    )


def _prefers_mirror(sites, place):
    """Whether mirroring an axis makes all paddings symmetric that can be."""
    straight = [s.windows[place].equals_padding(s.needs) for s in sites]
    mirrored = [
        s.windows[place].mirrored().equals_padding(s.needs) for s in sites
    ]
    possible = [a or b for a, b in zip(straight, mirrored, strict=True)]
    return mirrored == possible and straight != possible


def new_padding(site, axes):
    """Returns the explicit padding for a site, None where it stays as it is.

    Args:
        site: `Site`.
        axes: tuple of the axes on which its image is mirrored.

    Returns:
        `((top, bottom), (left, right))` in zeros, with which the (mirrored)
        convolution sees the same values as before; symmetric as XNNPACK wants
        it where that is possible.
    """
    seen = tuple(
        window.mirrored() if axis in axes else window
        for axis, window in zip(AXES, site.windows, strict=True)
    )
    padding = tuple((window.before, window.after) for window in seen)
    ready = dataclasses.replace(site, windows=seen).fits()
    if ready:
        padding = ((site.needs, site.needs),) * 2
    layer = site.call.layer
    # XNNPACK itself makes padding "same" of stride 1 explicit.
    explicit = layer.padding == "valid" or tuple(layer.strides) == (1, 1)
    unchanged = padding == tuple((w.before, w.after) for w in site.windows)
    return None if unchanged and (explicit or not ready) else padding
