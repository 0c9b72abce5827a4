"""Where a lottery ticket's training starts again from."""

import keras
import numpy as np
import pytest
from lottery_trainings import (
    STEPS,
    Trainer,
    everything,
    iterations,
    make_model,
    numbers_of,
)

from keras_sparse.lottery import lottery_ticket


class AtStep(keras.callbacks.Callback):
    """Notes the state at one step, and the learning rates of all."""

    def __init__(self, step):
        super().__init__()
        self.step, self.state, self.first_rates = step, None, []

    def on_train_begin(self, logs=None):
        self.first_rates.append(float(self.model.optimizer.learning_rate))

    def on_train_batch_end(self, batch, logs=None):
        state = everything(self.model)
        if self.state is None and iterations(state) == self.step:
            self.state = state


def test_rewinding_to_a_step_restores_everything_of_that_step():
    schedule = keras.optimizers.schedules.CosineDecay(0.1, 2 * STEPS)
    see = AtStep(5)
    trainer = Trainer(see=see)
    found = lottery_ticket(
        lambda: make_model(keras.optimizers.Adam(schedule)),
        trainer,
        0.5,
        rounds=2,
        rewind_step=5,
    )
    for state, masks in zip(trainer.before[1:], trainer.masks[1:], strict=True):
        assert iterations(state) == 5
        for path, value in state.items():
            expected = see.state[path]
            for masked, mask in masks.items():
                if masked == path or masked.replace("/", "_") in path:
                    assert expected[~mask].any() and value[mask].any()
                    expected = np.where(mask, expected, 0)
            np.testing.assert_array_equal(value, expected, err_msg=path)
    # Later trainings end where the first one ended.
    assert [r.steps for r in found.rounds] == [STEPS] * 3
    rates = [float(schedule(step)) for step in (0, 5, 5)]
    np.testing.assert_allclose(see.first_rates, rates, rtol=1e-6)


def test_learning_rate_rewinding_keeps_weights_and_slots():
    trainer = Trainer()
    found = lottery_ticket(
        lambda: make_model("adam"),
        trainer,
        0.5,
        rounds=2,
        rewind_step=4,
        rewind="learning_rate",
    )
    pairs = zip(
        trainer.after, trainer.before[1:], trainer.masks[1:], strict=False
    )
    for after, before, masks in pairs:
        assert iterations(before) == 4
        for path, value in before.items():
            if path.endswith("/iteration"):
                continue
            expected = after[path]
            for masked, mask in masks.items():
                if masked == path or masked.replace("/", "_") in path:
                    expected = np.where(mask, expected, 0)
            np.testing.assert_array_equal(value, expected, err_msg=path)
    assert [r.steps for r in found.rounds] == [STEPS] * 3


def test_learning_rate_rewinding_restores_a_rate_that_a_callback_changed():
    def rate(epoch):
        return 0.1 / 10**epoch

    trainer = Trainer(see=keras.callbacks.LearningRateScheduler(rate))
    lottery_ticket(
        lambda: make_model(keras.optimizers.SGD(0.5)),
        trainer,
        0.5,
        rounds=1,
        rewind="learning_rate",
    )
    after, before = trainer.after[0], trainer.before[1]
    assert numbers_of(after, "/learning_rate") == np.float32(0.01)
    assert numbers_of(before, "/learning_rate") == np.float32(0.5)


def test_without_rewinding_training_goes_on():
    trainer = Trainer()
    found = lottery_ticket(make_model, trainer, 0.5, rounds=1, rewind=None)
    assert [r.steps for r in found.rounds] == [STEPS, 2 * STEPS]
    mask = numbers_of(trainer.masks[1], "a/kernel")
    kernel = numbers_of(trainer.after[0], "a/kernel")
    np.testing.assert_array_equal(
        numbers_of(trainer.before[1], "a/kernel"), np.where(mask, kernel, 0)
    )


def test_a_step_that_no_callback_sees_is_refused():
    def spe(number):
        return lambda: make_model(steps_per_execution=number)

    with pytest.raises(ValueError, match="rewind_step=3; the first call after"):
        lottery_ticket(spe(2), Trainer(), 0.5, rounds=1, rewind_step=3)
    with pytest.raises(ValueError, match="Received: step 14 after 12"):
        lottery_ticket(spe(4), Trainer(), 0.5, rounds=1, rewind_step=4)
