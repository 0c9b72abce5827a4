"""What an artefact takes, and made-up inputs that fit."""

import numpy as np

from keras_export._types import PathLike
from keras_export.isolated import IsolatedInterpreter
from keras_export.running import SavedModelRunner, artefact_kind


def input_specs(path):
    """Returns a dict from input name to `(shape, dtype)`; None: any length.

    Raises:
        FileNotFoundError, ValueError: `path` is no artefact, or a damaged one.
    """
    if artefact_kind(path) == "saved_model":
        return SavedModelRunner(path).inputs
    with IsolatedInterpreter(path) as interpreter:
        return interpreter.inputs


def check_shapes(name, specs, arrays):
    """Raises unless arrays have the shapes that an artefact takes.

    Args:
        name: str, the artefact's name in messages.
        specs: dict as of `input_specs`.
        arrays: dict from input name to array.

    Raises:
        ValueError: if a shape differs, or an array is empty.
    """
    for key, array in arrays.items():
        wanted = specs[key][0]
        if not fits(array.shape, wanted) or array.size == 0:
            raise ValueError(
                f"`inputs` must fit {name!r}, whose input {key!r} has shape "
                f"{wanted} (None: any size). Received: shape {array.shape}. "
                "Pass an array of that shape, with at least one example."
            )


def fits(shape, wanted):
    """Whether a shape is the one wanted, in which None is any length."""
    return len(shape) == len(wanted) and all(
        b in (None, a) for a, b in zip(shape, wanted, strict=True)
    )


def random_inputs(path: PathLike, batch_size: int = 1) -> dict[str, np.ndarray]:
    """Makes inputs to run an artefact with.

    Args:
        path: str or path-like, a `.tflite` file or a SavedModel folder.
        batch_size: positive int, for an open first dimension; other open
            dimensions become 1.

    Returns:
        Dict from input name to an array: uniform in [0, 1) for floats, ones
        for whole numbers and True for bools, which masks do not hide as they
        do zeros; empty strings. The same at every call.

    Raises:
        FileNotFoundError, ValueError: `path` is no artefact, or a damaged one.

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> inputs = keras_export.random_inputs(path, batch_size=3)
        >>> [array.shape for array in inputs.values()]
        [(3, 4)]
    """
    generator = np.random.default_rng(0)
    inputs = {}
    for name, (shape, dtype) in input_specs(path).items():
        first, *rest = shape or (1,)
        shape = (first or batch_size, *(length or 1 for length in rest))
        inputs[name] = _draw(shape, dtype, generator)
    return inputs


def _draw(shape, dtype, generator):
    if dtype.kind == "f":
        return generator.random(shape).astype(dtype)
    if dtype.kind == "O":
        return np.full(shape, "", dtype)
    return np.ones(shape, dtype)
