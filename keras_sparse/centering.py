"""Correct second derivatives of normalisation layers on TensorFlow."""

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
    is zero, but the second is not. If the mean is taken off the input before,
    nothing is left to stop, and the outputs are the same.

    Args:
        model: `keras.Model`; inside the context its batch, group and layer
            normalisation get centred inputs. Moving means would go wrong, so
            call it without keeping them.

    Raises:
        ValueError: a layer does batch renormalisation, which is not known to
            be differentiable twice.
    """
    if keras.backend.backend() != "tensorflow":
        yield
        return
    found = [layer for layer in layers_of(model) if isinstance(layer, _KINDS)]
    _check_renorm(found)
    try:
        for layer in found:
            layer.call = _centring(layer)
        yield
    finally:
        for layer in found:
            vars(layer).pop("call", None)


_KINDS = (
    layers.BatchNormalization,
    layers.GroupNormalization,
    layers.LayerNormalization,
)


def centred(layer, inputs):
    """Takes off the mean that a normalisation layer would take off.

    Args:
        layer: batch, group or layer normalisation.
        inputs: tensor (batch, ...).

    Returns:
        Tensor of the same shape.
    """
    every = range(len(inputs.shape))
    if isinstance(layer, layers.LayerNormalization):
        return inputs - ops.mean(inputs, layer.axis, keepdims=True)
    kept = layer.axis % len(inputs.shape)
    if isinstance(layer, layers.BatchNormalization):
        axes = [axis for axis in every if axis != kept]
        return inputs - ops.mean(inputs, axes, keepdims=True)
    shape = list(ops.shape(inputs))
    size = shape[kept] // layer.groups
    groups = [*shape[:kept], layer.groups, size, *shape[kept + 1 :]]
    grouped = ops.reshape(inputs, groups)
    axes = [axis for axis in range(1, len(groups)) if axis != kept]
    grouped = grouped - ops.mean(grouped, axes, keepdims=True)
    return ops.reshape(grouped, shape)


def _centring(layer):
    original = layer.call

    @functools.wraps(original)
    def call(inputs, *args, **kwargs):
        bound = inspect.signature(original).bind(inputs, *args, **kwargs)
        if _takes_moments(layer, bound.arguments):
            # The layer computes in 32 bits at least; so does this.
            wide = keras.backend.result_type(inputs.dtype, "float32")
            inputs = centred(layer, ops.cast(inputs, wide))
        return original(inputs, *args, **kwargs)

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
