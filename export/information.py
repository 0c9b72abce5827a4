"""How small a sparse model can be: the information in its weights."""

import dataclasses
import math

import keras
import numpy as np

from keras_export.models import check_model

WIDTHS = (32, 16, 8)


@dataclasses.dataclass(frozen=True)
class LimitRow:
    """The information in one weight, or in all of them.

    Attributes:
        name: str, the weight's path; `"total"` for the sum.
        size: int, number of values.
        nonzeros: int, values other than 0.
        mask_bytes: float, information in where the nonzeros are.
        limit_bytes: dict from bits per value, 32, 16 and 8, to bytes (float):
            the nonzeros and their places.

    Example:
        >>> import keras_export
        >>> row = keras_export.LimitRow("total", 10, 1, 0.5, {32: 4.5})
        >>> row.limit_bytes[32]
        4.5
    """

    name: str
    size: int
    nonzeros: int
    mask_bytes: float
    limit_bytes: dict[int, float]


def information_limit(model: keras.Model) -> tuple[LimitRow, ...]:
    """Returns the fewest bytes that a model's weights can be stored in.

    A weight with `k` nonzeros among `n` values takes `k` values and one of
    the `n` choose `k` ways to place them. No encoding is smaller on average
    when every nonzero value and every place is as likely as any other; zeros
    in blocks or whole rows say less, and a compressor may find more.

    Args:
        model: built `keras.Model`, with zeros in its weights.

    Returns:
        Tuple of `LimitRow`, one per weight, and last their sum, `"total"`.

    Raises:
        TypeError, ValueError: if `model` is no built `keras.Model`.

    Example:
        >>> import keras, keras_export, numpy
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(1)])
        >>> kernel = numpy.array([[0.0], [0.5], [0.0], [2.0]])
        >>> model.set_weights([kernel, numpy.ones(1)])
        >>> kernel, bias, total = keras_export.information_limit(model)
        >>> kernel.nonzeros, round(8 * kernel.mask_bytes, 3)  # log2(6)
        (2, 2.585)
    """
    check_model(model)
    rows = [
        limit_row(weight.path, math.prod(weight.shape), _nonzeros(weight))
        for weight in model.weights
    ]
    return (*rows, total(rows))


def limit_row(name, size, nonzeros):
    """Returns the `LimitRow` of a weight by its counts."""
    mask = mask_bits(size, nonzeros) / 8
    limits = {bits: nonzeros * bits / 8 + mask for bits in WIDTHS}
    return LimitRow(name, size, nonzeros, mask, limits)


def total(rows):
    """Returns the `LimitRow` of several weights together."""
    return LimitRow(
        "total",
        sum(row.size for row in rows),
        sum(row.nonzeros for row in rows),
        sum(row.mask_bytes for row in rows),
        {bits: sum(r.limit_bytes[bits] for r in rows) for bits in WIDTHS},
    )


def mask_bits(size, nonzeros):
    """Returns log2 of `size` choose `nonzeros`: the mask's information.

    Close to `size` times the entropy of the density, and never above it.

    Args:
        size: int >= 0.
        nonzeros: int from 0 to `size`.
    """
    ways = (
        math.lgamma(size + 1)
        - math.lgamma(nonzeros + 1)
        - math.lgamma(size - nonzeros + 1)
    )
    return max(ways, 0.0) / math.log(2)


def _nonzeros(weight):
    return int(np.count_nonzero(keras.ops.convert_to_numpy(weight)))
