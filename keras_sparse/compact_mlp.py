"""Makes a smaller model out of dense layers with dead units."""

import keras
import numpy as np
from keras import ops

from keras_sparse.dead_units import remove_dead_units

_ELEMENTWISE = frozenset(
    "celu elu exponential gelu hard_shrink hard_sigmoid hard_silu hard_tanh "
    "leaky_relu linear log_sigmoid mish relu relu6 selu sigmoid silu "
    "soft_shrink softplus softsign sparse_plus sparse_sigmoid squareplus tanh "
    "tanh_shrink threshold".split()
)


def compact_mlp(model: keras.Model) -> tuple[keras.Model, np.ndarray]:
    """Makes the smaller model of the units that are not dead.

    Args:
        model: built `keras.Sequential` or functional model: Input, then
            perhaps Flatten, then Dense layers one after the other whose
            activations are Keras' own and, but for the last, elementwise.

    Returns:
        tuple (`keras.Model`, live inputs). The new model has the same outputs,
        for inputs (batch, number of live inputs): the flattened inputs of the
        old one at these indices. Its layers have the old configuration, names
        and dtypes, and a bias where a constant was folded in.

    Raises:
        ValueError: for another kind of model, or one whose output does not
            depend on its input.

    Source: as `remove_dead_units`.

    Example:
        >>> layers = [keras.layers.Dense(2, "relu"), keras.layers.Dense(1)]
        >>> model = keras.Sequential([keras.Input((3,)), *layers])
        >>> kernel = np.array([[1.0, 0.0], [0.0, 0.0], [1.0, 0.0]])
        >>> layers[0].set_weights([kernel, np.zeros(2)])
        >>> small, live = compact_mlp(model)
        >>> small.count_params(), live  # 2 + 1 and 1 + 1; was 8 and 3
        (5, array([0, 2]))
    """
    layers = _dense_chain(model)
    found = remove_dead_units(
        [ops.convert_to_numpy(layer.kernel) for layer in layers],
        [_bias(layer) for layer in layers],
        [_on_arrays(layer.activation) for layer in layers[:-1]],
    )
    if 0 in found.sizes:
        raise ValueError(
            "`model` must have a path of weights that are not 0 from its "
            f"input to its output. Received: {model.name!r}, which leaves "
            f"sizes {found.sizes}. Its output is constant: use it as such."
        )
    inputs = x = keras.Input((found.sizes[0],), dtype=model.inputs[0].dtype)
    weights = zip(layers, found.kernels, found.biases, strict=True)
    for layer, kernel, bias in weights:
        use_bias = layer.use_bias or bool(bias.any())
        config = {"units": len(bias), "use_bias": use_bias}
        small = type(layer).from_config({**layer.get_config(), **config})
        x = small(x)
        small.set_weights([kernel, bias] if use_bias else [kernel])
    return keras.Model(inputs, x, name=model.name), found.live[0]


def _bias(layer):
    if layer.use_bias:
        return ops.convert_to_numpy(layer.bias)
    return np.zeros(layer.units, ops.convert_to_numpy(layer.kernel).dtype)


def _on_arrays(activation):
    return lambda array: ops.convert_to_numpy(activation(array))


def _dense_chain(model):
    """The Dense layers in their order; ValueError for what is not a chain."""
    is_graph = isinstance(model, keras.Model) and hasattr(model, "inputs")
    if not is_graph or len(model.inputs) != 1 or len(model.outputs) != 1:
        raise ValueError(
            "`model` must be a built Sequential or functional model with one "
            f"input and one output. Received: {model!r}. Begin it with "
            "keras.Input(shape)."
        )
    chain = [x for x in model.layers if type(x) is not keras.layers.InputLayer]
    dense = [x for x in chain if type(x) is keras.layers.Dense]
    offenders = [
        f"{layer.name!r} ({type(layer).__name__}) {reason}"
        for layer in chain
        if (reason := _obstacle(layer, layer is chain[-1]))
    ]
    if not offenders and not (dense and _is_chain(model)):
        offenders = ["layers that branch, or are called twice or not at all"]
    if offenders:
        raise ValueError(
            "`model` must be Input, Flatten and Dense layers in a chain. "
            f"Received: {'; '.join(offenders)}. Pass the part of the model "
            "that is such a chain as a model of its own."
        )
    return dense


def _obstacle(layer, is_last):
    """Why a layer cannot be part of the chain, or None."""
    if type(layer) is keras.layers.Flatten:
        plain = layer.data_format == "channels_last"
        return None if plain else "moves the channels"
    if type(layer) is not keras.layers.Dense:
        return "is neither"
    if layer.quantization_mode or layer.lora_enabled:
        return "is quantized or has LoRA weights"
    name = getattr(layer.activation, "__name__", None)
    own = name and getattr(keras.activations, name, None) is layer.activation
    if not is_last and not (own and name in _ELEMENTWISE):
        return f"has the activation {name or layer.activation!r}"
    return None


def _is_chain(model):
    """Whether each layer reads the one before it, on a vector if Dense."""
    # A copy, because the layers of the model may be part of other models too.
    copy = keras.models.clone_model(model)
    tensor = copy.inputs[0]
    for layer in copy.layers:
        if type(layer) is keras.layers.InputLayer:
            continue
        vector = len(tensor.shape) == 2
        if layer.input is not tensor or not (
            vector or type(layer) is keras.layers.Flatten
        ):
            return False
        tensor = layer.output
    return tensor is copy.outputs[0]
