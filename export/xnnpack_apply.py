"""The changed network: new layers, and weights copied into them."""

import keras
import numpy as np
from keras import layers

from keras_export.xnnpack_graph import rebuild
from keras_export.xnnpack_sites import AXES


def apply_plan(graph, plan):
    """Returns a new `keras.Model`: `graph` with the changes of `plan`."""
    new_name = _name_giver()
    names = {}
    for call in graph.calls:
        # All of the model's own names first, so that none of them changes.
        if id(call.layer) not in names:
            names[id(call.layer)] = new_name(call.name)
    changes = _config_changes(graph, plan)
    made = {}

    def make_layer(layer):
        config = {
            **layer.get_config(),
            "name": names[id(layer)],
            **changes.get(id(layer), {}),
        }
        made[id(layer)] = type(layer).from_config(config)
        return made[id(layer)]

    def call_layer(call, layer, args, kwargs):
        for step in _before(call, plan, new_name):
            args, kwargs = _on_tensors(step, (args, kwargs))
        result = layer(*args, **kwargs)
        if not keeps_dimensions(call.layer):
            return result
        shape = call.outputs[0].shape[1:]
        name = new_name(f"{layer.name}_reshape")
        return layers.Reshape(shape, name=name)(result)

    model = rebuild(graph, make_layer, call_layer)
    mirrored = {
        id(site.call.layer)
        for key, site in plan.sites.items()
        if key in plan.region
    }
    for old in {id(call.layer): call.layer for call in graph.calls}.values():
        axes = plan.axes if id(old) in mirrored else ()
        _copy_weights(old, made[id(old)], axes)
    return model


def keeps_dimensions(layer):
    """Whether `layer` is a global average pooling to `(1, 1, channels)`."""
    return type(layer) is layers.GlobalAveragePooling2D and layer.keepdims


def _config_changes(graph, plan):
    """Returns a dict from a layer's id to what changes in its config."""
    changes = {
        id(call.layer): {"keepdims": False}
        for call in graph.calls
        if keeps_dimensions(call.layer)
    }
    for key, padding in plan.paddings.items():
        site = plan.sites[key]
        changes[id(site.call.layer)] = {"padding": "valid"}
        if site.pad is not None:
            changes[id(site.pad.layer)] = {"padding": padding}
    return changes


def _before(call, plan, new_name):
    """Returns the operations that an image passes in front of a call."""
    steps = []
    starts = {id(site.first) for site in plan.sites.values() if site.is_entry}
    if plan.axes and id(call) in starts:
        steps.append(lambda image: keras.ops.flip(image, axis=plan.axes))
    site = plan.sites.get(id(call))
    padding = plan.paddings.get(id(call))
    if padding is not None and site.pad is None:
        name = new_name(f"{call.name}_pad")
        steps.append(layers.ZeroPadding2D(padding, name=name))
    return steps


def _on_tensors(function, structure):
    return keras.tree.map_structure(
        lambda leaf: (
            function(leaf) if keras.utils.is_keras_tensor(leaf) else leaf
        ),
        structure,
    )


def _copy_weights(old, new, axes):
    """Copies all weights; mirrors the kernel of a convolution on `axes`."""
    # Operations that are not layers have none.
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


def _name_giver():
    """Returns a function that numbers the names it has given before."""
    given = set()

    def give(name):
        unique, number = name, 0
        while unique in given:
            number += 1
            unique = f"{name}_{number}"
        given.add(unique)
        return unique

    return give
