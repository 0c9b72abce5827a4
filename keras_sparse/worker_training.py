"""Trains one of the two models of the main job on several workers."""

import pathlib

import keras
import tensorflow as tf

from keras_sparse import checkpoint, distributed, training
from keras_sparse.callbacks import MaskRecorder


def train(settings, data, kind, state, report=print):
    """Trains as `training.train` does, with `keras_sparse.distributed.fit`.

    Every worker calls it. A last, smaller batch of an epoch is left out.

    Args:
        settings: `Settings`, defaults filled in.
        data: `keras_sparse.datasets.ImageDataset`.
        kind: "dense" or "sparse".
        state: path of the chief's training state; what all workers resume
            from lies beside it.
        report: function of one line of text, called once per epoch.

    Returns:
        tuple (compiled `keras.Model` without a strategy,
        `checkpoint.Progress`) on the chief; None on the other workers.

    Raises:
        TrainingError: the loss is not finite.
    """
    strategy = training.strategy(settings.strategy)
    keras.utils.set_random_seed(settings.seed)
    batch_size, epochs = settings.batch_size, settings.epochs
    steps = data.steps("train", batch_size, True)
    with strategy.scope():
        model = training.new_model(settings, data, kind, steps)
    chief = distributed.is_chief(model)
    state = pathlib.Path(state)
    found = checkpoint.load(state) if chief else None
    progress = found[1] if found else checkpoint.Progress()
    recorder = MaskRecorder()
    recorder.updates, recorder.history = progress.updates, progress.masks
    history = distributed.fit(
        model,
        data.batches(
            "train",
            batch_size,
            epochs=epochs,
            seed=settings.seed,
            drop_remainder=True,
        ),
        epochs,
        steps_per_epoch=steps,
        validation_data=data.batches("test", 512, shuffle=False),
        callbacks=[
            *([_Rewind(recorder), recorder] if kind == "sparse" else []),
            training.KeepState(progress, recorder, state if chief else None),
            training.EpochLine(kind, report if chief else None),
        ],
        backup_dir=state.with_name(f"{state.name}-backup"),
        verbose=0,
    )
    if not chief:
        return None
    model, progress = checkpoint.load(state)
    columns = history.history
    progress.history = [
        dict(zip(columns, row, strict=True))
        for row in zip(*columns.values(), strict=True)
    ]
    return model, progress


def assists(settings):
    """Whether this process is a worker that trains and writes nothing."""
    strategy = training.strategy(settings.strategy)
    return strategy is not None and not distributed.is_chief(strategy)


def assist(settings, data, folder):
    """Trains both models together with the chief, which does all the rest."""
    tf.config.experimental.enable_op_determinism()
    for kind in ("dense", "sparse"):
        train(settings, data, kind, pathlib.Path(folder) / "state" / kind)


class _Rewind(keras.callbacks.Callback):
    """Forgets what the state saw after the backup that all resume from."""

    def __init__(self, recorder):
        super().__init__()
        self.recorder = recorder

    def on_train_begin(self, logs=None):
        optimizer, recorder = self.model.optimizer, self.recorder
        done = int(keras.ops.convert_to_numpy(optimizer.iterations))
        recorder.updates[:] = [u for u in recorder.updates if u["step"] <= done]
        recorder.history[:] = [m for m in recorder.history if m[0] <= done]
