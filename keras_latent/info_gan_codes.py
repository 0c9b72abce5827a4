"""The codes in the latent points of an `InfoGAN`."""

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.gan_latent import draw_rows

NOISE, CLASSES, CONTINUOUS = range(3)


def check_codes(categorical, continuous):
    """The classes of categorical codes as a list of int.

    Raises:
        ValueError: classes below 2, a negative count, no code at all.
    """
    if not isinstance(categorical, (list, tuple)):
        raise ValueError(
            "`categorical` must be a list of int, the classes of each code. "
            f"Received: categorical={categorical!r}. Write [{categorical!r}]."
        )
    for classes in categorical:
        check_count("categorical", classes, minimum=2)
    check_count("continuous", continuous, minimum=0)
    if not categorical and not continuous:
        raise ValueError(
            "`categorical` and `continuous` must give at least one code. "
            f"Received: categorical={categorical!r}, continuous={continuous}. "
            "Without codes use `keras_latent.GAN`."
        )
    return list(categorical)


def draw_latent(rows, width, categorical, continuous, seed, step, kind):
    """Latent points [noise, one-hot codes, continuous codes].

    Args:
        rows: int or scalar int tensor.
        width: int, of a latent point.
        categorical: list of int, classes of each categorical code.
        continuous: int, number of continuous codes, uniform in [-1, 1).
        seed, step: of `draw_rows`.
        kind: distribution of the noise, see `draw_rows`.

    Returns:
        float32 tensor of shape (rows, width).

    Source: Chen et al. 2016, arXiv:1606.03657, section 4.

    Example:
        >>> from keras_latent.info_gan_codes import draw_latent
        >>> latent = draw_latent(2, 6, [3], 1, (0,), 0, "normal")
        >>> latent.shape, float(latent[:, 2:5].numpy().sum())
        (TensorShape([2, 6]), 2.0)
    """
    noise = width - sum(categorical) - continuous
    parts = [draw_rows([rows, noise], (*seed, NOISE), step, kind)]
    for index, classes in enumerate(categorical):
        place = (*seed, CLASSES, index)
        drawn = draw_rows([rows], place, step, "uniform") * classes
        parts.append(tf.one_hot(tf.cast(drawn, "int32"), classes))
    shape, place = [rows, continuous], (*seed, CONTINUOUS)
    parts.append(draw_rows(shape, place, step, "signed_uniform"))
    return tf.concat(parts, axis=1)


def set_codes(latent, values, categorical, continuous):
    """Latent points with codes of one's choice.

    Args:
        latent: array of shape (rows, width), [noise, codes].
        values: list of a value for each code, the categorical ones first:
            None (it stays), a number, or an array of shape (rows,); classes
            are ints, continuous codes any finite number.
        categorical: list of int, classes of each categorical code.
        continuous: int, number of continuous codes.

    Returns:
        float32 array like `latent`.

    Raises:
        ValueError: another number of values, a class that does not exist,
            other shapes.

    Example:
        >>> import numpy as np
        >>> from keras_latent.info_gan_codes import set_codes
        >>> set_codes(np.zeros((1, 4)), [1, 0.5], [2], 1).tolist()
        [[0.0, 0.0, 1.0, 0.5]]
    """
    latent = np.array(latent, "float32")
    sizes = [*categorical, *[1] * continuous]
    if not isinstance(values, (list, tuple)) or len(values) != len(sizes):
        raise ValueError(
            f"`codes` must be a list of {len(sizes)} values, one for each "
            f"code. Received: {values!r}. None leaves a code as it is drawn."
        )
    start = latent.shape[1] - sum(sizes)
    for index, (value, size) in enumerate(zip(values, sizes, strict=True)):
        if value is not None:
            value = _column(f"codes[{index}]", value, len(latent))
            if index < len(categorical):
                value = np.eye(size)[_classes(index, value, size)]
            else:
                value = value[:, None]
            latent[:, start : start + size] = value
        start += size
    return latent


def _column(name, value, rows):
    value = np.asarray(value)
    numeric = value.dtype.kind in "iuf" and np.isfinite(value).all()
    if not numeric or value.shape not in ((), (rows,)):
        raise ValueError(
            f"`{name}` must be None, a finite number, or an array of one for "
            f"each of {rows} rows. Received: dtype {value.dtype}, shape "
            f"{value.shape}."
        )
    return np.broadcast_to(value, (rows,))


def _classes(index, value, classes):
    whole = value.astype("int64")
    if (whole != value).any() or whole.min() < 0 or whole.max() >= classes:
        raise ValueError(
            f"`codes[{index}]` must hold ints from 0 to {classes - 1}, the "
            "classes of this code. Received: values from "
            f"{value.min()} to {value.max()}."
        )
    return whole
