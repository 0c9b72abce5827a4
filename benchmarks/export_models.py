"""The networks of `export.py` and `emulated_arm.py`, with planted zeros.

Only size and speed are measured, which do not depend on the values of what is
left: the weights are random.
"""

import keras
import numpy as np
from keras import layers


def mlp(hidden=1000):
    """784-1000-1000-10 with ReLU; random biases, so that none is a constant."""
    return _randomised(
        keras.Sequential(
            [
                keras.Input((784,), name="image"),
                layers.Dense(hidden, "relu", name="hidden_1"),
                layers.Dense(hidden, "relu", name="hidden_2"),
                layers.Dense(10, name="logits"),
            ]
        )
    )


def mobilenet():
    """MobileNetV1, 96 x 96 pixels, alpha 0.5, 1000 classes."""
    return _randomised(
        keras.applications.MobileNet(
            (96, 96, 3), alpha=0.5, weights=None, classifier_activation=None
        )
    )


def _randomised(model, seed=0):
    generator = np.random.default_rng(seed)
    for variable in model.trainable_variables:
        if len(variable.shape) == 1:
            low, high = (0.5, 1.5) if variable.name == "gamma" else (-0.1, 0.1)
            variable.assign(generator.uniform(low, high, variable.shape))
        else:
            variable.assign(_scaled(np.array(variable)))
    return model


def _scaled(kernel):
    """Keeps the size of a signal through ReLU, as He et al. 2015.

    Else it dies out on its way through a deep network with random weights, and
    all exports of it are equal.
    """
    depthwise = kernel.shape[-1] == 1
    units = kernel.shape[-2] if depthwise else kernel.shape[-1]
    return kernel * np.sqrt(2 * units / np.sum(kernel**2))


def sparse(model, sparsity, block=1, seed=0):
    """Zeroes `sparsity` of the blocks along the inputs of dense kernels.

    In a model with convolutions: of the single weights of 1x1 convolutions,
    which are all that XNNPACK can run sparse, and of the last dense layer.
    """
    generator = np.random.default_rng(seed)
    for layer in model.layers:
        kernel = getattr(layer, "kernel", None)
        if kernel is None or not _is_matrix(kernel.shape):
            continue
        *_, inputs, outputs = kernel.shape
        blocks = generator.random((-(-inputs // block), outputs)) >= sparsity
        kept = np.repeat(blocks, block, axis=0)[:inputs]
        layer.kernel.assign(_scaled(np.array(kernel) * kept))
    return model


def _is_matrix(shape):
    return all(length == 1 for length in shape[:-2])


def with_dead_units(model, share, seed=0):
    """Kills `share` of all units: what makes them and what they say.

    Every Dense and Conv2D but the last loses output channels, and the batch
    normalisation behind it the same ones.
    """
    generator = np.random.default_rng(seed)
    dead = ()
    kinds = (layers.Dense, layers.Conv2D)
    makers = [x for x in model.layers if type(x) in kinds]
    for layer in model.layers:
        if layer in makers[:-1]:
            units = layer.kernel.shape[-1]
            count = round(share * units)
            dead = generator.permutation(units)[:count]
            _zero(layer.kernel, dead)
            if layer.use_bias:
                _zero(layer.bias, dead)
        elif isinstance(layer, layers.BatchNormalization):
            _zero(layer.gamma, dead)
            _zero(layer.beta, dead)
    return model


def _zero(variable, channels):
    values = np.array(variable)
    values[..., channels] = 0.0
    variable.assign(values)
