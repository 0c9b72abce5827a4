"""Attributes of images, as integers or one-hot, one or several at once."""

import numbers

import numpy as np
from keras import ops


def check_attribute_sizes(sizes):
    """Returns the numbers of classes of the attributes as a list.

    Args:
        sizes: int from 2, or a list of them: one for each attribute.

    Raises:
        ValueError: anything else.
    """
    listed = sizes if isinstance(sizes, (list, tuple)) else [sizes]
    whole = [
        isinstance(size, numbers.Integral) and not isinstance(size, bool)
        for size in listed
    ]
    if not listed or not all(whole) or min(listed) < 2:
        raise ValueError(
            "`attribute_sizes` must be an int of at least 2, the number of "
            "classes of the attribute, or a list with one for each attribute; "
            f"a binary one has 2. Received: attribute_sizes={sizes!r}."
        )
    return [int(size) for size in listed]


def one_hot_attributes(attributes, sizes):
    """Attributes as the decoder takes them: one one-hot after the other.

    Args:
        attributes: integers of shape (batch,) or (batch, attributes), or
            floats of shape (batch, sum of `sizes`), which stay as they are.
        sizes: list of int, classes of each attribute.

    Returns:
        float32 tensor of shape (batch, sum of `sizes`). The row of a class
        that does not exist is NaN, so that it cannot pass for an image.

    Source: Lample et al. 2017, arXiv:1706.00409; two columns for a binary
        attribute, as in the authors' `src/loader.py`.

    Example:
        >>> from keras_latent.fader_attributes import one_hot_attributes
        >>> one_hot_attributes([[1, 0], [0, 2]], [2, 3]).numpy().tolist()
        [[0.0, 1.0, 1.0, 0.0, 0.0], [1.0, 0.0, 0.0, 0.0, 1.0]]
    """
    attributes = ops.convert_to_tensor(attributes)
    if len(attributes.shape) == 2 and attributes.shape[-1] == sum(sizes):
        return ops.cast(attributes, "float32")
    labels = ops.cast(ops.reshape(attributes, (-1, len(sizes))), "int32")
    valid = ops.logical_and(labels >= 0, labels < ops.array(sizes, "int32"))
    columns = [
        ops.where(
            valid[:, index : index + 1],
            ops.one_hot(labels[:, index], size, dtype="float32"),
            float("nan"),
        )
        for index, size in enumerate(sizes)
    ]
    return ops.concatenate(columns, axis=-1)


def check_attributes(attributes, sizes, argument="attributes", one_hot=True):
    """Raises unless attributes are integers or one-hot, as `sizes` declares.

    Args:
        attributes: array of (batch,), (batch, attributes), (batch, columns).
        sizes: list of int, classes of each attribute.
        argument: str, the name in an error.
        one_hot: bool; False: columns may hold any finite numbers, such as
            1 - alpha and alpha of an interpolation.

    Raises:
        ValueError: other shapes, fractions, classes that do not exist.
    """
    values = np.asarray(ops.convert_to_numpy(attributes))
    rank, columns = values.ndim, sum(sizes)
    if rank == 2 and values.shape[1] == columns:
        _check_columns(values, sizes, argument, one_hot)
        return
    single = len(sizes) == 1 and rank == 1
    if not single and (rank != 2 or values.shape[1] != len(sizes)):
        allowed = f"(batch, {len(sizes)}) or, one-hot, (batch, {columns})"
        allowed = f"(batch,), {allowed}" if len(sizes) == 1 else allowed
        raise ValueError(
            f"`{argument}` must have the shape {allowed} for attributes of "
            f"{sizes} classes. Received: shape {values.shape}."
        )
    if values.dtype.kind not in "iub":
        raise ValueError(
            f"`{argument}` must be integers, or one-hot with {columns} "
            f"columns. Received: dtype {values.dtype}, shape {values.shape}. "
            "`attributes.astype('int32')` makes integers of whole numbers."
        )
    table = values.reshape(len(values), len(sizes))
    wrong = (table < 0) | (table >= np.array(sizes))
    if wrong.any():
        row, column = np.argwhere(wrong)[0]
        raise ValueError(
            f"`{argument}` must be from 0 to {sizes[column] - 1} for an "
            f"attribute of {sizes[column]} classes. Received: "
            f"{int(table[row, column])} in row {row}, one of {wrong.sum()} "
            "out of range. Give the classifier and decoder of the `Fader` "
            "the width of your classes, or number the classes from 0."
        )


def _check_columns(values, sizes, argument, one_hot):
    floats = values.astype("float64")
    if not np.isfinite(floats).all():
        raise ValueError(
            f"`{argument}` must be finite. Received: NaN or infinity in row "
            f"{int(np.argwhere(~np.isfinite(floats))[0][0])}."
        )
    starts = np.cumsum([0, *sizes[:-1]])
    sums = np.add.reduceat(floats, starts, axis=1)
    wrong = ~np.isin(floats, (0, 1)).all(axis=1) | (sums != 1).any(axis=1)
    if one_hot and wrong.any():
        row = int(np.argmax(wrong))
        raise ValueError(
            f"`{argument}` with {values.shape[1]} columns must be one-hot: "
            f"one 1 and else 0 in each block of {sizes} columns. Received: "
            f"row {row} is {values[row].tolist()}. Give integers of shape "
            "(batch, attributes) instead if that is simpler."
        )
