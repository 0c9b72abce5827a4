"""One training of a lottery ticket: where it starts, where it ends."""

import json

import keras
from keras import ops

from keras_sparse.lottery_model import innermost
from keras_sparse.lottery_state import TrainingState
from keras_sparse.sparsify import find_optimizer


class Watch(keras.callbacks.Callback):
    """Copies the state at the step to rewind to; ends the later trainings.

    Args:
        rewind_step: int, optimizer steps done at that point.

    Attributes:
        early: `TrainingState` at that step, or None before it.
        last_step: int, step at which a training is stopped, or None.
    """

    def __init__(self, rewind_step):
        super().__init__()
        self.rewind_step = rewind_step
        self.early = None
        self.last_step = None

    def on_train_batch_end(self, batch, logs=None):
        if self.early is not None and not self.last_step:
            return
        model = self.model  # which, on JAX, brings its variables up to date
        steps = _steps(find_optimizer(model))
        if self.early is None and steps > self.rewind_step:
            raise ValueError(
                "`rewind_step` must be a step at which callbacks are called. "
                f"Received: rewind_step={self.rewind_step}; the first call "
                f"after it came at step {steps}. Take a multiple of "
                f"steps_per_execution={model.steps_per_execution}, or lower "
                "that to 1."
            )
        if self.early is None and steps == self.rewind_step:
            self.early = TrainingState.of(model)
        if self.last_step and steps >= self.last_step:
            model.stop_training = True


def train_once(model, train_fn, watch, directory):
    """Calls `train_fn` and checks that it trained as it should.

    Args:
        model: `keras.Model` compiled with a `SparseOptimizer`.
        train_fn: as in `lottery_ticket`.
        watch: `Watch`.
        directory: as in `lottery_ticket`.

    Returns:
        dict, the fields of a `Round`.

    Raises:
        ValueError: it did not.
    """
    optimizer = find_optimizer(model)
    masks, before = optimizer.masks, _steps(optimizer)
    returned = train_fn(model, [watch])
    if innermost(model.optimizer) is not optimizer:
        raise ValueError(
            "`train_fn` must not compile the model, whose optimizer holds the "
            f"masks. Received: a model compiled with {model.optimizer!r}. "
            "Compile it in `model_fn`."
        )
    steps = _steps(optimizer)
    if steps <= before:
        raise ValueError(
            "`train_fn` must train the model that it is given. Received: a "
            f"function that left it at step {steps}. Call model.fit in it."
        )
    if watch.early is None:
        raise ValueError(
            "`train_fn` must pass its callbacks to `fit` and train for more "
            f"than `rewind_step` steps. Received: rewind_step="
            f"{watch.rewind_step}, {steps} steps and no call of the callback. "
            "Write model.fit(..., callbacks=callbacks)."
        )
    if watch.last_step and steps > watch.last_step:
        raise ValueError(
            "`train_fn` must pass its callbacks to `fit`, so that each round "
            f"ends at the same step. Received: step {steps} after "
            f"{watch.last_step} in the first round. Call fit once, and take a "
            "`rewind_step` from which `steps_per_execution` leads there."
        )
    live = sum(int(mask.sum()) for mask in masks.values())
    return {
        "sparsity": 1 - live / sum(mask.size for mask in masks.values()),
        "steps": steps,
        "returned": _plain(returned, directory),
    }


def _plain(returned, directory):
    """What `train_fn` returned, as it will be read from the folder."""
    if isinstance(returned, keras.callbacks.History):
        returned = returned.history
    if directory is None:
        return returned
    try:
        return json.loads(json.dumps(returned, default=float))
    except (TypeError, ValueError) as error:
        raise ValueError(
            "`train_fn` must return a History, or values that JSON can hold, "
            f"to be kept in `directory`. Received: {type(returned).__name__} "
            f"({error}). Return numbers, or None."
        ) from None


def _steps(optimizer):
    return int(ops.convert_to_numpy(optimizer.iterations))
