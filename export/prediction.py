"""The outputs of an exported artefact."""

import numpy as np

from keras_export.running import load

_BATCH_SIZE = 256


def predict(path, inputs):
    """Runs an artefact with one input and one output, batch by batch.

    Args:
        path: str or path-like, a SavedModel folder or a `.tflite` file.
        inputs: array `(examples, ...)`, at least one example.

    Returns:
        numpy array `(examples, ...)`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if `path` is no artefact, or has several inputs or outputs.

    Example:
        >>> import keras, keras_export, numpy, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> keras_export.predict(path, numpy.ones((3, 4))).shape
        (3, 2)
    """
    runner = load(path)
    if len(runner.inputs) != 1:
        raise ValueError(
            "`path` must be a model with one input. Received: "
            f"path={str(path)!r} with the inputs {sorted(runner.inputs)}. "
            "Compare it with its model by `keras_export.verify`."
        )
    ((name, (shape, dtype)),) = runner.inputs.items()
    inputs = np.asarray(inputs, dtype=dtype)
    step = shape[0] or _BATCH_SIZE
    batches = []
    for start in range(0, len(inputs), step):
        batch = inputs[start : start + step]
        missing = (shape[0] or len(batch)) - len(batch)
        padded = np.pad(batch, [(0, missing)] + [(0, 0)] * (batch.ndim - 1))
        outputs = list(runner({name: padded}).values())
        if len(outputs) != 1:
            raise ValueError(
                "`path` must be a model with one output. Received: "
                f"path={str(path)!r} with {len(outputs)}. Compare it with its "
                "model by `keras_export.verify`."
            )
        batches.append(outputs[0][: len(batch)])
    return np.concatenate(batches)
