"""The epochs of distributed training."""

import itertools
import json

import keras
import tensorflow as tf

from keras_sparse.distributed_backup import Backup
from keras_sparse.distributed_build import build_metrics
from keras_sparse.distributed_data import training_batches, validation_batches
from keras_sparse.distributed_step import Steps
from keras_sparse.distributed_workers import Workers
from keras_sparse.fingerprint import fingerprint

_WRITERS = (
    keras.callbacks.CSVLogger,
    keras.callbacks.ModelCheckpoint,
    keras.callbacks.TensorBoard,
)


class Loop:
    """One call of `keras_sparse.distributed.fit`.

    Args:
        model: checked `keras.Model`.
        training: tuple (dataset, steps per epoch or None).
        validation: tuple (dataset or None, steps or None).
        callbacks: list of callbacks.
        folder, every: where and after how many steps to back up, or None.
    """

    def __init__(self, model, training, validation, callbacks, folder, every):
        strategy = model.distribute_strategy
        self.model = model
        self.workers = Workers(strategy)
        batches, self.steps = training_batches(strategy, *training)
        self.validation: tuple | None = None
        if validation[0] is not None:
            self.validation = validation_batches(strategy, *validation)
        with strategy.scope():
            model.optimizer.build(model.trainable_variables)
        self.iterator = iter(batches)
        build_metrics(model, strategy, self.iterator)
        self.functions = Steps(model, strategy)
        self.history = keras.callbacks.History()
        chief = self.workers.is_chief
        self.active = [c for c in callbacks if chief or not _chief_only(c)]
        self.backup = Backup(
            folder, every, model, self.workers, callbacks, self.history
        )

    def run(self, initial_epoch, epochs, verbose):
        """Trains up to `epochs`; returns the `History`."""
        if verbose == "auto" and not self.workers.is_chief:
            verbose = 0
        self.callbacks = keras.callbacks.CallbackList(
            [*self.active, self.history],
            add_progbar=verbose != 0,
            verbose=verbose,
            epochs=epochs,
            steps=self.steps,
            model=self.model,
        )
        with self.workers.missed():
            self._train(initial_epoch, epochs)
        return self.history

    def _train(self, initial_epoch, epochs):
        self.position = {"epoch": initial_epoch, "step": 0, "batches": 0}
        self.model.stop_training = False
        resumed = self._resume()
        self._check_equal()
        self.callbacks.on_train_begin()
        if resumed:
            self.backup.resume_reports(resumed)
        logs = {}
        while self.position["epoch"] < epochs and not self.model.stop_training:
            logs = self._epoch()
        self.model.optimizer.finalize_variable_values(
            self.model.trainable_weights
        )
        self._check_equal()
        self.callbacks.on_train_end(logs)

    def _resume(self):
        resumed = self.backup.load()
        if resumed is None:
            return None
        position = resumed["position"]
        if position["steps_per_epoch"] != self.steps:
            raise ValueError(
                "`steps_per_epoch` must be as in the run to resume, "
                f"{position['steps_per_epoch']}. Received: {self.steps}. Pass "
                "the same data, or another `backup_dir`."
            )
        self.position = position
        batches = tf.constant(position["batches"], "int64")
        self.functions.skip(self.iterator, batches)
        return resumed

    def _check_equal(self):
        found = json.dumps(fingerprint(self.model))
        if not self.workers.same(found.encode()):
            raise ValueError(
                "`model` must be the same on all workers. Received: other "
                f"weights or masks than the chief's, {found} here. Make or "
                "load it on all of them alike, in the strategy's scope, and "
                "let no callback change it on one alone."
            )

    def _epoch(self):
        position, epoch = self.position, self.position["epoch"]
        if not position["step"]:
            self.model.reset_metrics()
        self.callbacks.on_epoch_begin(epoch)
        logs = {}
        while position["step"] < self.steps and not self.model.stop_training:
            logs = self._several_steps()
        self.functions.average()
        logs = _numbers(logs)
        if self.validation is not None:
            logs |= self._validate(*self.validation)
        self.callbacks.on_epoch_end(epoch, logs)
        self._agree_to_stop()
        position["epoch"], position["step"] = epoch + 1, 0
        self.backup.save({**position, "steps_per_epoch": self.steps})
        return logs

    def _several_steps(self):
        position, first = self.position, self.position["step"]
        before = position["batches"]
        number = min(self.model.steps_per_execution, self.steps - first)
        self.callbacks.on_train_batch_begin(first)
        try:
            logs = self.functions.train(self.iterator, _int32(number))
        except tf.errors.OutOfRangeError as error:
            raise ValueError(
                "`dataset` must go on for all epochs. Received: one that ended "
                f"in step {first + 1} of epoch {position['epoch'] + 1}. Put "
                "repeat() before it is distributed."
            ) from error
        position["step"] += number
        position["batches"] += number
        self.callbacks.on_train_batch_end(position["step"] - 1, logs)
        self._agree_to_stop()
        due = self.backup.due(before, position["batches"])
        if due and position["step"] < self.steps:
            self.functions.average()
            self.backup.save({**position, "steps_per_epoch": self.steps})
        return logs

    def _agree_to_stop(self):
        stop = self.workers.any(self.model.stop_training)
        self.model.stop_training = stop

    def _validate(self, batches, steps):
        self.model.reset_metrics()
        self.callbacks.on_test_begin()
        number = -1
        for number, batch in enumerate(itertools.islice(batches, steps)):
            self.callbacks.on_test_batch_begin(number)
            self.functions.test(batch)
            self.callbacks.on_test_batch_end(number, {})
        if number < 0:
            raise ValueError(
                "`validation_data` must hold at least one batch. Received: an "
                "empty dataset. Pass None to do without."
            )
        logs = _numbers(self.model.get_metrics_result())
        self.callbacks.on_test_end(logs)
        return {f"val_{name}": value for name, value in logs.items()}


def _chief_only(callback):
    return getattr(callback, "chief_only", isinstance(callback, _WRITERS))


def _int32(number):
    return tf.constant(number, "int32")


def _numbers(logs):
    """Logs as Python numbers, where they are scalars."""
    return {
        name: float(value) if value.shape.rank == 0 else value.numpy()
        for name, value in logs.items()
    }
