"""The outputs of an exported artefact."""

import contextlib

import numpy as np

from keras_export._types import ArrayLike, PathLike
from keras_export.input_specs import check_shapes
from keras_export.isolated import IsolatedInterpreter
from keras_export.representative import fill_up
from keras_export.running import SavedModelRunner, artefact_kind

_BATCH_SIZE = 256


def predict(path: PathLike, inputs: ArrayLike) -> np.ndarray:
    """Runs an artefact with one input and one output, batch by batch.

    A `.tflite` file runs in a child process, so that a damaged one raises and
    does not end this process.

    Args:
        path: str or path-like, a SavedModel folder or a `.tflite` file.
        inputs: array `(examples, ...)`, at least one example.

    Returns:
        numpy array `(examples, ...)`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if `path` is no artefact, a damaged one, or has several
            inputs or outputs; if `inputs` do not fit it or are empty.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> keras_export.predict(path, numpy.ones((3, 4))).shape
        (3, 2)
    """
    with _open(path) as (specs, run):
        if len(specs) != 1:
            raise ValueError(
                "`path` must be a model with one input. Received: "
                f"path={str(path)!r} with the inputs {sorted(specs)}. "
                "Compare it with its model by `keras_export.verify`."
            )
        ((name, (shape, dtype)),) = specs.items()
        _check_batched(path, "input", shape)
        inputs = np.asarray(inputs, dtype=dtype)
        any_count = {name: ((None, *shape[1:]), dtype)}
        check_shapes(str(path), any_count, {name: inputs})
        size = shape[0] or _BATCH_SIZE
        batches = []
        for start in range(0, len(inputs), size):
            batch = inputs[start : start + size]
            filled = fill_up({name: batch}, shape[0] or len(batch))
            batches.append(_only(path, run(filled))[: len(batch)])
    return np.concatenate(batches)


@contextlib.contextmanager
def _open(path):
    """Yields the inputs, and a function from input to output arrays."""
    if artefact_kind(path) == "saved_model":
        runner = SavedModelRunner(path)
        yield runner.inputs, runner
        return
    with IsolatedInterpreter(path) as child:
        yield child.inputs, lambda arrays: child.run(arrays)[0]


def _only(path, outputs):
    if len(outputs) != 1:
        raise ValueError(
            "`path` must be a model with one output. Received: "
            f"path={str(path)!r} with {len(outputs)}. Compare it with its "
            "model by `keras_export.verify`."
        )
    output = next(iter(outputs.values()))
    _check_batched(path, "output", output.shape)
    return output


def _check_batched(path, what, shape):
    if not shape:
        raise ValueError(
            f"`path` must be a model whose {what} has a dimension of examples. "
            f"Received: path={str(path)!r} with a scalar {what}. Run it in "
            "LiteRT's own interpreter."
        )
