"""The network and data on which replicas are compared with one device."""

import keras
import numpy as np
from method_table import BEFORE_TRAINING, METHODS, SOON

import keras_sparse as ks

generator = np.random.default_rng(0)
X = generator.normal(size=(256, 16)).astype("float32")
Y = np.tanh(X @ generator.normal(size=(16, 4))).astype("float32")
INNER = {"class_name": "SGD", "config": dict(learning_rate=0.1, momentum=0.9)}


def network(policy=None):
    """Three layers, the same at each call."""
    keras.utils.set_random_seed(1)
    dense = keras.layers.Dense
    layers = [
        dense(32, "relu", name="a", dtype=policy),
        dense(32, "relu", name="b", dtype=policy),
        dense(4, name="c", dtype=policy),
    ]
    return keras.Sequential([keras.Input((16,)), *layers], name="m")


def sparse_optimizer(name, model, inner=INNER):
    """Makes the model sparse by a method, or by RigL from a saliency."""
    inner = keras.optimizers.get(inner)
    if name in BEFORE_TRAINING:
        masks = BEFORE_TRAINING[name](model, X, Y)
        return ks.sparsify(model, inner, ks.RigL(0.5, **SOON), masks=masks)
    return ks.sparsify(model, inner, METHODS[name][0]())
