"""Does an exported artefact compute what the Keras model computes?"""

import math

import numpy as np

from keras_export.contents import foreign_contents
from keras_export.quiet import quiet
from keras_export.running import load, name_inputs, name_outputs
from keras_export.to_saved_model import check_model

BATCH_SIZE = 32


class VerificationError(ValueError):
    """An exported artefact does not stand for its Keras model."""


def verify(model, path, inputs, tolerance=1e-5):
    """Compares an artefact's outputs with `model.predict`.

    The artefact runs on batches of 32 (and what remains) and on the first
    example alone; one exported with a fixed batch size runs on that. It must
    also hold nothing but the model: a SavedModel has no variable beyond the
    model's, by number and shape; a `.tflite` file has none.

    Args:
        model: built `keras.Model`.
        path: str or path-like, a SavedModel folder or a `.tflite` file.
        inputs: what `model.predict` takes: array `(examples, ...)`, or a list
            or dict of arrays; at least one example.
        tolerance: float >= 0, largest absolute difference allowed.

    Returns:
        float, the largest absolute difference over all outputs.

    Raises:
        VerificationError: (a `ValueError`) if outputs differ by more than
            `tolerance`, in names or in shape, if any is not a number, or if
            the artefact holds variables that are not the model's.
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if `path` is no artefact or `inputs` do not fit.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> keras_export.verify(model, path, numpy.ones((3, 4))) < 1e-5
        True
    """
    check_model(model)
    if not tolerance >= 0 or math.isinf(tolerance):
        raise ValueError(
            "`tolerance` must be a finite number >= 0. "
            f"Received: tolerance={tolerance}."
        )
    runner = load(path)
    _check_contents(model, path)
    arrays = _fit_to(runner, name_inputs(model, inputs), path)
    with quiet():
        # TensorFlow's logger warns of retracing when many models are checked.
        outputs = model.predict(inputs, batch_size=BATCH_SIZE, verbose=0)
    expected = name_outputs(outputs)
    worst = 0.0
    for start, batch in _batches(runner, arrays):
        actual = _run(runner, batch)
        worst = max(worst, _compare(path, expected, actual, start, tolerance))
    return worst


def _fit_to(runner, arrays, path):
    """Renames and casts `arrays` to what the artefact takes."""
    if len(arrays) == len(runner.inputs) == 1:
        # Keras numbers unnamed inputs anew in every process.
        arrays = dict(zip(runner.inputs, arrays.values(), strict=True))
    if set(arrays) != set(runner.inputs):
        raise VerificationError(
            f"The artefact {str(path)!r} must take the model's inputs "
            f"{sorted(arrays)}. It takes {sorted(runner.inputs)}. Name the "
            "model's `keras.Input`s and export it again."
        )
    lengths = {array.shape[0] if array.ndim else 0 for array in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        shapes = {name: array.shape for name, array in arrays.items()}
        raise ValueError(
            "`inputs` must hold the same number of examples, at least one, in "
            f"every array. Received: shapes {shapes}."
        )
    return {
        name: array.astype(runner.inputs[name][1])
        for name, array in arrays.items()
    }


def _batches(runner, arrays):
    """Yields `(first example, dict of arrays)`: all, then the first alone."""
    total = len(next(iter(arrays.values())))
    fixed = {shape[0] for shape, _ in runner.inputs.values()} - {None}
    size = min(fixed) if fixed else BATCH_SIZE
    for start in range(0, total, size):
        yield start, {k: v[start : start + size] for k, v in arrays.items()}
    if not fixed and total > 1:
        yield 0, {k: v[:1] for k, v in arrays.items()}


def _run(runner, batch):
    """Runs one batch, filled up with its last example where size is fixed."""
    count = len(next(iter(batch.values())))
    fixed = {shape[0] for shape, _ in runner.inputs.values()} - {None}
    missing = max(fixed, default=count) - count
    if missing <= 0:
        return runner(batch)
    filled = {k: np.r_[v, v[-1:].repeat(missing, 0)] for k, v in batch.items()}
    return {name: array[:count] for name, array in runner(filled).items()}


def _compare(path, expected, actual, start, tolerance):
    where = f"The artefact {str(path)!r}"
    if set(actual) != set(expected):
        raise VerificationError(
            f"{where} must give the model's outputs {sorted(expected)}. "
            f"It gives {sorted(actual)}. Export the model again."
        )
    worst = 0.0
    for name, array in actual.items():
        wanted = expected[name][start : start + len(array)]
        if array.shape != wanted.shape:
            raise VerificationError(
                f"{where} must give shape {wanted.shape} for {name!r}. "
                f"It gives {array.shape}. Export the model again."
            )
        difference = _difference(wanted, array)
        # Written so that NaN fails.
        if not difference <= tolerance:
            raise VerificationError(
                f"{where} must equal `model.predict` within {tolerance} in "
                f"{name!r}. The largest difference is {difference} at batch "
                f"size {len(array)}. Export the model again; if it still "
                "differs, the converter is at fault."
            )
        worst = max(worst, difference)
    return worst


def _difference(wanted, array):
    difference = np.abs(wanted.astype(np.float64) - array.astype(np.float64))
    return float(difference.max(initial=0.0))


def _check_contents(model, path):
    foreign = foreign_contents(model, path)
    if foreign:
        raise VerificationError(
            f"The artefact {str(path)!r} must hold the model's weights only. "
            f"It also holds {', '.join(foreign)}. Strip pruning wrappers from "
            "the model and export it again with `keras_export`."
        )
