"""Callbacks that report; no method needs them to work."""

from typing import Any

import keras
import numpy as np

from keras_sparse._types import Masks
from keras_sparse.sparsify import find_optimizer


class SparsityLogger(keras.callbacks.Callback):
    """Adds `sparsity`, the share of zeros in all masks, to the epoch logs.

    History, CSVLogger and TensorBoard then show it like a metric; put this
    callback before them.

    Args:
        per_weight: bool, also add `sparsity/<path>` for each masked weight.

    Raises:
        ValueError: the model is not compiled with a `SparseOptimizer`.

    Example:
        >>> import keras_sparse as ks
        >>> ks.SparsityLogger(per_weight=True).per_weight
        True
    """

    def __init__(self, per_weight: bool = False) -> None:
        super().__init__()
        self.per_weight = per_weight

    def on_epoch_end(
        self, epoch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if logs is None:
            return
        masks = find_optimizer(self.model).masks
        live = sum(int(mask.sum()) for mask in masks.values())
        size = sum(mask.size for mask in masks.values())
        logs["sparsity"] = 1.0 - live / max(size, 1)
        if self.per_weight:
            for path, mask in masks.items():
                logs[f"sparsity/{path}"] = 1.0 - float(mask.mean())


class MaskRecorder(keras.callbacks.Callback):
    """Keeps what the masks did, for pictures.

    With `steps_per_execution` above 1 it sees the masks after every so many
    steps only.

    Args:
        path: str, the variable path whose masks are kept; None: the first
            masked weight.

    Attributes:
        updates: list of dicts with "step" (int, optimizer steps done) and
            "moved" (dict path -> number of connections that became live),
            one for each change.
        history: list of (step, boolean array), the masks of `path`: the first
            it sees, then one for each change.

    Raises:
        ValueError: the model is not compiled with a `SparseOptimizer`, or has
            no mask at `path`.

    Example:
        >>> import keras_sparse as ks
        >>> ks.MaskRecorder().updates
        []
    """

    def __init__(self, path: str | None = None) -> None:
        super().__init__()
        self.path = path
        self.updates: list[dict[str, Any]] = []
        self.history: list[tuple[int, np.ndarray]] = []
        self._masks: Masks | None = None
        self._seen: int | None = None

    def on_train_begin(self, logs: dict[str, Any] | None = None) -> None:
        # Before the first `fit` the optimizer has no masks yet.
        if find_optimizer(self.model).built:
            self._look()

    def on_train_batch_end(
        self, batch: int, logs: dict[str, Any] | None = None
    ) -> None:
        if find_optimizer(self.model).mask_updates != self._seen:
            self._look()

    def _look(self):
        optimizer = find_optimizer(self.model)
        self._seen = optimizer.mask_updates
        masks, before = optimizer.masks, self._masks
        self._masks = masks
        self.path = self.path or next(iter(masks))
        if self.path not in masks:
            raise ValueError(
                "`path` must be the path of a masked variable. Received: "
                f"path={self.path!r}. The paths are: {', '.join(masks)}."
            )
        step = int(keras.ops.convert_to_numpy(optimizer.iterations))
        mask = masks[self.path]
        if not self.history or not np.array_equal(self.history[-1][1], mask):
            self.history.append((step, mask))
        if before is not None:
            moved = {
                path: int(np.count_nonzero(mask & ~before[path]))
                for path, mask in masks.items()
            }
            self.updates.append({"step": step, "moved": moved})
