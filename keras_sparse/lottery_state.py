"""All that training changes, as arrays: taken, put back, kept on disk."""

import dataclasses
import json
import pathlib
from typing import Self

import keras
import numpy as np
from keras import ops

from _keras_sparse_common.array_files import read_arrays
from _keras_sparse_common.whole_files import whole_file
from keras_sparse.sparsify import find_optimizer


@dataclasses.dataclass(frozen=True)
class TrainingState:
    """Values of a model and its optimizer at one step.

    Attributes:
        model: list of arrays: weights, statistics, seeds.
        optimizer: list of arrays: slots, step, learning rate, masks.
    """

    model: list[np.ndarray]
    optimizer: list[np.ndarray]

    @classmethod
    def of(cls, model: keras.Model) -> Self:
        """Copies the state of a compiled `keras.Model`."""
        return cls(*map(_values, (model.variables, model.optimizer.variables)))

    def restore(self, model: keras.Model) -> None:
        """Puts the state back, bit by bit."""
        _assign(model.variables, self.model)
        _assign(model.optimizer.variables, self.optimizer)

    def restore_schedule(self, model: keras.Model) -> None:
        """Puts back the step and the learning rate, and nothing else."""
        variables = model.optimizer.variables
        step = find_optimizer(model).iterations
        for variable, value in zip(variables, self.optimizer, strict=True):
            if variable is step or variable.name == "learning_rate":
                variable.assign(value)


class RoundStore:
    """Keeps what each round ended with in a folder, or nowhere.

    Args:
        directory: path of the folder, made here, or None.
        arguments: dict of plain values; another call with others is refused.
    """

    def __init__(self, directory, arguments):
        self.folder = directory and pathlib.Path(directory)
        if not self.folder:
            return
        self.folder.mkdir(parents=True, exist_ok=True)
        found = self._read_json("arguments")
        if found not in (None, arguments):
            raise ValueError(
                "`directory` must be empty, or hold the rounds of a call with "
                f"the same arguments. Received: {str(self.folder)!r}, which "
                f"holds {found}, not {arguments}. Choose another folder."
            )
        self._write_json("arguments", arguments)

    def save(self, name, state, notes):
        """Writes a `TrainingState` and a dict of JSON values."""
        if not self.folder:
            return
        both = {"m": state.model, "o": state.optimizer}
        arrays = {
            f"{part}{i}": _storable(value)
            for part, values in both.items()
            for i, value in enumerate(values)
        }
        with whole_file(self.folder / f"{name}.npz") as new:
            with new.open("wb") as file:
                np.savez(file, **arrays)
        # The notes come last: what has notes is whole.
        self._write_json(name, notes)

    def load(self, name):
        """Reads (state, notes), or None where they were not written."""
        notes = self._read_json(name) if self.folder else None
        if notes is None:
            return None
        path = self.folder / f"{name}.npz"
        try:
            stored = read_arrays(path)
            parts = [
                [stored[f"{part}{i}"] for i in range(_number(stored, part))]
                for part in "mo"
            ]
        except (FileNotFoundError, KeyError, ValueError) as error:
            raise _damaged(path, error) from error
        return TrainingState(*parts), notes

    def _read_json(self, name):
        path = self.folder / f"{name}.json"
        try:
            return dict(json.loads(path.read_text()))
        except FileNotFoundError:
            return None
        except (TypeError, ValueError) as error:
            raise _damaged(path, error) from error

    def _write_json(self, name, value):
        with whole_file(self.folder / f"{name}.json") as new:
            new.write_text(json.dumps(value))


def _number(stored, part):
    return sum(name.startswith(part) for name in stored)


def _damaged(path, error):
    return ValueError(
        "`directory` must hold whole files of rounds. Received: "
        f"{str(path)!r}: {error}. Delete that file and those of later rounds."
    )


def _values(variables):
    return [np.array(ops.convert_to_numpy(variable)) for variable in variables]


def _storable(value):
    # numpy cannot read back bfloat16, of which float32 holds every value.
    is_bfloat16 = keras.backend.standardize_dtype(value.dtype) == "bfloat16"
    return value.astype("float32") if is_bfloat16 else value


def _assign(variables, values):
    shapes = [tuple(variable.shape) for variable in variables]
    found = [tuple(value.shape) for value in values]
    if shapes != found:
        raise ValueError(
            "`model_fn` must return the model that the stored rounds belong "
            f"to. Received: variables of shapes {shapes}, stored: {found}. "
            "Choose another `directory`."
        )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)
