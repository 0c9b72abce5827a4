"""Small trainings of lottery tickets, and what they change."""

import keras
import numpy as np
from keras import layers

import keras_sparse as ks
from keras_sparse.sparsify import find_optimizer

RNG = np.random.default_rng(0)
X = RNG.normal(size=(48, 6)).astype("float32")
Y = np.argmax(X[:, :3], axis=1)
STEPS = 12  # of one training: 2 epochs of 6 batches
SIZE = 6 * 10 + 10 * 3


def make_model(optimizer=None, **options):
    keras.utils.set_random_seed(3)
    model = keras.Sequential(
        [
            keras.Input((6,)),
            layers.Dense(10, activation="relu", name="a"),
            layers.BatchNormalization(name="norm"),
            layers.Dense(3, name="b"),
        ]
    )
    if optimizer is None:
        rate = keras.optimizers.schedules.CosineDecay(0.1, 2 * STEPS)
        optimizer = keras.optimizers.SGD(rate, momentum=0.9)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    # XLA would compile for longer than it runs; `run` below has it.
    defaults = {"loss": loss, "metrics": ["accuracy"], "jit_compile": False}
    model.compile(optimizer, **defaults | options)
    return model


class Trainer:
    """A `train_fn` that notes the state before and after each training."""

    def __init__(self, fail_at=None, see=None):
        self.before, self.after, self.masks = [], [], []
        self.fail_at, self.see = fail_at, see

    def __call__(self, model, callbacks):
        if self.fail_at == len(self.before):
            raise KeyboardInterrupt
        self.before.append(everything(model))
        self.masks.append(ks.masks(model))
        callbacks = [*callbacks, *([self.see] if self.see else [])]
        history = model.fit(
            X, Y, 8, epochs=2, shuffle=False, verbose=0, callbacks=callbacks
        )
        self.after.append(everything(model))
        return history


def everything(model):
    """Dict path -> array of all variables of the model and its optimizer."""
    inner = find_optimizer(model).inner_optimizer
    return {v.path: np.array(v) for v in model.variables + inner.variables}


def numbers_of(state, ending):
    (found,) = [v for path, v in state.items() if path.endswith(ending)]
    return found


def iterations(state):
    return int(numbers_of(state, "/iteration"))
