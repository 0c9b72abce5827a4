"""A search for a lottery ticket goes on where it was interrupted."""

import keras
import numpy as np
import pytest
from keras import layers
from lottery_trainings import Trainer, X, Y, make_model

from keras_sparse.lottery import lottery_ticket
from keras_sparse.lottery_state import RoundStore, TrainingState


@pytest.mark.parametrize(
    "rewind, fail_at",
    [("weights", 1), ("learning_rate", 0)],
)
def test_an_interrupted_search_ends_as_an_uninterrupted_one(
    tmp_path, rewind, fail_at
):
    arguments = {"sparsity": 0.6, "rounds": 2, "rewind_step": 2}
    arguments |= {"rewind": rewind, "directory": tmp_path / "search"}
    whole = lottery_ticket(
        make_model, Trainer(), **arguments | {"directory": tmp_path / "whole"}
    )
    with pytest.raises(KeyboardInterrupt):
        lottery_ticket(make_model, Trainer(fail_at), **arguments)

    def other_start():  # the stored one counts
        model = make_model()
        model.set_weights([weight + 1 for weight in model.get_weights()])
        return model

    trainer = Trainer()
    resumed = lottery_ticket(other_start, trainer, **arguments)
    assert len(trainer.before) == 3 - fail_at
    assert whole.rounds == resumed.rounds
    again = lottery_ticket(make_model, None, **arguments)  # trains nothing
    assert again.rounds == whole.rounds
    for found in (resumed, again):
        assert_same(
            TrainingState.of(found.model), TrainingState.of(whole.model)
        )
        assert_same(found.start, whole.start)


def assert_same(state, other):
    assert len(state.model) == len(other.model) == 8
    pairs = zip(
        state.model + state.optimizer,
        other.model + other.optimizer,
        strict=True,
    )
    for left, right in pairs:
        np.testing.assert_array_equal(left, right)


def test_another_call_does_not_continue_in_the_folder(tmp_path):
    def call(**changes):
        arguments = {"sparsity": 0.5, "rounds": 1, "directory": tmp_path}
        return lottery_ticket(make_model, Trainer(), **arguments | changes)

    call()
    with pytest.raises(ValueError, match="with the same arguments. Received"):
        call(sparsity=0.6)

    def wider():
        model = keras.Sequential([keras.Input((6,)), layers.Dense(4)])
        model.compile("sgd", "mse")
        return model

    with pytest.raises(ValueError, match="must return the model that the"):
        lottery_ticket(wider, Trainer(), 0.5, rounds=1, directory=tmp_path)


def test_what_cannot_be_kept_is_refused(tmp_path):
    def train(model, callbacks):
        model.fit(X, Y, verbose=0)
        return model

    with pytest.raises(ValueError, match="Received: Sequential"):
        lottery_ticket(make_model, train, 0.5, rounds=1, directory=tmp_path)


def test_store_keeps_types(tmp_path):
    values = [
        np.array([1.5, -2.25], "float32"),
        np.array([True, False]),
        np.array(7, "int64"),
    ]
    variable = keras.Variable([1.0, 3.0], dtype="bfloat16")
    rounded = np.array(keras.ops.convert_to_numpy(variable))
    store = RoundStore(tmp_path, {})
    store.save("x", TrainingState([rounded], values), {"a": 1})
    state, notes = store.load("x")
    assert notes == {"a": 1} and store.load("y") is None
    np.testing.assert_array_equal(state.model[0], [1.0, 3.0])
    variable.assign(state.model[0])
    for value, loaded in zip(values, state.optimizer, strict=True):
        assert value.dtype == loaded.dtype
        np.testing.assert_array_equal(value, loaded)
