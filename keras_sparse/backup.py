"""Training that goes on where it was killed."""

import contextlib
import json
import os
import pathlib
import shutil
from typing import Any

import keras

from keras_sparse import distributed_state
from keras_sparse._types import PathLike


class BackupAndRestore(keras.callbacks.BackupAndRestore):
    """As Keras' callback; a kill or a full disk while it writes loses nothing.

    Keras writes over its file of weights and then over that of the epoch's
    number. Killed in between, it goes on with weights of another epoch, or
    cannot read them; and its files lack how far dropout has drawn. Here all is
    in one file, and the last one stays until the next is whole.

    The resumed training is, bit for bit on one device, the one that was never
    stopped, where the data of an epoch depend on its number alone: of arrays
    with `shuffle=False`, for instance.

    Args:
        backup_dir: path-like, a folder for the file `training_state.npz`.
        delete_checkpoint: bool, remove that file at the end of `fit`.

    Raises:
        ValueError: in `fit`, the file is damaged or of another model.
        OSError: in `fit`, the disk is full; the last state stays.

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

    def __init__(
        self, backup_dir: PathLike, delete_checkpoint: bool = True
    ) -> None:
        self._folder = pathlib.Path(os.fspath(backup_dir))
        super().__init__(
            str(self._folder / "epoch"), delete_checkpoint=delete_checkpoint
        )

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        content = distributed_state.read(self._folder)
        if content is None:
            super().on_train_begin(logs)
            return
        optimizer = self.model.optimizer
        if self.model.built and not optimizer.built:
            optimizer.build(self.model.trainable_variables)
        epoch = distributed_state.restore(self.model, content, self._folder)
        with self._told(epoch):
            super().on_train_begin(logs)

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        content = distributed_state.capture(self.model, epoch + 1)
        distributed_state.write(self._folder, content)

    def on_train_end(self, logs: dict[str, Any] | None = None) -> None:
        if self.delete_checkpoint:
            distributed_state.remove(self._folder)

    @contextlib.contextmanager
    def _told(self, epoch):
        """The epoch as Keras' callback reads it: only so does `fit` learn it.

        The file's name and content are Keras 3.12's to 3.15's.
        """
        folder = pathlib.Path(self.backup_dir)
        folder.mkdir(exist_ok=True)
        content = json.dumps({"epoch": epoch, "batch": 0})
        (folder / "training_metadata.json").write_text(content)
        try:
            yield
        finally:
            shutil.rmtree(folder)
