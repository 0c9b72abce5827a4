"""Training that goes on where it was killed."""

import contextlib
import os
import pathlib
import shutil

import keras
import numpy as np

from keras_sparse.whole_files import recover, replaced_name, sync

_COMPLETE = "complete"
_DRAWS = "draws.npz"


class BackupAndRestore(keras.callbacks.BackupAndRestore):
    """As Keras' callback; a kill or a full disk while it writes loses nothing.

    Keras writes over the weights and then over the number of the epoch. Killed
    in between, it goes on from weights of another epoch or cannot read them.
    Here the last state stays until the next one is whole. It also has what
    Keras' files lack, how far dropout and the like have drawn.

    The resumed training is, bit for bit on one device, the one that was never
    stopped, where the data of an epoch depend on its number alone: of arrays
    with `shuffle=False`, for instance.

    Args:
        backup_dir: path-like, a folder; the state lies in `last` in it.
        delete_checkpoint: bool, remove the state at the end of `fit`.

    Raises:
        OSError: in `fit`, where it cannot be written; the last state stays.

    Differs from Keras' callback: saves at the ends of epochs only, where a
        training can go on exactly.

    Example:
        >>> import tempfile
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> model.compile(ks.SparseOptimizer("adam", ks.SET(0.75)), "mse")
        >>> x, y = keras.ops.ones((2, 8)), keras.ops.ones((2, 4))
        >>> backup = ks.BackupAndRestore(tempfile.mkdtemp() + "/backup")
        >>> options = {"shuffle": False, "callbacks": [backup], "verbose": 0}
        >>> history = model.fit(x, y, epochs=2, **options)
    """

    def __init__(self, backup_dir, delete_checkpoint=True):
        self._folder = pathlib.Path(backup_dir) / "last"
        super().__init__(str(self._folder), delete_checkpoint=delete_checkpoint)

    def on_train_begin(self, logs=None):
        if self._folder.exists() and not self._mark.exists():
            shutil.rmtree(self._folder)  # of a process that was killed
        recover(self._folder)
        super().on_train_begin(logs)
        if self._mark.exists():
            with np.load(self._folder / _DRAWS) as stored:
                for draws, value in zip(
                    self._draws(), stored.values(), strict=True
                ):
                    draws.assign(value)

    def on_epoch_end(self, epoch, logs=None):
        with self._replacing():
            super().on_epoch_end(epoch, logs)
            draws = map(keras.ops.convert_to_numpy, self._draws())
            np.savez(self._folder / _DRAWS, *draws)

    def on_train_end(self, logs=None):
        if self.delete_checkpoint:
            self._mark.unlink(missing_ok=True)  # first: half is not all
        super().on_train_end(logs)
        with contextlib.suppress(OSError):  # it holds other things
            self._folder.parent.rmdir()

    @property
    def _mark(self):
        return self._folder / _COMPLETE

    def _draws(self):
        """The states of random draws: whole numbers that are not trained."""
        return [
            variable
            for variable in self.model.non_trainable_variables
            if keras.backend.is_int_dtype(variable.dtype)
        ]

    @contextlib.contextmanager
    def _replacing(self):
        last = replaced_name(self._folder)
        if self._folder.exists():
            shutil.rmtree(last, ignore_errors=True)
            os.replace(self._folder, last)
        try:
            yield
            sync(self._folder)
            self._mark.touch()
            sync(self._folder)
        except BaseException:
            shutil.rmtree(self._folder, ignore_errors=True)
            recover(self._folder)
            raise
        shutil.rmtree(last, ignore_errors=True)
