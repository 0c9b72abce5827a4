"""The two ends of a model: an input of ones, and outputs left linear."""

import contextlib

import keras
import numpy as np


def ones_for(model, input_shape=None):
    """An input of ones, batch size 1.

    Args:
        model: `keras.Model`.
        input_shape: tuple, or structure of tuples, without the batch axis, or
            None: what the model says.

    Returns:
        Array or structure of arrays.

    Raises:
        ValueError: an axis of the input is not known.
    """
    if input_shape is not None:
        return keras.tree.map_shape_structure(
            lambda shape: np.ones((1, *shape), keras.config.floatx()),
            input_shape,
        )
    specs = getattr(model, "inputs", None) or []
    shapes = [tuple(spec.shape[1:]) for spec in specs]
    if not shapes or any(None in shape for shape in shapes):
        raise ValueError(
            "`input_shape` must be given for a model that does not say it. "
            f"Received: input_shape=None and model {model.name!r} with inputs "
            f"{shapes}. Pass it without the batch axis, as in (224, 224, 3)."
        )
    sequential = isinstance(model, keras.Sequential)
    return keras.tree.map_structure(
        lambda spec: np.ones((spec.shape[0] or 1, *spec.shape[1:]), spec.dtype),
        specs[0] if sequential else model.input,
    )


@contextlib.contextmanager
def without_last_activation(model):
    """Makes the last layers of a model linear; afterwards they are as before.

    The last layers of a subclassed model are not known: they stay.
    """
    softmaxes, activations = [], []
    for layer in last_layers(model):
        if isinstance(layer, keras.layers.Softmax):
            softmaxes.append(layer)
        elif getattr(layer, "activation", None) is not None:
            activations.append((layer, layer.activation))
    try:
        for layer in softmaxes:
            layer.call = lambda inputs, mask=None: inputs
        for layer, _ in activations:
            layer.activation = keras.activations.linear
        yield
    finally:
        for layer in softmaxes:
            del layer.call
        for layer, activation in activations:
            layer.activation = activation


def last_layers(model):
    """Returns the layers whose outputs are the model's, nested models opened.

    Args:
        model: `keras.Model`.

    Returns:
        List of layers; empty for a subclassed model.
    """
    if isinstance(model, keras.Sequential):
        found = model.layers[-1:]
    else:
        outputs = keras.tree.flatten(getattr(model, "outputs", None) or [])
        wanted = {id(tensor) for tensor in outputs}
        found = [
            layer for layer in model.layers if wanted & _ids(layer, "output")
        ]
    opened: list = []
    for layer in found:
        nested = isinstance(layer, keras.Model)
        opened += last_layers(layer) if nested else [layer]
    return opened


def last_layers_with(model, variables):
    """Returns the last layers that have some of `variables`.

    Args:
        model: `keras.Model`.
        variables: iterable of `keras.Variable`.

    Returns:
        List of layers: between them and the model's outputs no other has any,
        as in front of a last Softmax. Empty for a subclassed model.
    """
    wanted = {id(variable) for variable in variables}
    layers, reached, found = _opened(model), last_layers(model), []
    while reached:
        inputs = set()
        for layer in reached:
            if wanted & {id(variable) for variable in layer.weights}:
                found.append(layer)
            else:
                inputs |= _ids(layer, "input")
        reached = [x for x in layers if inputs & _ids(x, "output")]
    return found


def _opened(model):
    layers: list = []
    for layer in model.layers:
        nested = isinstance(layer, keras.Model)
        layers += _opened(layer) if nested else [layer]
    return layers


def _ids(layer, end):
    try:
        return {
            id(tensor) for tensor in keras.tree.flatten(getattr(layer, end))
        }
    except AttributeError:  # a layer that is called more than once, or never
        return set()
