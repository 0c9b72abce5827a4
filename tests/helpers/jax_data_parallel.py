"""A program: JAX on two devices trains as on one, with equal masks.

    KERAS_BACKEND=jax XLA_FLAGS=--xla_force_host_platform_device_count=2 \\
        python tests/helpers/jax_data_parallel.py rigl

Trains two epochs without and with `keras.distribution.DataParallel`, and two
more from a file. Prints a line for each method.
"""

import pathlib
import sys
import tempfile

import jax
import keras
import numpy as np
from small_network import X, Y, network, sparse_optimizer

import keras_sparse as ks


def fit(model):
    """Two epochs; returns their losses."""
    fit = dict(batch_size=32, epochs=2, shuffle=False, verbose=0)
    return model.fit(X, Y, **fit).history["loss"]


def train(name):
    """Returns a model trained four epochs, the last two from a file too."""
    model = network()
    model.compile(sparse_optimizer(name, model), "mse")
    start = ks.masks(model)
    losses = fit(model)
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "m.keras"
        model.save(path)
        loaded = keras.models.load_model(path)
    later = fit(model)
    assert fit(loaded) == later
    assert_same_masks(loaded, model)
    return model, [*losses, *later], start


def assert_same_masks(model, other):
    """By order: a loaded model has lost its name."""
    pairs = zip(ks.masks(model).values(), ks.masks(other).values(), strict=True)
    for mask, expected in pairs:
        np.testing.assert_array_equal(mask, expected)


def assert_zero_outside_masks(model):
    """Weights outside their mask are exactly 0."""
    masks = ks.masks(model)
    assert len(masks) == 3
    for variable in model.trainable_variables:
        if variable.path in masks:
            assert not np.asarray(variable.value)[~masks[variable.path]].any()


def main():
    assert jax.device_count() == 2
    for name in sys.argv[1:]:
        keras.distribution.set_distribution(None)
        one, losses, start = train(name)
        keras.distribution.set_distribution(keras.distribution.DataParallel())
        two, other_losses, _ = train(name)
        for variable in two.variables + two.optimizer.variables:
            assert len(variable.value.sharding.device_set) == 2, variable.path
        np.testing.assert_allclose(losses, other_losses, rtol=1e-5, atol=1e-5)
        assert_same_masks(two, one)
        assert_zero_outside_masks(two)
        moved = any((start[p] != m).any() for p, m in ks.masks(one).items())
        assert moved == (name != "static")
        sys.stdout.write(f"{name} equal\n")


if __name__ == "__main__":
    main()
