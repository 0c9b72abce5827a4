"""Backups of a distributed training, and the way back from one."""

import inspect

from keras_sparse import distributed_state


class Backup:
    """Keeps the state of a training in one file, if it is given a folder.

    Args:
        folder: path, or None: nothing is kept.
        every: int, steps between backups within an epoch, or None.
        model: compiled `keras.Model` with a built optimizer.
        workers: `Workers`; the chief writes and reads.
        callbacks: list of callbacks, equally long on every worker.
        history: `keras.callbacks.History`.
    """

    def __init__(self, folder, every, model, workers, callbacks, history):
        self.folder = folder
        self.every = every
        self.model = model
        self.workers = workers
        self.callbacks = callbacks
        self.history = history

    def due(self, before, now):
        """Whether one is due after `now` steps; `before` was the last look."""
        return bool(self.every) and before // self.every != now // self.every

    def save(self, position):
        """Writes the state; every worker must call it.

        Args:
            position: dict of numbers, where the training is.
        """
        if self.folder is None:
            return
        content = {
            "position": position,
            "stopped": bool(self.model.stop_training),
            "history": [self.history.epoch, self.history.history],
            "callbacks": [plain_state(callback) for callback in self.callbacks],
        }
        content = distributed_state.capture(self.model, content)
        if self.workers.is_chief:
            distributed_state.write(self.folder, content)

    def load(self):
        """Gives the model the chief's state; every worker must call it.

        Returns:
            dict with the "position" that `save` was given, or None where
            there is no state.

        Raises:
            ValueError: the file is damaged or of another model.
        """
        if self.folder is None:
            return None
        stored = None
        if self.workers.is_chief:
            stored = distributed_state.read(self.folder)
        stored = self.workers.from_chief(stored)
        if stored is None:
            return None
        return distributed_state.restore(self.model, stored, self.folder)

    def resume_reports(self, content):
        """Goes on with the history and with what the callbacks counted.

        Args:
            content: what `load` returned; after `on_train_begin`, at which
                callbacks forget.
        """
        self.model.stop_training = content["stopped"]
        self.history.epoch, self.history.history = content["history"]
        for callback, state in zip(
            self.callbacks, content["callbacks"], strict=False
        ):
            for name, value in state.items():
                setattr(callback, name, value)


def plain_state(callback):
    """The public numbers that a callback counts, dict name -> number."""
    # Not its arguments: Keras changes the sign of `min_delta` when it starts.
    arguments = inspect.signature(type(callback)).parameters
    return {
        name: value
        for name, value in vars(callback).items()
        if isinstance(value, (bool, int, float))
        and not name.startswith("_")
        and name not in arguments
    }
