"""What a search for a lottery ticket refuses, and says why."""

import keras
import numpy as np
import pytest
from keras import layers
from lottery_trainings import STEPS, Trainer, X, Y, make_model

import keras_sparse as ks
from keras_sparse.lottery import lottery_ticket


def never(model, callbacks):
    return None


def without_callbacks(model, callbacks):
    model.fit(X, Y, 8, verbose=0)


def compiling(model, callbacks):
    model.compile("sgd", "mse")


def diverging(model, callbacks):
    model.fit(X, Y, verbose=0)
    model.get_layer("b").kernel.assign(np.full((10, 3), np.nan))


def trained():
    model = make_model(ks.SparseOptimizer("sgd", ks.Static(0.0)))
    model.fit(X, Y, 8, verbose=0)
    return model


class OwnCompile(keras.Sequential):
    def compile(self, *args, **kwargs):
        super().compile(*args, **kwargs)


def own_compile():
    model = OwnCompile([keras.Input((6,)), layers.Dense(3)])
    model.compile("sgd", "mse")
    return model


def ended_schedule():
    rate = keras.optimizers.schedules.CosineDecay(0.1, STEPS)
    return make_model(keras.optimizers.SGD(rate))


@pytest.mark.parametrize(
    "changes, message",
    [
        ({"sparsity": 1.0}, "`sparsity` must be a number in"),
        ({"rounds": 0}, "`rounds` must be an integer of at least 1"),
        ({"rewind_step": -1}, "`rewind_step` must be an integer"),
        ({"rewind": "all"}, "`rewind` must be one of 'weights'"),
        ({"scope": "model"}, "`scope` must be one of"),
        ({"rewind": None, "rewind_step": 2}, "`rewind_step` must be 0 with"),
        ({"model_fn": lambda: None}, "Received: NoneType. Return the compiled"),
        (
            {"model_fn": lambda: keras.Sequential([layers.Dense(1)])},
            "built=False, compiled=False",
        ),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.RigL(0.5))
                )
            },
            r"Received: RigL\(sparsity=0.5",
        ),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.Static(0.5))
                )
            },
            r"Received: Static\(sparsity=0.5",
        ),
        ({"model_fn": trained}, "Received: an optimizer at step 6"),
        (
            {
                "model_fn": lambda: make_model(
                    ks.SparseOptimizer("sgd", ks.Static(0.0))
                ),
                "filters": "a",
            },
            "`filters` must be None where",
        ),
        ({"model_fn": own_compile}, "OwnCompile, which has one of its own"),
        ({"train_fn": never}, "`train_fn` must train the model"),
        (
            {"train_fn": without_callbacks, "rewind_step": 2},
            "rewind_step=2, 6 steps and no call",
        ),
        ({"train_fn": compiling}, "`train_fn` must not compile the model"),
        ({"train_fn": diverging}, "NaN or infinity in .*b/kernel"),
        (
            {"model_fn": ended_schedule, "rewind": None},
            "with a schedule that has come to 0",
        ),
    ],
)
def test_bad_input(changes, message):
    arguments = {
        "model_fn": make_model,
        "train_fn": Trainer(),
        "sparsity": 0.5,
        "rounds": 1,
    }
    with pytest.raises(ValueError, match=message):
        lottery_ticket(**arguments | changes)
