"""Files of feature statistics."""

import os

import numpy as np

from _keras_sparse_common.array_files import read_arrays
from _keras_sparse_common.whole_files import whole_file

ARRAYS = ("mu", "sigma", "count", "features")


def write_statistics(path, **arrays):
    """Writes `ARRAYS` to a file that ends in ".npz", whole or not at all."""
    check_npz(path)
    with whole_file(path) as new, open(new, "wb") as file:
        np.savez(file, **arrays)


def read_statistics(path):
    """Reads what `write_statistics` wrote.

    Args:
        path: path-like that ends in ".npz".

    Returns:
        dict of `ARRAYS`: float arrays (d,) and (d, d), a whole number from 2,
        a text.

    Raises:
        ValueError: another ending; a damaged file, or one of something else.
        FileNotFoundError: no such file.
    """
    check_npz(path)
    try:
        saved = read_arrays(path, ARRAYS)
    except ValueError as error:
        raise _foreign(path, str(error)) from error
    missing = sorted(set(ARRAYS) - set(saved))
    if missing:
        raise _foreign(path, f"is without {missing}")
    mu, sigma, count, features = (saved[name] for name in ARRAYS)
    finite = mu.dtype.kind == sigma.dtype.kind == "f" and all(
        np.isfinite(array).all() for array in (mu, sigma)
    )
    if not finite or mu.ndim != 1 or sigma.shape != 2 * mu.shape:
        raise _foreign(
            path, f"has `mu` of shape {mu.shape}, `sigma` of {sigma.shape}"
        )
    if count.shape or count.dtype.kind not in "iu" or count < 2:
        raise _foreign(path, "has no `count` from 2")
    if features.shape or features.dtype.kind != "U":
        raise _foreign(path, "has no name of `features`")
    return saved


def check_npz(path):
    """Raises unless a path ends in .npz, which numpy would add unasked."""
    if not os.fspath(path).endswith(".npz"):
        raise ValueError(
            f"`path` must end in '.npz'. Received: {os.fspath(path)!r}."
        )


def _foreign(path, why):
    return ValueError(
        "`path` must be a file by `FeatureStatistics.save`. Received: "
        f"{os.fspath(path)!r}, which {why}. Save the statistics again."
    )
