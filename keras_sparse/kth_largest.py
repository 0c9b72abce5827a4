"""The k-th largest number of several arrays, without a copy of them."""

import numpy as np

_CHUNK = 2**20
_DIGIT = 16  # bits that are looked at in one pass
_DIGITS = 2**_DIGIT


def kth_largest(arrays, k):
    """Finds the k-th largest number by a radix search over bit patterns.

    Args:
        arrays: list of float arrays of any shapes, all finite.
        k: int from 1 to the number of elements.

    Returns:
        Tuple of the number, and of how many equal to it are among the k
        largest: int from 1.

    Example:
        >>> import numpy as np
        >>> kth_largest([np.array([3.0, 1.0]), np.array([2.0, 2.0, -1.0])], 2)
        (np.float64(2.0), 1)
    """
    kind = np.result_type(np.float32, *(array.dtype for array in arrays))
    bits, found = 8 * kind.itemsize, 0
    for shift in range(bits - _DIGIT, -1, -_DIGIT):
        counts = np.zeros(_DIGITS, dtype=np.int64)
        for keys in _keys(arrays, kind):
            # In two steps, for no number can be shifted by all its bits.
            same = keys >> shift >> _DIGIT == found
            digits = (keys[same] >> shift) & (_DIGITS - 1)
            counts += np.bincount(digits.astype(np.int64), minlength=_DIGITS)
        at_least = counts[::-1].cumsum()[::-1]
        digit = int(np.flatnonzero(at_least >= k)[-1])
        k -= int(at_least[digit] - counts[digit])
        found = found * _DIGITS + digit
    return _number(found, kind), k


def _keys(arrays, kind):
    """Chunks of the numbers as unsigned integers of the same order."""
    unsigned, sign, all_bits = _layout(kind)
    for array in arrays:
        flat = np.reshape(array, -1)
        for first in range(0, flat.size, _CHUNK):
            # Adding 0.0 makes 0.0 of -0.0.
            chunk = flat[first : first + _CHUNK].astype(kind) + kind.type(0)
            bits = chunk.view(unsigned)
            # Negative numbers grow downwards in their bits.
            yield np.where(bits & sign, bits ^ all_bits, bits | sign)


def _number(key, kind):
    unsigned, sign, all_bits = _layout(kind)
    key = unsigned.type(key)
    bits = key ^ sign if key & sign else key ^ all_bits
    return np.array(bits).view(kind)[()]


def _layout(kind):
    """The unsigned type of a float's size, its sign bit, and all its bits."""
    unsigned = np.dtype(f"u{kind.itemsize}")
    size = 8 * kind.itemsize
    return unsigned, unsigned.type(1 << (size - 1)), unsigned.type(2**size - 1)
