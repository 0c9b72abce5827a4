"""Activations of named layers of a model."""

import keras


def layer_outputs(model, layers):
    """A model of the same weights that returns outputs of named layers.

    Args:
        model: built functional or Sequential `keras.Model`.
        layers: list of names, or one name.

    Returns:
        `keras.Model` from the model's inputs to a list of tensors, in the
        order of `layers`; to one tensor, for one of them.

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
    layers = layer_names(layers)
    if not getattr(model, "inputs", None) or not hasattr(model, "get_layer"):
        raise ValueError(
            "`layers` can be named of a built functional or Sequential model. "
            f"Received: {type(model).__name__}. Give a function that returns "
            "a list of activations instead."
        )
    inputs = keras.layers.InputLayer
    names = [each.name for each in model.layers if not isinstance(each, inputs)]
    unknown = [name for name in layers if name not in names]
    if unknown:
        raise ValueError(
            f"`layers` must be of those of the model, {names}. Received: "
            f"{unknown}."
        )
    start, found = _call_again(model)
    several = [name for name in layers if len(found[name]) > 1]
    if several:
        raise ValueError(
            "`layers` must be such that are called once and have one output. "
            f"Received: {several}."
        )
    return keras.Model(start, [found[name][0] for name in layers])


def layer_names(layers):
    """Names as a list.

    Args:
        layers: list of str, or one str.

    Raises:
        ValueError: no names.

    Example:
        >>> from keras_latent.layer_outputs import layer_names
        >>> layer_names("dense"), layer_names(("a", "b"))
        (['dense'], ['a', 'b'])
    """
    layers = [layers] if isinstance(layers, str) else list(layers)
    if not layers or not all(isinstance(name, str) for name in layers):
        raise ValueError(
            "`layers` must be at least one name of a layer, or None for the "
            f"model's output. Received: layers={layers}."
        )
    return layers


def _call_again(model):
    """New inputs, and the outputs of each layer by its name.

    `layer.output` is that of the layer's first call, in whatever model.
    """
    found = {}

    def call(layer, *arguments, **options):
        outputs = layer(*arguments, **options)
        found.setdefault(layer.name, []).extend(keras.tree.flatten(outputs))
        return outputs

    if not isinstance(model, keras.Sequential):
        again = keras.models.clone_model(
            model, clone_function=lambda layer: layer, call_function=call
        )
        return again.input, found
    given = model.inputs[0]
    start = moved = keras.Input(batch_shape=given.shape, dtype=given.dtype)
    for layer in model.layers:
        moved = call(layer, moved)
    return start, found
