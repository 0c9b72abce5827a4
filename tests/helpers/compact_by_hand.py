"""Small networks for the tests of `compact`, worked by hand."""

import keras
import numpy as np

from keras_export import compact, compaction


def sequential(shape, *chain):
    return keras.Sequential([keras.Input(shape), *chain])


def assert_same(model, small, *shape, tolerance=1e-5):
    x = np.random.default_rng(1).normal(size=(3, *shape)).astype("float32")
    expected, actual = model(x), small(x)
    for one, other in zip(
        keras.tree.flatten(expected), keras.tree.flatten(actual), strict=True
    ):
        np.testing.assert_allclose(other, one, rtol=0, atol=tolerance)
    return small


def compacted(model, *shape):
    return assert_same(model, compact(model), *shape)


def after(model):
    return {row.name: row.after for row in compaction(model)}


def randomise(model, seed=0):
    """No zeros, and nothing else that a test did not put there."""
    generator = np.random.default_rng(seed)
    for weight in model.weights:
        value = generator.normal(size=weight.shape)
        if "variance" in weight.path:
            value = np.abs(value) + 0.5
        weight.assign(value / max(1, np.prod(weight.shape[:-1])) ** 0.5)
    return model


def zero_columns(weight, *indices):
    value = np.array(weight)
    value[..., list(indices)] = 0
    weight.assign(value)


def zero_rows(weight, *indices):
    value = np.array(weight)
    value[..., list(indices), :] = 0
    weight.assign(value)
