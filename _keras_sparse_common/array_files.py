"""Arrays of `.npz` files that others may have written or damaged."""

import os
import sys

import numpy as np

# Deflate packs at most 1,032 to 1; what claims more overlaps its members.
MOST_UNPACKED = 1100


def read_arrays(path, names=None):
    """Reads arrays of an `.npz` file; nothing in it is executed.

    Args:
        path: path-like, a file of `numpy.savez`.
        names: the arrays to read, if they are there; None: all.

    Returns:
        dict of name to array.

    Raises:
        ValueError: the file is damaged, or of something else: says how.
        OSError: it cannot be opened.

    Example:
        >>> import tempfile
        >>> import numpy as np
        >>> from _keras_sparse_common.array_files import read_arrays
        >>> path = tempfile.mkdtemp() + "/two.npz"
        >>> np.savez(path, a=[1, 2], b=[3])
        >>> read_arrays(path, names=["a"])
        {'a': array([1, 2])}
    """
    # Opened here: of a damaged file, `numpy.load` leaves it open.
    with open(path, "rb") as file:
        size = os.fstat(file.fileno()).st_size
        try:
            with np.load(file, allow_pickle=False) as stored:
                unpacked = sum(m.file_size for m in stored.zip.infolist())
                if unpacked > MOST_UNPACKED * size:
                    raise ValueError(f"its {size} bytes unpack to {unpacked}")
                names = stored.files if names is None else names
                found = {n: stored[n] for n in names if n in stored.files}
        # Of damage in ZIP, deflate, headers and numbers, each of its own kind.
        except Exception as error:
            raise ValueError(
                f"is no whole .npz file ({type(error).__name__}: {error})"
            ) from error
    for name, array in found.items():
        if not isinstance(array, np.ndarray):
            raise ValueError(f"has {name!r}, which is no array")
        if array.dtype.kind == "U" and not _is_text(array):
            raise ValueError(f"has {name!r}, which is no text")
    return found


def _is_text(array):
    """Whether an array of text holds characters that there are."""
    if not array.size or not array.dtype.itemsize:
        return True
    order = array.dtype.byteorder
    codes = np.ascontiguousarray(array).reshape(-1).view(f"{order}u4")
    return bool((codes <= sys.maxunicode).all())
