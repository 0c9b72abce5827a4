"""Checks of directions, and of where they start and how far they go."""

import numpy as np


def check_matrix(matrix):
    """The matrix as float32; raises unless rows are directions.

    Raises:
        ValueError: another shape, numbers that are not finite, rows of zeros.
    """
    matrix = np.array(matrix, "float32")
    if matrix.ndim != 2 or not matrix.size:
        raise ValueError(
            "`matrix` must be (directions, latent_dim). Received: shape "
            f"{matrix.shape}."
        )
    if not np.isfinite(matrix).all() or not matrix.any(axis=1).all():
        raise ValueError(
            "`matrix` must be finite, without rows of zeros. Received: "
            f"{np.count_nonzero(~np.isfinite(matrix))} numbers that are "
            f"not finite, {np.count_nonzero(~matrix.any(axis=1))} rows of "
            "zeros."
        )
    return matrix


def check_labels(count, names, scores):
    """Raises unless there is a name, and of each score one, per direction.

    Args:
        count: int, directions there are.
        names: list of str.
        scores: dict of str to float array.

    Raises:
        ValueError: other numbers of them.
    """
    if len(names) != count:
        raise ValueError(
            f"`names` must be one for each of {count} directions. "
            f"Received: {len(names)}."
        )
    for name, values in scores.items():
        if values.shape != (count,):
            raise ValueError(
                f"`scores` must have a number for each of {count} "
                f"directions. Received: {name!r} of shape {values.shape}."
            )


def check_latents(z, latent_dim):
    """Latent points as float32 (points, latent_dim); raises for others.

    Raises:
        ValueError: another shape, no points, numbers that are not finite.
    """
    z = np.asarray(z, "float32")
    if z.ndim != 2 or z.shape[1] != latent_dim or not len(z):
        raise ValueError(
            f"`z` must be latent points (points, {latent_dim}), at least one. "
            f"Received: shape {z.shape}."
        )
    if not np.isfinite(z).all():
        raise ValueError(
            f"`z` must be finite. Received: {np.count_nonzero(~np.isfinite(z))}"
            f" of {z.size} numbers that are not."
        )
    return z


def check_shifts(shifts, minimum=1):
    """Shifts as a float32 array; raises unless there are enough.

    Raises:
        ValueError: fewer, another shape, numbers that are not finite.
    """
    shifts = np.asarray(shifts, "float32")
    if shifts.ndim != 1 or len(shifts) < minimum:
        raise ValueError(
            f"`shifts` must be a list of at least {minimum} numbers. "
            f"Received: shape {shifts.shape}."
        )
    if not np.isfinite(shifts).all():
        raise ValueError(
            f"`shifts` must be finite. Received: shifts={shifts.tolist()}."
        )
    return shifts
