"""Rewriting of a CNN so that XNNPACK can run it sparse."""

import keras
from keras import layers

from keras_export.to_saved_model import check_model
from keras_export.xnnpack_apply import apply_plan
from keras_export.xnnpack_graph import is_graph_model, trace
from keras_export.xnnpack_mirror import mirrored_region
from keras_export.xnnpack_plan import make_plan
from keras_export.xnnpack_sites import CONVOLUTIONS, find_sites, is_folded


def xnnpack_ready(model: keras.Model) -> keras.Model:
    """Rewrites a CNN, outputs unchanged, for XNNPACK's sparse convolutions.

    XNNPACK (the CPU engine of LiteRT) runs 1x1 convolutions sparse on ARM and
    WebAssembly, if the network from a 3x3 stride-2 convolution of an image
    with 3 channels to a global average pooling keeps to a short list of
    operations, with equal padding on both sides. Stock MobileNets break the
    last rule: padding "same" pads an even axis under stride 2 by (0, 1).

    Such axes are mirrored in front of the first convolution, and so are all
    kernels: then the same windows begin at padding 1, and the global pooling
    does not see the order. No weight is added; reversing the image costs far
    less than a convolution. A global average pooling with `keepdims=True`
    becomes one without, and a reshape: the runtime's sparse one (LiteRT 2.3.0
    on ARM) gives its output in the wrong shape, or fails to start.
    What cannot be rewritten with equal outputs stays as it is, and
    `keras_export.explain` says what that is and why.

    Args:
        model: built Functional or Sequential `keras.Model` with a fixed image
            size, `(batch, height, width, 3)`. Models inside it are opened.

    Returns:
        new uncompiled `keras.Model` with the names of the layers that stay
        and copies of their weights; `model` is left as it was. Added are
        layers named `<convolution>_pad` and `<pooling>_reshape`, and an
        operation `flip`.

    Raises:
        TypeError: if `model` is not a `keras.Model`.
        ValueError: if it is not built, is subclassed, has an open image size,
            no convolution at which XNNPACK's sparse part can begin, or a
            `BatchNormalization` that would give wrong numbers there.

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
    _refuse_loose_normalizations(graph, model.name)
    return apply_plan(graph, plan)


def _refuse_loose_normalizations(graph, name):
    """Raises for what a sparse part would compute wrongly, without a word."""
    producers, consumers = graph.producers(), graph.consumers()
    region = mirrored_region(graph, find_sites(graph))
    loose = [
        call.name
        for call in graph.calls
        if type(call.layer) is layers.BatchNormalization
        and id(call) in region
        and not is_folded(call, producers, consumers)
    ]
    if loose:
        raise ValueError(
            "`model` must have its `BatchNormalization`s directly behind "
            "convolutions without activation, where the converter folds them. "
            f"Received: model {name!r} with {loose} elsewhere; on ARM, LiteRT "
            "2.3.0 gives wrong numbers for these in a sparse part. Move or "
            "remove them and train again, or keep the model as it is."
        )


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
