"""A layer of a generator whose output is read or changed for a while."""

import contextlib
import functools

import keras
import tensorflow as tf

PROGRAMS = ("predict_function", "test_function", "train_function")


def find_layer(generator, layer):
    """A layer of a generator, given by its name, its number or itself.

    Args:
        generator: Keras model; or a function, with the layer itself.
        layer: str, a name, also of a layer of a nested model; int, a place in
            `generator.layers`; or the `keras.Layer`.

    Raises:
        ValueError: there is none, or several of that name.

    Example:
        >>> from keras_latent.layer_edits import find_layer
        >>> dense = keras.layers.Dense(2, name="units")
        >>> model = keras.Sequential([keras.Input((3,)), dense])
        >>> find_layer(model, "units") is find_layer(model, -1) is dense
        True
    """
    if isinstance(layer, keras.Layer):
        return layer
    own = list(getattr(generator, "layers", ()))
    if not own:
        raise ValueError(
            "`layer` must be the `keras.Layer` itself where the generator is "
            f"not a Keras model with layers. Received: layer={layer!r}."
        )
    if isinstance(layer, str):
        found = [each for each in inner_layers(generator) if each.name == layer]
        if len(found) == 1:
            return found[0]
        names = [each.name for each in inner_layers(generator)]
        raise ValueError(
            f"`layer` must be the name of one layer, of {names}. Received: "
            f"layer={layer!r}, of which there are {len(found)}. Give its "
            "number in `generator.layers`, or the layer itself."
        )
    whole = isinstance(layer, int) and not isinstance(layer, bool)
    if not whole or not -len(own) <= layer < len(own):
        raise ValueError(
            "`layer` must be a name, a layer, or an int less than "
            f"{len(own)}, the layers there are. Received: layer={layer!r}."
        )
    return own[layer]


def inner_layers(model):
    """All layers of a model and of the models in it, each once.

    Args:
        model: Keras model.

    Returns:
        List of `keras.Layer`.
    """
    found = []
    for layer in getattr(model, "layers", ()):
        for each in (layer, *inner_layers(layer)):
            if not any(each is other for other in found):
                found.append(each)
    return found


@contextlib.contextmanager
def edited(generator, layer, edit):
    """Within, the layer's output is what `edit` makes of it.

    The layer's `call` is replaced, and afterwards what it was before, also
    after an exception; weights are not touched. `predict`, `evaluate` and
    `fit` of the generator are traced anew within, and take up their former
    programs afterwards. A `tf.function` of one's own keeps what it was traced
    with, as does another model that calls the generator: trace these within.

    Args:
        generator: Keras model, or function.
        layer: as for `find_layer`.
        edit: function of the layer's output, to what takes its place.

    Raises:
        ValueError: as `find_layer`.

    Source: `netdissect/nethook.py` of CSAILVision/gandissect.

    Example:
        >>> from keras_latent.layer_edits import edited
        >>> model = keras.Sequential([keras.layers.Identity(name="a")])
        >>> with edited(model, "a", lambda x: 3 * x):
        ...     float(model(keras.ops.ones((1, 1)))[0, 0])
        3.0
    """
    layer = find_layer(generator, layer)
    before = vars(layer).get("call")
    call = layer.call

    @functools.wraps(call)
    def edited_call(*args, **kwargs):
        return edit(call(*args, **kwargs))

    models = [generator, *inner_layers(generator)]
    programs = [
        (model, name, getattr(model, name))
        for model in models
        if isinstance(model, keras.Model)
        for name in PROGRAMS
    ]
    try:
        layer.call = edited_call
        for model, name, _ in programs:
            setattr(model, name, None)
        yield
    finally:
        if before is None:
            del layer.call
        else:
            layer.call = before
        for model, name, program in programs:
            setattr(model, name, program)


def read_layer(generator, layer, call):
    """What a call returns, and what the layer gave in it.

    Args:
        generator: Keras model, or function.
        layer: as for `find_layer`.
        call: function without arguments that calls the generator.

    Returns:
        Pair (what `call` returned, tensor).

    Raises:
        ValueError: as `find_layer`; a layer that is not called once, or has
            several outputs, or runs in a program of its own.
    """
    layer = find_layer(generator, layer)
    outputs = []

    def keep(output):
        outputs.append(output)
        return output

    with edited(generator, layer, keep):
        result = call()
    if len(outputs) != 1:
        raise ValueError(
            f"`layer` must be called once by the generator. Received: layer "
            f"{layer.name!r}, called {len(outputs)} times. Not the "
            "input; a shared layer gets one of its own after it by "
            "`keras.layers.Identity`."
        )
    output = outputs[0]
    if isinstance(output, (list, tuple, dict)):
        raise ValueError(
            f"`layer` must have one output. Received: layer {layer.name!r}, "
            f"with {len(output)} of them. Choose the layer after it."
        )
    if tf.executing_eagerly() and tf.is_symbolic_tensor(output):
        raise ValueError(
            f"`layer` must not be in a `tf.function` of the generator. "
            f"Received: layer {layer.name!r}. Take `tf.function` off the "
            "generator's `call`: `predict` compiles it anyway."
        )
    return result, output
