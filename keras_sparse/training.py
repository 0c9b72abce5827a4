"""Trains one of the two models of the main job, resumably."""

import contextlib
import math
import sys

import keras

from keras_sparse import checkpoint
from keras_sparse.callbacks import MaskRecorder
from keras_sparse.models import MODELS
from keras_sparse.sparsify import sparsify


class TrainingError(RuntimeError):
    """Training went wrong in a way that the user can do something about."""


def train(settings, data, kind, state, report=print):
    """Trains the dense or the sparse model, or goes on where it stopped.

    Args:
        settings: `Settings`, defaults filled in.
        data: `keras_sparse.datasets.ImageDataset`.
        kind: "dense" or "sparse".
        state: path of the training state, saved after each epoch.
        report: function of one line of text; called once per epoch where the
            output is not a terminal.

    Returns:
        tuple (compiled `keras.Model`, `checkpoint.Progress`).

    Raises:
        TrainingError: the loss is not finite.
        ValueError: the state cannot be read, or an argument does not fit the
            data set.
    """
    keras.utils.set_random_seed(settings.seed)
    epochs, batch_size = settings.epochs, settings.batch_size
    steps = data.steps("train", batch_size)
    with _scope(settings):
        found = checkpoint.load(state)
        if found is None:
            found = _new(settings, data, kind, steps), checkpoint.Progress()
    model, progress = found
    if progress.epochs >= epochs:
        return model, progress
    recorder = MaskRecorder()
    recorder.updates = progress.updates
    recorder.history = progress.masks
    interactive = sys.stdout.isatty()
    model.fit(
        data.batches(
            "train",
            batch_size,
            epochs=epochs,
            seed=settings.seed,
            first_epoch=progress.epochs,
        ),
        validation_data=data.batches("test", 512, shuffle=False),
        steps_per_epoch=steps,
        initial_epoch=progress.epochs,
        epochs=epochs,
        shuffle=False,
        verbose=1 if interactive else 0,
        callbacks=[
            *([recorder] if kind == "sparse" else []),
            _KeepState(progress, recorder, state),
            _EpochLine(kind, None if interactive else report),
        ],
    )
    return model, progress


def check(settings, data):
    """Raises ValueError where the settings do not fit the data set.

    Args:
        settings: `Settings`, defaults filled in.
        data: `keras_sparse.datasets.ImageDataset`.
    """
    _new(settings, data, "sparse", data.steps("train", settings.batch_size))


def _new(settings, data, kind, steps):
    model = MODELS[settings.model](data.image_shape, data.num_classes)
    total = steps * settings.epochs
    rate = keras.optimizers.schedules.CosineDecay(settings.learning_rate, total)
    optimizer = keras.optimizers.SGD(rate, momentum=0.9, nesterov=True)
    if kind == "sparse":
        # Masks at once: a filter that matches nothing must fail here.
        optimizer = sparsify(
            model,
            optimizer,
            settings.make_method(total),
            filters=settings.filters or None,
            device_profile=settings.device_profile or None,
        )
    model.compile(
        optimizer,
        loss="sparse_categorical_crossentropy",
        metrics=["accuracy"],
    )
    return model


def _scope(settings):
    if settings.strategy == "mirrored":
        import tensorflow as tf

        return tf.distribute.MirroredStrategy().scope()
    return contextlib.nullcontext()


class _KeepState(keras.callbacks.Callback):
    def __init__(self, progress, recorder, state):
        super().__init__()
        self.progress = progress
        self.recorder = recorder
        self.state = state

    def on_epoch_end(self, epoch, logs=None):
        logs = {name: float(value) for name, value in logs.items()}
        if not math.isfinite(logs["loss"]):
            raise TrainingError(
                f"`--learning-rate` must keep the loss finite, but after epoch "
                f"{epoch + 1} it is {logs['loss']}. Lower the learning rate."
            )
        # The report draws the first and the last; a state stays small.
        del self.recorder.history[1:-1]
        self.progress.history.append(logs)
        self.progress.updates = self.recorder.updates
        self.progress.masks = self.recorder.history
        checkpoint.save(self.state, self.model, self.progress)


class _EpochLine(keras.callbacks.Callback):
    def __init__(self, kind, report):
        super().__init__()
        self.kind = kind
        self.report = report

    def on_epoch_end(self, epoch, logs=None):
        if self.report is not None:
            values = "  ".join(f"{k} {v:.4f}" for k, v in logs.items())
            last = self.params["epochs"]
            self.report(f"{self.kind} {epoch + 1}/{last}  {values}")
