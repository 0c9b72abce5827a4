"""What a benchmark runs on: checked arguments, files and batches."""

import numpy as np

from keras_export.input_specs import check_shapes
from keras_export.isolated import IsolatedInterpreter
from keras_export.running import is_litert


def checked_batches(name, path, inputs, batch_sizes, threads):
    """Returns the batches for one file, each of which it ran in a child.

    Args:
        name: str, the file's name in messages.
        path: str or path-like, a `.tflite` file.
        inputs: array, or dict from input name to array.
        batch_sizes: sequence of positive int; None for one batch of all.
        threads: sequence of positive int, each is tried.

    Returns:
        list of dicts from input name to array, one per batch size.

    Raises:
        ValueError: if the file is damaged, gives NaN or takes other inputs.
    """
    with IsolatedInterpreter(path) as interpreter:
        arrays = _fit(name, interpreter.inputs, inputs)
        batches = [_take(arrays, size) for size in batch_sizes or (None,)]
        for batch in batches:
            check_shapes(name, interpreter.inputs, batch)
            for count in threads:
                (outputs,) = interpreter.run(batch, threads=count)
                _check_outputs(name, path, outputs)
    return batches


def _fit(name, specs, inputs):
    arrays = inputs if isinstance(inputs, dict) else {None: inputs}
    if len(arrays) == len(specs) == 1:
        arrays = dict(zip(specs, arrays.values(), strict=True))
    if set(arrays) != set(specs):
        raise ValueError(
            "`inputs` must be one array, or a dict of arrays with the names "
            f"that the file takes. Received: {sorted(map(str, arrays))} for "
            f"{name!r}, which takes {sorted(specs)}."
        )
    return {k: np.asarray(v, specs[k][1]) for k, v in arrays.items()}


def _take(arrays, size):
    """Takes `size` examples, from the start again where there are fewer."""
    if size is None:
        return arrays
    return {k: v[np.arange(size) % len(v)] for k, v in arrays.items()}


def _check_outputs(name, path, outputs):
    wrong = [k for k, v in outputs.items() if np.any(v != v)]
    if wrong:
        raise ValueError(
            "`artefacts` must be files that compute numbers. Received: "
            f"{name!r}, {str(path)!r}, whose outputs {wrong} are NaN. Compare "
            "it with its model by `keras_export.verify`."
        )


def check_artefacts(artefacts):
    """Raises unless `artefacts` is a dict from names to `.tflite` files."""
    if not isinstance(artefacts, dict) or not artefacts:
        raise ValueError(
            "`artefacts` must be a dict from a name to a `.tflite` file, with "
            f"at least one entry. Received: artefacts={artefacts!r}."
        )
    wrong = {k: str(v) for k, v in artefacts.items() if not is_litert(v)}
    if wrong:
        raise ValueError(
            "`artefacts` must be `.tflite` files, the only format that is "
            f"benchmarked. Received: {wrong}. Write them with "
            "`keras_export.litert`."
        )


def positive_numbers(name, values):
    """Returns a tuple of positive ints; a single one counts as one."""
    values = (values,) if isinstance(values, int) else tuple(values)
    if not values or not all(_is_int(value, 1) for value in values):
        raise ValueError(
            f"`{name}` must be positive ints. Received: {name}={values}."
        )
    return values


def check_rounds(repeats, warmup):
    """Raises unless there is a round to measure."""
    if not _is_int(repeats, 1) or not _is_int(warmup, 0):
        raise ValueError(
            "`repeats` must be an int >= 1 and `warmup` >= 0. "
            f"Received: repeats={repeats}, warmup={warmup}."
        )


def _is_int(value, least):
    is_int = isinstance(value, int) and not isinstance(value, bool)
    return is_int and value >= least
