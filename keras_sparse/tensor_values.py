"""Values of variables and tensors without copies, and float64, per backend."""

import contextlib

import keras
import numpy as np
from keras import ops


def current_values(variables):
    """The values of variables as tensors, without copying them."""
    values = [ops.convert_to_tensor(variable) for variable in variables]
    if keras.backend.backend() == "tensorflow":
        import tensorflow as tf

        return [tf.convert_to_tensor(value) for value in values]
    if keras.backend.backend() == "torch":
        return [value.detach() for value in values]
    return values


def on_host(tensor):
    """The tensor as a numpy array to read: not a copy, where that can be."""
    if keras.backend.backend() == "torch":
        return ops.convert_to_numpy(tensor)
    return np.asarray(tensor)


def float64_allowed():
    """Context in which JAX computes in float64; the others always can."""
    if keras.backend.backend() == "jax":
        import jax

        return jax.enable_x64(True)
    return contextlib.nullcontext()
