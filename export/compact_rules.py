"""Which rule holds for a call: a table, and a barrier for all else."""

import functools

import keras
from keras import layers

from keras_export import compact_makers as makers
from keras_export.compact_rule import Barrier
from keras_export.compact_trace import channel_count

_MERGES = (
    layers.Add,
    layers.Average,
    layers.Maximum,
    layers.Minimum,
    layers.Multiply,
    layers.Subtract,
)
# Their inputs may be indices or masks, without channels.
_INDEXED = (layers.Embedding, layers.MultiHeadAttention)
_SEVERAL = (*_MERGES, layers.Concatenate, layers.MultiHeadAttention)

_LAYERS = {
    makers.dense: [layers.Dense],
    makers.convolution: [layers.Conv1D, layers.Conv2D, layers.Conv3D],
    makers.transposed_convolution: [
        layers.Conv1DTranspose,
        layers.Conv2DTranspose,
        layers.Conv3DTranspose,
    ],
    makers.separable: [layers.SeparableConv1D, layers.SeparableConv2D],
    makers.depthwise: [layers.DepthwiseConv1D, layers.DepthwiseConv2D],
    makers.normalisation: [layers.BatchNormalization],
    makers.slope: [layers.PReLU],
    makers.activation: [layers.Activation],
    makers.rescaling: [layers.Rescaling],
    makers.elementwise: [
        layers.ELU,
        layers.LeakyReLU,
        layers.ReLU,
        *(merge for merge in _MERGES if merge is not layers.Multiply),
    ],
    makers.product: [layers.Multiply],
    makers.concatenation: [layers.Concatenate],
    makers.unmoved: [
        layers.ActivityRegularization,
        layers.AlphaDropout,
        layers.Cropping1D,
        layers.Cropping2D,
        layers.Cropping3D,
        layers.Dropout,
        layers.GaussianDropout,
        layers.GaussianNoise,
        layers.GlobalAveragePooling1D,
        layers.GlobalAveragePooling2D,
        layers.GlobalAveragePooling3D,
        layers.GlobalMaxPooling1D,
        layers.GlobalMaxPooling2D,
        layers.GlobalMaxPooling3D,
        layers.Identity,
        layers.MaxPooling1D,
        layers.MaxPooling2D,
        layers.MaxPooling3D,
        layers.RepeatVector,
        layers.SpatialDropout1D,
        layers.SpatialDropout2D,
        layers.SpatialDropout3D,
    ],
    makers.average_pooling: [
        layers.AveragePooling1D,
        layers.AveragePooling2D,
        layers.AveragePooling3D,
    ],
    makers.padding: [
        layers.ZeroPadding1D,
        layers.ZeroPadding2D,
        layers.ZeroPadding3D,
    ],
    makers.enlargement: [
        layers.UpSampling1D,
        layers.UpSampling2D,
        layers.UpSampling3D,
    ],
    makers.permutation: [layers.Permute],
    makers.reshaping: [layers.Flatten, layers.Reshape],
    makers.embedding: [layers.Embedding],
    makers.attention: [layers.MultiHeadAttention],
}


def rules_of(graph):
    """List of `compact_rule.Rule`, one per call of the graph."""
    counts = graph.call_counts()
    masked = any(_makes_masks(call.layer) for call in graph.calls)
    rules = []
    for call in graph.calls:
        shared = counts[id(call.layer)] > 1
        made = _obstacle(call, shared) or _table()[type(call.layer)](call)
        rules.append(Barrier(made) if isinstance(made, str) else made)
        # A merging layer may skip an input where its mask says so; in Keras
        # 3.15 Maximum and Minimum do.
        rules[-1].masked = masked and isinstance(call.layer, _MERGES)
    return rules


def _obstacle(call, shared):
    """Why the call's channels must all stay, whatever its weights; or None."""
    layer = call.layer
    if type(layer) not in _table():
        return f"{type(layer).__name__} may mix all its channels"
    has_size = isinstance(layer, layers.Reshape) or getattr(layer, "weights", 0)
    if shared and has_size:
        return "it is called more than once"
    if call.kwargs.get("training"):
        return "it is called with training=True"
    if getattr(layer, "data_format", None) == "channels_first":
        return "its channels come first"
    if getattr(layer, "quantization_mode", None):
        return "it is quantized"
    if getattr(layer, "lora_enabled", False):
        return "it has LoRA weights"
    if len(call.outputs) != 1:
        return "it has several outputs"
    read = () if isinstance(layer, _INDEXED) else call.inputs
    if None in map(channel_count, [*read, *call.outputs]):
        return "its last axis is open, or the batch"
    several = isinstance(layer, _SEVERAL) or type(layer) in _operations()
    if len(call.inputs) > 1 and not several:
        return "it is called with several tensors"
    return None


def _makes_masks(layer):
    """Whether Keras masks may begin here: in doubt, yes."""
    if type(layer) is layers.Embedding:
        return layer.mask_zero
    if type(layer) in _table() or not isinstance(layer, layers.Layer):
        return False
    return type(layer).compute_mask is not layers.Layer.compute_mask


@functools.cache
def _table():
    """Dict from the exact class of a layer or operation to its maker."""
    known = {kind: maker for maker, kinds in _LAYERS.items() for kind in kinds}
    return known | _operations()


@functools.cache
def _operations():
    """The part of `_table` for `keras.ops`, whose classes have no names."""
    binary = ["add", "maximum", "minimum", "multiply", "subtract"]
    unary = sorted(makers.ACTIVATIONS - {"linear", "threshold"})
    names = [name for name in binary + unary if hasattr(keras.ops, name)]
    functions = [getattr(keras.ops, name) for name in names]
    functions.append(keras.activations.relu)
    found = {}
    for function in functions:
        x = keras.Input((1,))
        y = function(x, x) if function.__name__ in binary else function(x)
        operations = keras.Model(x, y).operations[1:]
        # Some are made of others, and say nothing about those.
        if len(operations) == 1:
            found[type(operations[0])] = makers.elementwise
            if function is keras.ops.multiply:
                found[type(operations[0])] = makers.product
    return found
