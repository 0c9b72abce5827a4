"""Hashes by which two workers or two runs can be compared."""

import hashlib

import keras

from keras_sparse.sparsify import masks


def fingerprint(model: keras.Model) -> dict[str, str]:
    """Hashes of the weights and of the masks, to compare workers and runs.

    Args:
        model: built `keras.Model`.

    Returns:
        dict with "weights", MD5 of the bytes of all trainable weights, and
        "masks", that of the masks; "" for a model without.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> len(ks.distributed.fingerprint(model)["weights"])
        32
    """
    try:
        found = list(masks(model).values())
    except ValueError:  # not compiled with a SparseOptimizer
        found = []
    values = map(keras.ops.convert_to_numpy, model.trainable_variables)
    return {
        "weights": _digest(values),
        "masks": _digest(found) if found else "",
    }


def _digest(arrays):
    digest = hashlib.md5(usedforsecurity=False)
    for array in arrays:
        digest.update(array.tobytes())
    return digest.hexdigest()
