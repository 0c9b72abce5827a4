"""A small pair of domains, and models on it without randomness."""

import keras
import numpy as np

import keras_latent as kl

RNG = np.random.default_rng(0)
X = RNG.normal(size=(96, 6)).astype("float32")
Y = (X[:, 0] + 0.5 * X[:, 1] > 0).astype("int32")
TARGET = X[:80] * 1.5 + 0.7
TARGET_Y = Y[:80]
WEIGHTS = RNG.uniform(0, 2, size=96).astype("float32")
LOSS = keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def networks(norm=False, domains=1, classes=2, seed=1):
    """Features, labeler and domain classifier on vectors of 6."""
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    regularizer = keras.regularizers.L2(0.01)
    hidden = [layers.Dense(8, "relu", kernel_regularizer=regularizer)]
    if norm:
        hidden.append(layers.BatchNormalization(momentum=0.5))
    return (
        keras.Sequential([keras.Input((6,)), *hidden]),
        keras.Sequential([keras.Input((8,)), layers.Dense(classes)]),
        keras.Sequential(
            [
                keras.Input((8,)),
                layers.Dense(5, "tanh"),
                layers.Dense(domains),
            ]
        ),
    )


def domain_model(norm=False, domains=1, compiled=None, **options):
    """A compiled `DomainAdversarial`."""
    model = kl.DomainAdversarial(*networks(norm, domains), **options)
    optimizer = keras.optimizers.SGD(0.1, momentum=0.9)
    model.compile(
        **{
            "optimizer": optimizer,
            "loss": LOSS,
            "metrics": ["accuracy"],
            **(compiled or {}),
        }
    )
    return model


def values(variables):
    """Copies of variables as numpy arrays."""
    return [np.array(keras.ops.convert_to_numpy(v)) for v in variables]
