"""Training state on disk, whole or not at all."""

import dataclasses
import json
import os
import pathlib
import shutil

import keras
import numpy as np


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
    folder = pathlib.Path(folder)
    new, old = folder.with_name(folder.name + ".new"), _old(folder)
    shutil.rmtree(new, ignore_errors=True)
    new.mkdir(parents=True)
    model.save(new / "model.keras")
    log = {"history": progress.history, "updates": progress.updates}
    (new / "progress.json").write_text(json.dumps(log))
    steps = np.array([step for step, _ in progress.masks])
    masks = np.array([mask for _, mask in progress.masks])
    np.savez_compressed(new / "masks.npz", steps=steps, masks=masks)
    if folder.exists():
        os.replace(folder, old)
    os.replace(new, folder)
    shutil.rmtree(old, ignore_errors=True)


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
    if not folder.exists() and _old(folder).exists():
        os.replace(_old(folder), folder)  # killed between the two renames
    if not folder.exists():
        return None
    try:
        model = keras.models.load_model(folder / "model.keras")
        log = json.loads((folder / "progress.json").read_text())
        with np.load(folder / "masks.npz") as stored:
            steps = [int(step) for step in stored["steps"]]
            masks = list(zip(steps, stored["masks"], strict=True))
    except Exception as error:
        raise ValueError(
            f"`--resume` must find a readable state in {folder}. Received: "
            f"{type(error).__name__}: {error}. Start anew with --overwrite."
        ) from error
    return model, Progress(log["history"], log["updates"], masks)


def _old(folder):
    return folder.with_name(folder.name + ".old")
