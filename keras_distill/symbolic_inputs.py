"""A model called on symbolic tensors, to build another one around it."""

import inspect

import keras


def symbolic_call(model):
    """Symbolic inputs of a model, and its outputs for them.

    Args:
        model: built `keras.Model`.

    Returns:
        (inputs, outputs): inputs in the structure that `model` is called
        with, outputs as a list. They are the tensors of a functional model
        itself, so that its layers stay visible. For a subclassed model the
        inputs are new, of any batch size and of `keras.config.floatx()`.

    Raises:
        ValueError: `model` is no built `keras.Model`, or a subclassed one
            whose `call` needs several arguments.

    Example:
        >>> import keras
        >>> from keras_distill.symbolic_inputs import symbolic_call
        >>> layers = [keras.Input((4,)), keras.layers.Dense(10)]
        >>> symbolic_call(keras.Sequential(layers))[0].shape
        (None, 4)
    """
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError(
            "`model` must be a built `keras.Model`. "
            f"Received: {_describe(model)}. Give a Sequential model a "
            "`keras.Input`, or call the model once on a batch."
        )
    if not is_graph(model):
        inputs = _new_inputs(_input_shapes(model))
        return inputs, keras.tree.flatten(model(inputs))
    if not isinstance(model, keras.Sequential):
        return model.input, model.outputs
    inputs = model.inputs[0]
    if inputs.shape[0] is None:
        return inputs, model.outputs
    # Built by a batch: Keras keeps its size, which is no part of the model.
    inputs = outputs = keras.Input(inputs.shape[1:], dtype=inputs.dtype)
    for layer in model.layers:
        outputs = layer(outputs)
    return inputs, [outputs]


def is_graph(model):
    """Whether a model is functional (or Sequential): made of known layers."""
    return getattr(model, "outputs", None) is not None


def _input_shapes(model):
    shapes = (model.get_build_config() or {}).get("input_shape")
    needed = [
        parameter
        for parameter in inspect.signature(model.call).parameters.values()
        if parameter.default is parameter.empty
        and parameter.kind is parameter.POSITIONAL_OR_KEYWORD
    ]
    if shapes is None or len(needed) > 1:
        raise ValueError(
            "A subclassed `model` must take its inputs as one argument, "
            f"and be built by a call. Received: {_describe(model)}. Make it "
            "functional first: `keras.Model(inputs, model(inputs))` with "
            "`inputs = keras.Input(...)`."
        )
    return shapes


def _new_inputs(shapes, name=None):
    if isinstance(shapes, dict):  # Keras wants the keys as names
        return {key: _new_inputs(each, key) for key, each in shapes.items()}
    if shapes and isinstance(shapes[0], (list, tuple, dict)):
        return [_new_inputs(each) for each in shapes]
    return keras.Input(tuple(shapes)[1:], name=name)


def _describe(model):
    if isinstance(model, keras.Model):
        return f"{type(model).__name__} {model.name!r}, built={model.built}"
    return f"an object of type {type(model).__name__}"
