"""Steps, snapshots and laws that all tests of the engine share."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_sparse as ks


class Bench:
    """A tiny model, its optimizer, and made-up dense gradients."""

    def __init__(self, inner, method, masks=None):
        keras.utils.set_random_seed(1)
        layers = (
            keras.layers.Dense(6, name="a"),
            keras.layers.Dense(3, name="b"),
        )
        self.model = keras.Sequential([keras.Input((8,)), *layers], name="m")
        self.variables = self.model.trainable_variables
        self.optimizer = ks.sparsify(self.model, inner, method, masks=masks)

    def step(self, grads):
        grads = [ops.convert_to_tensor(grad) for grad in grads]
        self.optimizer.apply(grads, self.variables)

    def gradients(self, seed):
        generator = np.random.default_rng(seed)
        return [
            generator.normal(size=v.shape).astype("float32")
            for v in self.variables
        ]

    def snapshot(self):
        """Per variable: path -> (value, mask or None, list of its slots)."""
        masks, inner = self.optimizer.masks, self.optimizer.inner_optimizer
        slots = {}
        for slot in inner.variables:  # all four variables differ in shape
            slots.setdefault(tuple(slot.shape), []).append(to_numpy(slot))
        return {
            v.path: (
                to_numpy(v),
                masks.get(v.path),
                slots.get(tuple(v.shape), []),
            )
            for v in self.variables
        }


def to_numpy(variable):
    return np.array(ops.convert_to_numpy(variable))


def assert_masked(model):
    """Every weight outside its mask is exactly 0.0."""
    values = {v.path: to_numpy(v) for v in model.trainable_variables}
    masks = ks.masks(model)
    assert masks
    for path, mask in masks.items():
        assert not values[path][~mask].any(), path


class EachStep(keras.callbacks.Callback):
    """Calls `check(model, steps_done)` after every training step."""

    def __init__(self, check):
        super().__init__()
        self.check = check
        self.steps = 0

    def on_train_batch_end(self, batch, logs=None):
        self.steps += 1
        self.check(self.model, self.steps)


def make_small_net():
    """A convolution of 36 weights, a normalisation, a Dense of 1440."""
    return keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Conv2D(4, 3, name="conv"),
            keras.layers.BatchNormalization(name="norm"),
            keras.layers.Flatten(),
            keras.layers.Dense(10, name="dense"),
        ]
    )


@pytest.fixture(scope="session")
def bench():
    """Class `Bench(inner, method, masks=None)`."""
    return Bench


@pytest.fixture(scope="session")
def each_step():
    """Callback class `EachStep(check)`."""
    return EachStep


@pytest.fixture(scope="session")
def check_masked():
    """Function `(model)`: fails where a weight outside its mask is not 0."""
    return assert_masked


@pytest.fixture(scope="session")
def small_net():
    """Function `()`: `make_small_net`, another one at each call."""
    return make_small_net
