"""Representative data: what the int8 ranges are taken from."""

import keras
import numpy as np

from keras_export.running import name_inputs


def representative_arrays(model, data, name="representative_data"):
    """Returns a dict from input name to array for what a user passed.

    Args:
        model: built `keras.Model`.
        data: what `model.predict` takes: array `(examples, ...)`, list, tuple
            or dict of arrays; or an iterable (a generator, a
            `tf.data.Dataset`) of batches of it.
        name: str, the argument's name, for errors.

    Raises:
        ValueError: if there is no example, shapes do not fit the model's
            inputs, or a value is not a finite number.
    """
    arrays = name_inputs(model, gather(data, name))
    lengths = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        shapes = {key: array.shape for key, array in arrays.items()}
        raise ValueError(
            f"`{name}` must hold the same number of examples, at least one, "
            f"for every input. Received: shapes {shapes}."
        )
    for key, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise ValueError(
                f"`{name}` must be finite numbers. Received: for input "
                f"{key!r} dtype {array.dtype}, with values that are not. "
                "Drop or mend those examples."
            )
    _check_shapes(model, arrays, name)
    return arrays


def gather(data, name):
    """Joins batches along the first axis; passes arrays through."""
    if isinstance(data, (list, tuple, dict)) or hasattr(data, "shape"):
        return data
    if not hasattr(data, "__iter__"):
        raise TypeError(
            f"`{name}` must be array(s) like `model.predict` takes, or an "
            f"iterable of such batches. Received: {type(data).__name__}."
        )
    batches = list(data)
    if not batches:
        raise ValueError(
            f"`{name}` must hold at least one batch. Received: none. A "
            "generator can be read only once: make it anew."
        )
    return keras.tree.map_structure(
        lambda *parts: np.concatenate([np.asarray(part) for part in parts]),
        *batches,
    )


def examples(arrays, batch_size=None):
    """Yields dicts of arrays of `batch_size` (default 1) examples.

    The last batch is filled up with its last example.
    """
    size = batch_size or 1
    count = len(next(iter(arrays.values())))
    for start in range(0, count, size):
        places = np.minimum(np.arange(start, start + size), count - 1)
        yield {name: array[places] for name, array in arrays.items()}


def _check_shapes(model, arrays, name):
    # Subclassed models do not know their inputs' shapes.
    wanted = {
        tensor.name: tuple(tensor.shape[1:])
        for tensor in getattr(model, "inputs", None) or ()
    }
    for key, shape in wanted.items():
        found = arrays[key].shape[1:] if key in arrays else None
        fits = found is not None and len(found) == len(shape)
        if not fits or any(
            length not in (None, actual)
            for actual, length in zip(found, shape, strict=True)
        ):
            raise ValueError(
                f"`{name}` must fit the model's input {key!r}, examples of "
                f"shape {shape}. Received: {found}. Pass what "
                "`model.predict` takes."
            )
