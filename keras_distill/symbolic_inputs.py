"""The inputs that a model takes, as symbolic tensors."""

import keras


def symbolic_inputs(model):
    """Symbolic tensors in the structure that a model is called with.

    Args:
        model: built `keras.Model`.

    Returns:
        A `keras.KerasTensor`, or a list, tuple or dict of them. Those of a
        subclassed model are new ones with any batch size, of the float type
        `keras.config.floatx()`.

    Raises:
        ValueError: `model` is no built `keras.Model`, or a subclassed one
            whose `call` takes several tensors.

    Example:
        >>> import keras
        >>> from keras_distill.symbolic_inputs import symbolic_inputs
        >>> layers = [keras.Input((4,)), keras.layers.Dense(10)]
        >>> symbolic_inputs(keras.Sequential(layers)).shape
        (None, 4)
    """
    if not isinstance(model, keras.Model) or not model.built:
        raise ValueError(
            "`model` must be a built `keras.Model`. "
            f"Received: {_describe(model)}. Give a Sequential model a "
            "`keras.Input`, or call the model once on a batch."
        )
    if is_graph(model):
        if isinstance(model, keras.Sequential):
            return model.inputs[0]
        return model.input
    shapes = (model.get_build_config() or {}).get("input_shape")
    if shapes is None:
        raise ValueError(
            "A subclassed `model` must take its inputs as one argument, "
            f"and be built by a call. Received: {_describe(model)}. Make it "
            "functional first: `keras.Model(inputs, model(inputs))` with "
            "`inputs = keras.Input(...)`."
        )
    return keras.tree.map_shape_structure(
        lambda shape: keras.Input(tuple(shape)[1:]), shapes
    )


def is_graph(model):
    """Whether a model is functional (or Sequential): made of known layers."""
    return getattr(model, "outputs", None) is not None


def _describe(model):
    if isinstance(model, keras.Model):
        return f"{type(model).__name__} {model.name!r}, built={model.built}"
    return f"an object of type {type(model).__name__}"
