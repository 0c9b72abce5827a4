"""The state of a training on disk, whole or not at all."""

import contextlib
import io
import itertools
import json
import pathlib
from typing import Any

import keras
import numpy as np

from _keras_sparse_common.whole_files import whole_file

_FILE = "training_state.npz"


def capture(model, position):
    """The state of a training as bytes; every worker must call it.

    Args:
        model: compiled `keras.Model` with a built optimizer.
        position: plain value, kept with the variables.

    Returns:
        bytes, an `.npz` file without pickles.
    """
    # A metric is read from all replicas, so that all workers must take part.
    arrays = [
        np.ascontiguousarray(keras.ops.convert_to_numpy(variable))
        for variable in _variables(model)
    ]
    header = {"position": position, "layout": _layout(model)}
    content: dict[str, Any] = {
        "header": np.frombuffer(json.dumps(header).encode(), "uint8"),
        # As bytes, because numpy knows no bfloat16.
        **{str(i): a.reshape(-1).view("uint8") for i, a in enumerate(arrays)},
    }
    file = io.BytesIO()
    np.savez(file, **content)
    return file.getvalue()


def restore(model, content, folder):
    """Gives the model the state that `capture` returned.

    Args:
        model: as in `capture`, of the same layout.
        content: bytes.
        folder: str, where they come from, for the errors.

    Returns:
        The position.

    Raises:
        ValueError: these are no such bytes, or they are of another model.
    """
    try:
        with np.load(io.BytesIO(content)) as stored:
            header = json.loads(stored["header"].tobytes())
            position, layout = header["position"], header["layout"]
            arrays = [
                stored[str(i)].view(dtype).reshape(shape)
                for i, (_, shape, dtype) in enumerate(layout)
            ]
    except Exception as error:
        raise ValueError(
            f"`backup_dir` must hold a readable state. Received: {folder}, "
            f"{type(error).__name__}: {error}. Delete {_FILE} there to start "
            "anew."
        ) from error
    _check_layout(layout, _layout(model), folder)
    for variable, array in zip(_variables(model), arrays, strict=True):
        variable.assign(array)
    return position


def read(folder):
    """Bytes of the state in a folder, or None where there is none."""
    path = pathlib.Path(folder) / _FILE
    return path.read_bytes() if path.exists() else None


def write(folder, content):
    """Writes the state; an older one stays until this one is whole.

    Raises:
        OSError: the disk is full, or the folder cannot be written.
    """
    folder = pathlib.Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    try:
        with whole_file(folder / _FILE) as new:
            new.write_bytes(content)
    except OSError as error:
        raise OSError(
            error.errno,
            f"`backup_dir` must be writable and have {len(content)} bytes "
            f"free. Received: {folder}: {error.strerror}. The older state in "
            "it is whole. Free some space, or name another folder",
        ) from error


def remove(folder):
    """Deletes the state, and the folder where it holds nothing else."""
    folder = pathlib.Path(folder)
    (folder / _FILE).unlink(missing_ok=True)
    with contextlib.suppress(OSError):
        folder.rmdir()


def _check_layout(stored, ours, folder):
    # Paths may differ: Keras numbers the layers that a program makes.
    if [entry[1:] for entry in ours] == [entry[1:] for entry in stored]:
        return
    pairs = itertools.zip_longest(ours, stored)
    mine, theirs = next(p for p in pairs if None in p or p[0][1:] != p[1][1:])
    raise ValueError(
        f"`backup_dir` must hold the state of this model. Received: {folder}, "
        f"where the variable {theirs} stands in place of {mine}. Build and "
        "compile the model as in the run to resume, or name another folder."
    )


def _variables(model):
    found = [
        *model.variables,
        *model.optimizer.variables,
        *model.metrics_variables,
    ]
    return list({id(variable): variable for variable in found}.values())


def _layout(model):
    return [
        [variable.path, list(variable.shape), str(variable.dtype)]
        for variable in _variables(model)
    ]
