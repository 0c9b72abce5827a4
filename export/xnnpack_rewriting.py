"""Rewriting of a CNN so that XNNPACK can run it sparse."""

import keras
import numpy as np
from keras import layers

from keras_export.to_saved_model import check_model
from keras_export.xnnpack_graph import is_graph_model, rebuild, trace
from keras_export.xnnpack_plan import make_plan
from keras_export.xnnpack_sites import AXES, CONVOLUTIONS


def xnnpack_ready(model):
    """Rewrites a CNN, outputs unchanged, for XNNPACK's sparse convolutions.

    XNNPACK (the CPU engine of LiteRT) runs 1x1 convolutions sparse on ARM and
    WebAssembly, if the network from a 3x3 stride-2 convolution of an image
    with 3 channels to a global average pooling keeps to a short list of
    operations, with equal padding on both sides. Stock MobileNets break the
    last rule: padding "same" pads an even axis under stride 2 by (0, 1).

    Such axes are mirrored in front of the first convolution, and so are all
    kernels: then the same windows begin at padding 1, and the global pooling
    does not see the order. No weight is added; reversing the image costs far
    less than a convolution. What cannot be rewritten with equal outputs stays
    as it is, and `keras_export.explain` says what that is and why.

    Args:
        model: built Functional or Sequential `keras.Model` with a fixed image
            size, `(batch, height, width, 3)`. Models inside it are opened.

    Returns:
        new uncompiled `keras.Model` with the names of the layers that stay
        and copies of their weights; `model` is left as it was. Added are
        layers named `<convolution>_pad` and an operation `flip`.

    Raises:
        TypeError: if `model` is not a `keras.Model`.
        ValueError: if it is not built, is subclassed, has an open image size
            or no convolution at which XNNPACK's sparse part can begin.

    Source: XNNPACK, src/subgraph.c, `xnn_subgraph_rewrite_for_nchw`.

    Example:
        >>> import keras, keras_export
        >>> model = keras.applications.MobileNet((32, 32, 3), weights=None)
        >>> model = keras_export.xnnpack_ready(model)
        >>> model.get_layer("conv_pad_2").padding
        ((1, 1), (1, 1))
    """
    graph = readable_graph(model)
    plan = make_plan(graph)
    if not any(site.is_entry for site in plan.sites.values()):
        raise ValueError(
            "`model` must have a 3x3 convolution of stride 2 on an image with "
            "3 channels, where XNNPACK's sparse part begins. Received: model "
            f"{model.name!r} without one. Give it such a first layer, or "
            "prune its dense layers in blocks instead: see "
            "`keras_export.explain`."
        )
    return _rewrite(graph, plan)


def readable_graph(model):
    """Returns the `Graph` of a model with fixed image sizes, or raises."""
    check_model(model)
    if not is_graph_model(model):
        raise ValueError(
            "`model` must be Functional or Sequential, so that its layers can "
            f"be followed. Received: the subclassed model {model.name!r}. "
            "Build the same layers with `keras.Model(inputs, outputs)`."
        )
    graph = trace(model)
    for call in graph.calls:
        if type(call.layer) not in CONVOLUTIONS:
            continue
        shape = tuple(call.inputs[0].shape)
        if None in shape[1:]:
            raise ValueError(
                "`model` must have a fixed image size, because padding depends "
                f"on it. Received: model {model.name!r} with shape {shape} at "
                f"{call.name!r}. Build it on `keras.Input((height, width, 3))`."
            )
    return graph


def _rewrite(graph, plan):
    sites = plan.sites
    fresh_name = _name_giver()
    flipped = {id(site.first) for site in sites.values() if site.is_entry}
    changed = {id(sites[key].call.layer) for key in plan.paddings}
    pads = {
        id(sites[key].pad.layer): padding
        for key, padding in plan.paddings.items()
        if sites[key].pad is not None
    }
    made = []

    def make_layer(layer):
        config = layer.get_config()
        config["name"] = fresh_name(layer.name)
        if id(layer) in changed:
            config["padding"] = "valid"
        if id(layer) in pads:
            config["padding"] = pads[id(layer)]
        made.append((layer, type(layer).from_config(config)))
        return made[-1][1]

    def call_layer(call, layer, args, kwargs):
        if plan.axes and id(call) in flipped:
            args, kwargs = _on_tensors(_flip(plan.axes), (args, kwargs))
        padding = plan.paddings.get(id(call))
        if padding is not None and sites[id(call)].pad is None:
            name = fresh_name(f"{layer.name}_pad")
            pad = layers.ZeroPadding2D(padding, name=name)
            args, kwargs = _on_tensors(pad, (args, kwargs))
        return layer(*args, **kwargs)

    model = rebuild(graph, make_layer, call_layer)
    mirrored = {
        id(sites[key].call.layer) for key in sites if key in plan.region
    }
    for old, new in made:
        axes = plan.axes if id(old) in mirrored else ()
        _copy_weights(old, new, axes)
    return model


def _copy_weights(old, new, axes):
    """Copies all weights, the kernel of a convolution mirrored on `axes`."""
    if not getattr(old, "weights", None):
        return
    weights = old.get_weights()
    if axes:
        places = [AXES.index(axis) for axis in axes]
        weights[0] = np.flip(weights[0], places)
    new.set_weights(weights)
    if isinstance(new, layers.Normalization):
        # It computes with copies of its weights.
        new.finalize_state()


def _flip(axes):
    return lambda image: keras.ops.flip(image, axis=axes)


def _on_tensors(function, structure):
    return keras.tree.map_structure(
        lambda leaf: (
            function(leaf) if keras.utils.is_keras_tensor(leaf) else leaf
        ),
        structure,
    )


def _name_giver():
    """Returns a function that numbers names which were given before."""
    given = set()

    def give(name):
        unique, number = name, 0
        while unique in given:
            number += 1
            unique = f"{name}_{number}"
        given.add(unique)
        return unique

    return give
