"""Normalisation layers that TensorFlow can differentiate twice."""

import contextlib
import functools
import inspect

import keras
from keras import layers, ops

from keras_sparse.pure_model import layers_of


@contextlib.contextmanager
def differentiable_twice(model):
    """Context in which a model's normalisation has right second derivatives.

    `tf.nn.moments`, which Keras calls on TensorFlow, stops the gradient at the
    mean inside the variance. The first derivative is right, because that term
    is zero, but the second is not. Inside the context the outputs are the same,
    but moving averages stay as they are or go wrong: call the model without
    keeping them.

    Args:
        model: `keras.Model`; batch, group and layer normalisation in it are
            treated.

    Raises:
        ValueError: a layer does batch renormalisation, which stops gradients
            by design.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    found = [layer for layer in layers_of(model) if isinstance(layer, _KINDS)]
    _check_renorm(found)
    try:
        for layer in found:
            layer.call = _repaired(layer)
        yield
    finally:
        for layer in found:
            vars(layer).pop("call", None)


_KINDS = (
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
)


def batch_normalized(layer, inputs):
    """Batch normalisation by the batch's own statistics.

    Args:
        layer: built `keras.layers.BatchNormalization`.
        inputs: float tensor (batch, ...).

    Returns:
        Tensor of the same shape.
    """
    rank = len(inputs.shape)
    kept = layer.axis % rank
    axes = [axis for axis in range(rank) if axis != kept]
    centred = inputs - ops.mean(inputs, axes, keepdims=True)
    variance = ops.mean(ops.square(centred), axes, keepdims=True)
    shape = [-1 if axis == kept else 1 for axis in range(rank)]
    factor = ops.rsqrt(variance + layer.epsilon)
    if layer.scale:
        factor = factor * ops.cast(
            ops.reshape(layer.gamma, shape), inputs.dtype
        )
    outputs = centred * factor
    if layer.center:
        outputs += ops.cast(ops.reshape(layer.beta, shape), inputs.dtype)
    return outputs


def centred(layer, inputs):
    """Takes off the mean that group or layer normalisation would take off.

    No gradient is left to stop then, and the layer's outputs are the same.

    Args:
        layer: group or layer normalisation.
        inputs: float tensor (batch, ...).

    Returns:
        Tensor of the same shape.
    """
    if isinstance(layer, layers.LayerNormalization):
        return inputs - ops.mean(inputs, layer.axis, keepdims=True)
    shape = list(ops.shape(inputs))
    kept = layer.axis % len(shape)
    size = shape[kept] // layer.groups
    groups = [*shape[:kept], layer.groups, size, *shape[kept + 1 :]]
    grouped = ops.reshape(inputs, groups)
    axes = [axis for axis in range(1, len(groups)) if axis != kept]
    grouped = grouped - ops.mean(grouped, axes, keepdims=True)
    return ops.reshape(grouped, shape)


def _repaired(layer):
    original = layer.call

    @functools.wraps(original)
    def call(inputs, *args, **kwargs):
        bound = inspect.signature(original).bind(inputs, *args, **kwargs)
        if not _takes_moments(layer, bound.arguments):
            return original(inputs, *args, **kwargs)
        # The layers compute in 32 bits at least, as Keras' own do.
        wide = keras.backend.result_type(inputs.dtype, "float32")
        inputs = ops.cast(inputs, wide)
        if isinstance(layer, layers.BatchNormalization):
            outputs = batch_normalized(layer, inputs)
            return ops.cast(outputs, layer.compute_dtype)
        return original(centred(layer, inputs), *args, **kwargs)

    return call


def _takes_moments(layer, arguments):
    """Whether the layer normalises by `tf.nn.moments` of these inputs."""
    if isinstance(layer, layers.BatchNormalization):
        training = arguments.get("training") and layer.trainable
        return training and arguments.get("mask") is None
    return not getattr(layer, "rms_scaling", False)


def _check_renorm(found):
    wrong = [layer.name for layer in found if getattr(layer, "renorm", False)]
    if wrong:
        raise ValueError(
            "`model` must not do batch renormalisation. Received: layers "
            f"{', '.join(wrong)} with renorm=True. Build it with renorm=False."
        )
