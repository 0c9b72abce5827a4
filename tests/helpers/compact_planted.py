"""Networks with planted dead units for the tests of `compact`."""

import keras
import numpy as np
from keras import layers

from keras_export import compact


def planted(*middle, shape=(6,), units=4):
    """Dense, `middle`, Dense; unit 1 is 0, the last but one is unread."""
    first = layers.Dense(units, name="first")
    last = layers.Dense(2, name="last")
    model = keras.Sequential([keras.Input(shape), first, *middle, last])
    return plant(model)


def plant(model):
    generator = np.random.default_rng(0)
    for weight in model.weights:
        value = np.abs(generator.normal(size=weight.shape)) + 0.1
        weight.assign(value)
    first, last = (find(model, name) for name in ("first", "last"))
    kernel = np.array(first.kernel)
    kernel[..., 1] = 0
    first.kernel.assign(kernel)
    bias = np.array(first.bias)
    bias[1] = 0
    first.bias.assign(bias)
    kernel = np.array(last.kernel)
    kernel[-2] = 0
    last.kernel.assign(kernel)
    return model


def find(model, name):
    found = {}
    for layer in model.layers:
        found[layer.name] = layer
        if isinstance(layer, keras.Model):
            found |= {inner.name: inner for inner in layer.layers}
    return found[name]


def compacted(model, count=3):
    small = compact(model)
    generator = np.random.default_rng(1)
    x = [
        generator.normal(size=(count, *x.shape[1:])).astype("float32")
        for x in model.inputs
    ]
    x = x[0] if len(x) == 1 else x
    np.testing.assert_allclose(small(x), model(x), rtol=0, atol=1e-5)
    return small
