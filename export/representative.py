"""Inputs that a user passes: to verify with, and for int8's ranges."""

import keras
import numpy as np

from keras_export.input_specs import fits
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
    arrays = checked_arrays(model, gather(data, name), name)
    for key, array in arrays.items():
        if array.dtype.kind not in "biuf" or not np.isfinite(array).all():
            raise ValueError(
                f"`{name}` must be finite numbers. Received: for input "
                f"{key!r} dtype {array.dtype}, with values that are not. "
                "Drop or mend those examples."
            )
    # The calibrator takes no other; subclassed models do not know theirs.
    dtypes = {t.name: t.dtype for t in getattr(model, "inputs", None) or ()}
    return {k: v.astype(dtypes.get(k, v.dtype)) for k, v in arrays.items()}


def checked_inputs(model, data, name):
    """Returns `data`, joined if it came in batches; raises if it misfits.

    Args:
        model: built `keras.Model`.
        data: as for `representative_arrays`; None is passed through.
        name: str, the argument's name, for errors.
    """
    if data is None:
        return None
    # An iterator is read once, and needed more often.
    data = gather(data, name)
    checked_arrays(model, data, name)
    return data


def checked_arrays(model, inputs, name):
    """Returns a dict from input name to array for `model.predict`'s inputs.

    Args:
        model: built `keras.Model`.
        inputs: array `(examples, ...)`, list, tuple or dict of arrays.
        name: str, the argument's name, for errors.

    Raises:
        ValueError: if there is no example, or shapes do not fit the model's
            inputs.
    """
    arrays = name_inputs(model, inputs, name)
    lengths = {len(array) if array.ndim else 0 for array in arrays.values()}
    if len(lengths) != 1 or 0 in lengths:
        shapes = {key: array.shape for key, array in arrays.items()}
        raise ValueError(
            f"`{name}` must hold the same number of examples, at least one, "
            f"for every input. Received: shapes {shapes}."
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
    try:
        return keras.tree.map_structure(
            lambda *parts: np.concatenate([np.asarray(part) for part in parts]),
            *batches,
        )
    except (TypeError, ValueError) as error:
        raise ValueError(
            f"`{name}` must be array(s), or an iterable of batches of them "
            f"that are alike. Received: {type(data).__name__}, whose parts "
            f"cannot be joined ({error}). Pass what `model.predict` takes."
        ) from error


def examples(arrays, batch_size=None):
    """Yields dicts of arrays of `batch_size` (default 1) examples.

    The last batch is filled up.
    """
    size = batch_size or 1
    for start in range(0, len(next(iter(arrays.values()))), size):
        batch = {k: v[start : start + size] for k, v in arrays.items()}
        yield fill_up(batch, size)


def fill_up(arrays, size):
    """Repeats the last example of a batch until there are `size`.

    Example:
        >>> fill_up({"x": np.array([1, 2])}, 4)["x"].tolist()
        [1, 2, 2, 2]
    """
    places = np.arange(size)
    return {k: v[np.minimum(places, len(v) - 1)] for k, v in arrays.items()}


def _check_shapes(model, arrays, name):
    # Subclassed models do not know their inputs' shapes.
    wanted = {
        tensor.name: tuple(tensor.shape[1:])
        for tensor in getattr(model, "inputs", None) or ()
    }
    for key, shape in wanted.items():
        found = arrays[key].shape[1:]
        if not fits(found, shape):
            raise ValueError(
                f"`{name}` must fit the model's input {key!r}, examples of "
                f"shape {shape}. Received: {found}. Pass what "
                "`model.predict` takes."
            )
