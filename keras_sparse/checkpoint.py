"""Training state on disk, whole or not at all."""

import dataclasses
import json
import pathlib

import keras
import numpy as np

from _keras_sparse_common.whole_files import recover, whole_folder


@dataclasses.dataclass
class Progress:
    """What a run has done besides changing its model.

    Attributes:
        history: list of dicts, the logs of each finished epoch.
        updates: list of dicts, as `MaskRecorder.updates`.
        masks: list of (step, boolean array), the first and the last of
            `MaskRecorder.history`; empty for a dense model.
    """

    history: list = dataclasses.field(default_factory=list)
    updates: list = dataclasses.field(default_factory=list)
    masks: list = dataclasses.field(default_factory=list)

    @property
    def epochs(self):
        """int, number of finished epochs."""
        return len(self.history)


def save(folder, model, progress):
    """Writes the state of a run; an older state stays until it is written.

    Args:
        folder: path of the state, made here.
        model: compiled `keras.Model`; its optimizer is saved with it.
        progress: `Progress`.
    """
    log = {"history": progress.history, "updates": progress.updates}
    steps = np.array([step for step, _ in progress.masks])
    masks = np.array([mask for _, mask in progress.masks])
    with whole_folder(folder) as new:
        model.save(new / "model.keras")
        (new / "progress.json").write_text(json.dumps(log))
        np.savez_compressed(new / "masks.npz", steps=steps, masks=masks)


def load(folder):
    """Reads what `save` wrote.

    Args:
        folder: path of the state.

    Returns:
        tuple (compiled model, `Progress`), or None where there is no state.

    Raises:
        ValueError: the files there cannot be read.
    """
    folder = pathlib.Path(folder)
    recover(folder)
    if not folder.exists():
        return None
    try:
        model = keras.models.load_model(folder / "model.keras")
        log = json.loads((folder / "progress.json").read_text())
        with np.load(folder / "masks.npz") as stored:
            steps = [int(step) for step in stored["steps"]]
            masks = list(zip(steps, stored["masks"], strict=True))
        history, updates = (
            [dict(entry) for entry in log[name]]
            for name in ("history", "updates")
        )
    except Exception as error:
        raise ValueError(
            f"`--resume` must find a readable state in {folder}. Received: "
            f"{type(error).__name__}: {error}. Start anew with --overwrite."
        ) from error
    return model, Progress(history, updates, masks)
