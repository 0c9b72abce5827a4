"""Where a training begins, or goes on."""

import keras
import tensorflow as tf


class TrainingPosition(keras.callbacks.Callback):
    """Reads, before the first epoch, where a training begins or goes on.

    Only then is it known: `BackupAndRestore` loads in `on_train_begin`. It
    sets the variable `total_steps` of the model.

    Args:
        epochs: int, number of the last epoch.

    Attributes:
        position: `tf.Variable`, number of the first batch.
        steps: int, steps of an epoch, or None where they are not known.
    """

    def __init__(self, epochs):
        super().__init__()
        self.epochs, self.steps, self.begun = epochs, None, False
        self.position = tf.Variable(0, dtype="int64", trainable=False)

    def on_epoch_begin(self, epoch, logs=None):
        if self.begun:
            return
        self.begun = True
        optimizer = self.model.optimizer
        done = int(keras.ops.convert_to_numpy(optimizer.iterations))
        accumulated = optimizer.gradient_accumulation_steps or 1
        self.position.assign(done * accumulated)
        if self.steps is not None:
            rest = (self.epochs - epoch) * self.steps // accumulated
            self.model.total_steps.assign(done + rest)
