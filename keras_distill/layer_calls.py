"""The calls of layers that a functional model consists of."""

import collections

import keras

from keras_distill.symbolic_inputs import is_graph

LayerCall = collections.namedtuple("LayerCall", "layer source output")
LayerCall.__doc__ = "A layer, its first argument, and what it returned."


def layer_calls(model, argument="layer"):
    """Calls the layers of a model again, on new symbolic inputs.

    `layer.output` is of a layer's first call, which need not be the one in
    `model`: a Sequential model calls its layers whenever it grows or loads.

    Args:
        model: built `keras.Model`, functional or Sequential.
        argument: str, what needs the layers, for an error.

    Returns:
        Tuple of the inputs and outputs, in the structure of the model's, and
        the list of `LayerCall`, in order.

    Raises:
        ValueError: the model is a subclass, so that its layers are unknown.

    Example:
        >>> import keras
        >>> from keras_distill.layer_calls import layer_calls
        >>> layers = [keras.layers.Dense(8, name="a"), keras.layers.Dense(2)]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> inputs, outputs, calls = layer_calls(model)
        >>> [call.output.shape for call in calls]
        [(None, 8), (None, 2)]
    """
    check_layers(model, argument)
    calls = []

    def record(layer, *args, **kwargs):
        output = layer(*args, **kwargs)
        calls.append(LayerCall(layer, args[0] if args else None, output))
        return output

    if isinstance(model, keras.Sequential):
        inputs = outputs = _fresh(model.inputs[0])
        for layer in model.layers:
            outputs = record(layer, outputs)
        return inputs, outputs, calls
    inputs = keras.tree.map_structure(_fresh, model.input)
    clone = keras.models.clone_model(
        keras.Model(model.input, model.output),  # the model, not compiled
        input_tensors=inputs,
        clone_function=lambda layer: layer,
        call_function=record,
    )
    return inputs, clone.output, calls


def check_layers(model, argument):
    """Raises unless the layers of `model` are all that it computes."""
    known = is_graph(model)
    if known and not isinstance(model, keras.Sequential):
        plain = keras.Model(model.input, model.output)
        known = type(model).call is type(plain).call
    elif known:
        known = type(model).call is keras.Sequential.call
    if not known:
        raise ValueError(
            f"`{argument}`: the layers of model {model.name!r} cannot be "
            f"seen, because its class {type(model).__name__} has its own "
            "`call`. Build it with `keras.Model(inputs, outputs)` or "
            "`keras.Sequential`, or distil its outputs, as "
            "`SubclassDistillation` does."
        )


def _fresh(tensor):
    return keras.Input(
        batch_shape=tensor.shape, dtype=tensor.dtype, name=tensor.name
    )
