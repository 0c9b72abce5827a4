"""Which layers hold weights, and how often their kernels are applied.

The model runs once on zeros, batch size 1, and every layer that holds weights
notes the shapes it sees. So shared, nested and subclassed layers count as often
as they are really called.
"""

import contextlib
import functools
import inspect
import math

import keras
from keras import layers


def weight_owners(layer, seen=None):
    """Yields (layer, the weights that it holds itself), each layer once.

    Args:
        layer: `keras.layers.Layer` or model; sublayers are found in
            `Model.layers`, and in the attributes of other layers.
        seen: set of ids of layers that are done.

    An RNN with its cells is one owner, and so is `Bidirectional`.
    """
    seen = set() if seen is None else seen
    if id(layer) in seen:
        return
    seen.add(id(layer))
    recurrent = isinstance(layer, (layers.RNN, layers.Bidirectional))
    inner = [] if recurrent else _sublayers(layer)
    elsewhere = {id(w) for sublayer in inner for w in sublayer.weights}
    own = [w for w in layer.weights if id(w) not in elsewhere]
    if own:
        yield layer, own
    for sublayer in inner:
        yield from weight_owners(sublayer, seen)


def shapes_of_calls(model, watched, input_shape=None):
    """Runs the model and notes the shapes that layers see.

    Args:
        model: built Keras model.
        watched: list of layers of the model.
        input_shape: as in `layer_counts.count`.

    Returns:
        dict, id of a layer -> list of (input shape, output shape), one per
        call; all lists are empty if the shape of the input is not known.
    """
    calls: dict[int, list] = {id(layer): [] for layer in watched}
    specs = _input_specs(model, input_shape)
    if specs is None or not all(map(_is_known, keras.tree.flatten(specs))):
        return calls
    with contextlib.ExitStack() as stack:
        for layer in watched:
            if layer is not model:
                stack.enter_context(_noting_shapes(layer, calls[id(layer)]))
        zeros = keras.tree.map_structure(
            lambda spec: keras.ops.zeros(spec.shape, spec.dtype), specs
        )
        model(zeros, training=False)
    return calls


def applications(layer, calls):
    """Counts how often the kernels of a layer are applied, for one example.

    Args:
        layer: layer that holds weights.
        calls: list of (input shape, output shape), batch axis first.

    Returns:
        int, over all calls; 0 if the layer has no kernel to multiply with; None
        if that is not known.
    """
    if isinstance(layer, NO_KERNEL):
        return 0
    rule = _rule(layer)
    changed = getattr(layer, "lora_enabled", False) or getattr(
        layer, "quantization_mode", None
    )
    if rule is None or changed or not calls:
        return None
    return sum(rule(layer, *shapes) for shapes in calls)


def _sublayers(layer):
    if isinstance(layer, keras.Model):
        return layer.layers
    return list(_layers_in(list(vars(layer).values())))


def _layers_in(value):
    if isinstance(value, layers.Layer):
        yield value
    elif isinstance(value, dict):
        yield from _layers_in(list(value.values()))
    elif isinstance(value, (list, tuple, set)):
        for item in value:
            yield from _layers_in(item)


@contextlib.contextmanager
def _noting_shapes(layer, notes):
    original = layer.call

    @functools.wraps(original)
    def call(*args, **kwargs):
        outputs = original(*args, **kwargs)
        inputs = keras.tree.flatten([args, kwargs])
        first = next(tensor for tensor in inputs if hasattr(tensor, "shape"))
        output = keras.tree.flatten(outputs)[0]
        notes.append((tuple(first.shape), tuple(output.shape)))
        return outputs

    layer.call = call
    try:
        yield
    finally:
        del layer.call


def _input_specs(model, input_shape):
    """The model's input as a structure of `keras.KerasTensor`, or None."""
    if input_shape is not None:
        return keras.tree.map_shape_structure(
            lambda shape: keras.KerasTensor((1, *shape)), input_shape
        )
    if getattr(model, "inputs", None):
        sequential = isinstance(model, keras.Sequential)
        return keras.tree.map_structure(
            lambda spec: keras.KerasTensor(
                (spec.shape[0] or 1, *spec.shape[1:]), spec.dtype
            ),
            model.inputs[0] if sequential else model.input,
        )
    shapes = (model.get_build_config() or {}).get("input_shape")
    if shapes is None or _number_of_inputs(model) != 1:
        return None
    return keras.tree.map_shape_structure(
        lambda shape: keras.KerasTensor((1, *shape[1:])), shapes
    )


def _number_of_inputs(model):
    parameters = inspect.signature(model.call).parameters.values()
    return sum(p.default is inspect.Parameter.empty for p in parameters)


def _is_known(spec):
    return None not in spec.shape and spec.dtype != "string"


def _rows(layer, inputs, outputs):
    return math.prod(outputs[1:-1])


def _pixels(layer, shape):
    channels_last = layer.data_format == "channels_last"
    return math.prod(shape[1:-1] if channels_last else shape[2:])


def _output_pixels(layer, inputs, outputs):
    return _pixels(layer, outputs)


def _input_pixels(layer, inputs, outputs):
    return _pixels(layer, inputs)


def _einsum(layer, inputs, outputs):
    # A weight is used once per index of the input that it does not have.
    data, kernel = layer.equation.split("->")[0].split(",")
    sizes = zip(kernel.strip(), layer.kernel.shape, strict=True)
    shared = math.prod(size for label, size in sizes if label in data)
    return math.prod(inputs) // (shared * inputs[0])


def _tokens(layer, inputs, outputs):
    return math.prod(inputs[1:])


def _time_steps(layer, inputs, outputs):
    return inputs[1]


def _rule(layer):
    if isinstance(layer, (layers.RNN, layers.Bidirectional)):
        inner = getattr(layer, "forward_layer", layer)
        cells = getattr(inner, "cell", None)
        cells = getattr(cells, "cells", [cells])
        return _time_steps if all(type(c) in CELLS for c in cells) else None
    for kinds, rule in RULES:
        for kind in kinds:
            # A subclass with a `call` of its own may do anything.
            if isinstance(layer, kind) and type(layer).call is kind.call:
                return rule
    return None


CELLS = (layers.LSTMCell, layers.GRUCell, layers.SimpleRNNCell)

NO_KERNEL = (
    layers.AdditiveAttention,
    layers.Attention,
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
    layers.Normalization,
    layers.PReLU,
    layers.RMSNormalization,
    layers.SpectralNormalization,
)

RULES = (
    ((layers.Dense,), _rows),
    ((layers.EinsumDense,), _einsum),
    ((layers.Embedding,), _tokens),
    ((layers.Conv1D, layers.Conv2D, layers.Conv3D), _output_pixels),
    ((layers.DepthwiseConv1D, layers.DepthwiseConv2D), _output_pixels),
    ((layers.SeparableConv1D, layers.SeparableConv2D), _output_pixels),
    (
        (
            layers.Conv1DTranspose,
            layers.Conv2DTranspose,
            layers.Conv3DTranspose,
        ),
        _input_pixels,
    ),
)
