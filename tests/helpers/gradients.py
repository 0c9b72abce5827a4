"""Gradients of scalar functions on whatever backend Keras runs."""

import keras
import numpy as np


def gradient(function, array):
    """Gradient of `function(tensor)`, a scalar, at a float array."""
    value = keras.ops.convert_to_tensor(np.asarray(array, "float32"))
    backend = keras.backend.backend()
    if backend == "tensorflow":
        import tensorflow as tf

        with tf.GradientTape() as tape:
            tape.watch(value)
            result = function(value)
        return tape.gradient(result, value).numpy()
    if backend == "jax":
        import jax

        return np.asarray(jax.grad(function)(value))
    value.requires_grad_(True)
    function(value).backward()
    return value.grad.cpu().numpy()
