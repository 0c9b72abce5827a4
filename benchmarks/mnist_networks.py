"""Trains the networks of the MNIST table: dense, RigL, L0 gates."""

import dataclasses

import keras
import numpy as np

from keras_sparse.dead_units import remove_dead_units
from keras_sparse.hard_concrete import HardConcreteGate
from keras_sparse.optimizer import SparseOptimizer
from keras_sparse.rigl import RigL

LAYERS = ("hidden_1", "hidden_2", "logits")


@dataclasses.dataclass(frozen=True)
class Recipe:
    """How one network is trained.

    Attributes:
        epochs: int.
        layer_sparsity: tuple of floats, of the hidden layers' kernels; the last
            layer is dense. None: all are, and there are no masks.
        learning_rate: float; falls to 0 along half a cosine.
        l2: float, loss per squared weight.
        input_dropout: float, share of the pixels set to 0 in training.
        initial_scale: float, times Glorot's uniform initial weights.
        drop_fraction: float, share that the first mask update moves.
        update_every: int, steps between mask updates.
        update_share: float, share of the steps after which masks stay.
        gates: tuple of floats, for L0 gates before each layer: the loss per
            weight that is expected to be open, times the number of training
            examples, the paper's lambda. None: no gates.
        momentum: float, Nesterov's; not with gates, which train with Adam.
        batch_size: int.
    """

    epochs: int
    layer_sparsity: tuple | None = None
    learning_rate: float = 0.2
    l2: float = 7e-5
    input_dropout: float = 0.05
    initial_scale: float = 1.0
    drop_fraction: float = 0.5
    update_every: int = 100
    update_share: float = 0.75
    gates: tuple | None = None
    momentum: float = 0.9
    batch_size: int = 100


def train(recipe, sizes, x, y, seed, callback=None):
    """Trains one network and leaves out what is dead.

    Args:
        recipe: `Recipe`.
        sizes: two ints, units of the hidden layers.
        x: float32 array (n, pixels) in [0, 1].
        y: int array (n,).
        seed: int.
        callback: `keras.callbacks.Callback` or None.

    Returns:
        `LiveUnits` after the last epoch, gates multiplied into the kernels.
    """
    keras.utils.set_random_seed(seed)
    model = _network(recipe, sizes, x.shape[1], len(x), seed)
    model.compile(
        _optimizer(recipe, -(-len(x) // recipe.batch_size), seed),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        steps_per_execution=100,
    )
    model.fit(
        x,
        y,
        batch_size=recipe.batch_size,
        epochs=recipe.epochs,
        verbose=0,
        callbacks=[callback] if callback else None,
    )
    kernels, biases = [], []
    for name in LAYERS:
        kernel, bias = model.get_layer(name).get_weights()
        if recipe.gates:
            kernel *= model.get_layer(f"gate_{name}").gates()[:, None]
        kernels.append(kernel)
        biases.append(bias)
    return remove_dead_units(kernels, biases, [_relu, _relu])


def error(network, x, y):
    """Share of the examples that a `LiveUnits` network gets wrong.

    Args:
        network: `LiveUnits`.
        x: float array (n, all pixels of its input before removal).
        y: int array (n,).
    """
    x = x[:, network.live[0]]
    for kernel, bias in zip(network.kernels, network.biases, strict=True):
        x = x @ kernel + bias
        last = kernel is network.kernels[-1]
        x = x if last else _relu(x)
    return float(np.mean(x.argmax(axis=1) != y))


def _network(recipe, sizes, num_inputs, num_examples, seed):
    inputs = x = keras.Input((num_inputs,))
    if recipe.input_dropout:
        x = keras.layers.Dropout(recipe.input_dropout)(x)
    for i, (name, units) in enumerate(zip(LAYERS, (*sizes, 10), strict=True)):
        if recipe.gates:
            x = HardConcreteGate(
                recipe.gates[i] * units / num_examples,
                drop_rate=0.2 if i == 0 else 0.5,
                seed=seed + i,
                name=f"gate_{name}",
            )(x)
        x = keras.layers.Dense(
            units,
            None if name == "logits" else "relu",
            kernel_initializer=keras.initializers.VarianceScaling(
                recipe.initial_scale**2, "fan_avg", "uniform"
            ),
            kernel_regularizer=keras.regularizers.L2(recipe.l2),
            name=name,
        )(x)
    return keras.Model(inputs, x)


def _optimizer(recipe, steps_per_epoch, seed):
    total = steps_per_epoch * recipe.epochs
    rate = keras.optimizers.schedules.CosineDecay(recipe.learning_rate, total)
    if recipe.gates:
        return keras.optimizers.Adam(rate)
    inner = keras.optimizers.SGD(rate, recipe.momentum, nesterov=True)
    if recipe.layer_sparsity is None:
        return inner
    paths = [f"{name}/kernel" for name in LAYERS]
    sparsity = dict(zip(paths, (*recipe.layer_sparsity, 0.0), strict=True))
    method = RigL(
        recipe.layer_sparsity[0],
        update_every=recipe.update_every,
        update_until=round(recipe.update_share * total),
        drop_fraction=recipe.drop_fraction,
        custom=sparsity,
        seed=seed,
    )
    return SparseOptimizer(inner, method)


def _relu(x):
    return np.maximum(x, 0)
