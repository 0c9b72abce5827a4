"""From a call of a known layer to its rule, or to why it has none."""

import inspect

import keras
import numpy as np

from keras_export import compact_moves as moves
from keras_export.compact_attention import Attention, Lookup
from keras_export.compact_channelwise import (
    Depthwise,
    Elementwise,
    LearnedSlope,
    Normalised,
)
from keras_export.compact_linear import Linear, Separable
from keras_export.compact_trace import channel_count

# Functions of one element that are finite where their argument is.
ACTIVATIONS = frozenset(
    "celu elu gelu hard_shrink hard_sigmoid hard_silu hard_tanh leaky_relu "
    "linear log_sigmoid mish relu relu6 selu sigmoid silu soft_shrink softplus "
    "softsign sparse_plus sparse_sigmoid squareplus tanh tanh_shrink "
    "threshold".split()
)


def dense(call):
    return Linear(call.layer, "units", False, _is_elementwise(call.layer))


def convolution(call):
    layer = call.layer
    if layer.groups > 1:
        return "its channels are in groups"
    return Linear(layer, "filters", _pads(layer), _is_elementwise(layer))


def transposed_convolution(call):
    # Strides make some outputs see fewer inputs, whatever the padding.
    activation = _is_elementwise(call.layer)
    return Linear(call.layer, "filters", True, activation, transposed=True)


def separable(call):
    layer = call.layer
    return Separable(layer, "filters", _pads(layer), _is_elementwise(layer))


def depthwise(call):
    if not _is_elementwise(call.layer):
        return "its activation may mix all its channels"
    return Depthwise(call.layer, _pads(call.layer))


def normalisation(call):
    if call.layer.axis not in (-1, len(call.inputs[0].shape) - 1):
        return "it normalises another axis"
    return Normalised(call.layer)


def slope(call):
    return LearnedSlope(call.layer, channel_count(call.inputs[0]))


def activation(call):
    if not _is_elementwise(call.layer):
        return "its activation may mix all its channels"
    return elementwise(call)


def rescaling(call):
    if np.ndim(call.layer.scale) or np.ndim(call.layer.offset):
        return "its scale differs between channels"
    return elementwise(call)


def elementwise(call, annihilates=False):
    leaves = keras.tree.flatten((call.args, call.kwargs))
    others = [x for x in leaves if not isinstance(x, keras.KerasTensor)]
    if any(np.ndim(leaf) for leaf in others):
        return "it has an array among its arguments"
    sizes = [channel_count(tensor) for tensor in call.inputs]
    outputs = channel_count(call.outputs[0])
    if not set(sizes) <= {1, outputs}:
        return "its inputs do not fit its output channel by channel"
    return Elementwise(call, sizes, outputs, annihilates)


def product(call):
    return elementwise(call, annihilates=True)


def concatenation(call):
    sizes = [channel_count(tensor) for tensor in call.inputs]
    if call.layer.axis in (-1, len(call.outputs[0].shape) - 1):
        return moves.side_by_side(sizes)
    return moves.one_after_another(sizes[0], len(sizes))


def unmoved(call):
    return moves.unmoved(channel_count(call.inputs[0]))


def padding(call):
    return moves.unmoved(channel_count(call.inputs[0]), pads=True)


def average_pooling(call):
    # Whether the mean counts what is padded depends on the backend.
    pads = call.layer.padding == "same"
    return moves.unmoved(channel_count(call.inputs[0]), pads)


def enlargement(call):
    # Interpolation keeps constants only up to rounding: 0 alone is safe.
    pads = getattr(call.layer, "interpolation", "nearest") != "nearest"
    return moves.unmoved(channel_count(call.inputs[0]), pads)


def permutation(call):
    if call.layer.dims[-1] != len(call.layer.dims):
        return "it moves the last axis"
    return unmoved(call)


def reshaping(call):
    size = channel_count(call.inputs[0])
    outputs = channel_count(call.outputs[0])
    if outputs % size:
        return "it splits the last axis"
    return moves.Reshaped(call.layer, size, outputs)


def embedding(call):
    return Lookup(call.layer, channel_count(call.inputs[0]) or 0)


def attention(call):
    layer = call.layer
    if layer.get_config().get("use_gate"):
        return "it has a gate"
    if len(layer.output_dense.kernel.shape) != 3:
        return "its output has several axes"
    names = list(inspect.signature(layer.call).parameters)
    given = [*zip(names, call.args, strict=False), *sorted(call.kwargs.items())]
    tensors = [pair for pair in given if isinstance(pair[1], keras.KerasTensor)]
    roles = [name for name, _ in tensors]
    return Attention(layer, roles, [channel_count(x) or 0 for _, x in tensors])


def _is_elementwise(layer):
    name = getattr(layer.activation, "__name__", None)
    own = name and getattr(keras.activations, name, None) is layer.activation
    return bool(own) and name in ACTIVATIONS


def _pads(layer):
    return layer.padding != "valid" and max(layer.kernel_size) > 1
