"""Trains one of the two models of the main job, resumably."""

import contextlib
import functools
import math
import os
import sys

import keras

from keras_sparse import checkpoint, distributed
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
            found = (
                new_model(settings, data, kind, steps),
                checkpoint.Progress(),
            )
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
            KeepState(progress, recorder, state),
            EpochLine(kind, None if interactive else report),
        ],
    )
    return model, progress


def check(settings, data):
    """Raises ValueError where the settings do not fit the data set.

    Args:
        settings: `Settings`, defaults filled in.
        data: `keras_sparse.datasets.ImageDataset`.
    """
    batch_size = settings.batch_size
    new_model(settings, data, "sparse", data.steps("train", batch_size))
    if settings.strategy in ("multiworker", "tpu"):
        replicas = strategy(settings.strategy).num_replicas_in_sync
        if batch_size % replicas:
            raise ValueError(
                f"`batch_size` must be a multiple of the {replicas} replicas. "
                f"Received: batch_size={batch_size}. Pass "
                f"{replicas * (batch_size // replicas + 1)}, for example."
            )


def new_model(settings, data, kind, steps):
    """Makes and compiles a model for a run of so many steps per epoch."""
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


@functools.cache
def strategy(name):
    """The `tf.distribute.Strategy` of that name, made once; None for "none".

    It must be the first that a program does with TensorFlow: there the
    workers meet. The TPU is the one that TPU_NAME names, or this machine's.
    """
    if name == "none":
        return None
    tpu = os.environ.get("TPU_NAME") or "local"
    try:
        return distributed.strategy(name, tpu)
    except RuntimeError as error:
        raise TrainingError(f"`--strategy` {name}: {error}") from error


def _scope(settings):
    made = strategy(settings.strategy)
    return made.scope() if made else contextlib.nullcontext()


class KeepState(keras.callbacks.Callback):
    """Saves the state after each epoch, unless `state` is None."""

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
        if self.state is not None:
            checkpoint.save(self.state, self.model, self.progress)


class EpochLine(keras.callbacks.Callback):
    """Reports one line for each epoch, unless `report` is None."""

    def __init__(self, kind, report):
        super().__init__()
        self.kind = kind
        self.report = report

    def on_epoch_end(self, epoch, logs=None):
        if self.report is not None:
            values = "  ".join(f"{k} {v:.4f}" for k, v in logs.items())
            last = self.params["epochs"]
            self.report(f"{self.kind} {epoch + 1}/{last}  {values}")
