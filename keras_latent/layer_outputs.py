"""Activations of named layers of a model."""

import keras


def layer_outputs(model, layers):
    """A model of the same weights that returns outputs of named layers.

    Args:
        model: built functional or Sequential `keras.Model`.
        layers: list of names, or one name.

    Returns:
        `keras.Model` from the model's inputs to a list of tensors, in the
        order of `layers`.

    Raises:
        ValueError: another kind of model, no layers, an unknown one, one that
            is used several times or has several outputs.

    Source: none.

    Example:
        >>> import keras
        >>> from keras_latent.layer_outputs import layer_outputs
        >>> dense = keras.layers.Dense
        >>> model = keras.Sequential([keras.Input((2,)), dense(3, name="a")])
        >>> [tuple(a.shape) for a in layer_outputs(model, ["a"]).outputs]
        [(None, 3)]
    """
    layers = [layers] if isinstance(layers, str) else list(layers)
    if not getattr(model, "inputs", None) or not hasattr(model, "get_layer"):
        raise ValueError(
            "`layers` can be named of a built functional or Sequential model. "
            f"Received: {type(model).__name__}. Give a function that returns "
            "a list of activations instead."
        )
    if not layers:
        raise ValueError(
            "`layers` must hold at least one name. Received: none of them; "
            "None stands for the model's output."
        )
    names = [layer.name for layer in model.layers]
    unknown = [name for name in layers if name not in names]
    if unknown:
        raise ValueError(
            f"`layers` must be of those of the model, {names}. Received: "
            f"{unknown}."
        )
    outputs = [_output(model.get_layer(name)) for name in layers]
    return keras.Model(model.inputs, outputs)


def _output(layer):
    try:
        output = layer.output
    except AttributeError as error:
        raise _several(layer) from error
    if isinstance(output, (list, tuple, dict)):
        raise _several(layer)
    return output


def _several(layer):
    return ValueError(
        "`layers` must be such that are called once and have one output. "
        f"Received: {layer.name!r}."
    )
