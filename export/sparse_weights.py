"""A weight without its zeros: values, and where each row keeps them."""

import dataclasses

import numpy as np

# The widths that a `.tflite` file has for numbers of an index.
INDEX_TYPES = (np.uint8, np.uint16, np.int32)


@dataclasses.dataclass(frozen=True)
class CompressedWeight:
    """Compressed sparse rows of blocks along a weight's last dimension.

    Attributes:
        values: array `(blocks, block)`, the blocks that hold a nonzero, row
            by row.
        segments: int array `(rows + 1,)`; row `r` owns the blocks from
            `segments[r]` up to `segments[r + 1]`.
        indices: int array `(blocks,)`, each block's place in its row.
        shape: tuple of int, the weight's own shape.
    """

    values: np.ndarray
    segments: np.ndarray
    indices: np.ndarray
    shape: tuple

    @property
    def block(self):
        """int, numbers per block."""
        return self.values.shape[1]

    @property
    def nbytes(self):
        """int, bytes of values and index as a file holds them."""
        index = (narrow(self.segments), narrow(self.indices))
        return self.values.nbytes + sum(array.nbytes for array in index)


def compress(weight, block=1):
    """Drops the blocks that are all zeros.

    Args:
        weight: array `(..., inputs)`; all dimensions but the last are rows.
        block: positive int that divides `inputs`.

    Returns:
        `CompressedWeight`.

    Source: TFLite converter, `FormatConverter::DenseToSparse`, checked
        against it. It drops what lies beyond the last whole block; here
        `pad_inputs` comes first.

    Example:
        >>> compressed = compress(np.array([[0, 0, 1, 2], [0, 0, 0, 0]]), 2)
        >>> compressed.values.tolist(), compressed.segments.tolist()
        ([[1, 2]], [0, 1, 1])
    """
    rows = weight.reshape(-1, weight.shape[-1] // block, block)
    stays = np.any(rows != 0, axis=-1)
    segments = np.concatenate([[0], np.cumsum(stays.sum(axis=1))])
    indices = np.nonzero(stays)[1]
    return CompressedWeight(rows[stays], segments, indices, weight.shape)


def pad_inputs(weight, block):
    """Appends zeros to the last dimension, up to a multiple of `block`.

    Example:
        >>> pad_inputs(np.ones((2, 6)), 4).shape
        (2, 8)
    """
    missing = -weight.shape[-1] % block
    return np.pad(weight, [(0, 0)] * (weight.ndim - 1) + [(0, missing)])


def zero_share(weight, block=1):
    """Share of blocks that are all zeros, 0-1; a partial block counts.

    Example:
        >>> zero_share(np.array([[0, 0, 1, 2, 0, 0, 0]]), 2)
        0.75
    """
    padded = pad_inputs(weight, block).reshape(-1, block)
    return float(1.0 - np.any(padded != 0, axis=-1).mean())


def narrow(index):
    """Casts whole numbers >= 0 to the narrowest of `INDEX_TYPES`."""
    largest = index.max(initial=0)
    fits = (kind for kind in INDEX_TYPES if largest <= np.iinfo(kind).max)
    return index.astype(next(fits))
