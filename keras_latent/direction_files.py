"""Files of directions."""

import io

import numpy as np

from _keras_sparse_common.array_files import read_arrays
from _keras_sparse_common.whole_files import save_whole

FORMAT = "keras_latent.Directions"
VERSION = 1
ARRAYS = {"matrix": "f", "names": "U", "score_names": "U", "scores": "f"}


def write_directions(path, matrix, names, scores):
    """Writes a file of directions whole or not at all.

    Args:
        path: file to write, as it is named.
        matrix: float array (count, latent_dim).
        names: list of str.
        scores: dict of str to float array (count,).
    """
    buffer = io.BytesIO()
    np.savez_compressed(
        buffer,
        format=np.array(FORMAT),
        version=np.array(VERSION),
        matrix=matrix,
        names=np.array(names, "U"),
        score_names=np.array(list(scores), "U"),
        scores=np.array(list(scores.values()), "float64"),
    )
    save_whole(buffer.getvalue(), path)


def read_directions(path):
    """Reads a file of `write_directions`; nothing in it is executed.

    Args:
        path: the file.

    Returns:
        dict of `matrix`, `names` and `scores`.

    Raises:
        ValueError: a file of something else, damaged, or of a newer version.
        FileNotFoundError: no such file.
    """
    try:
        found = read_arrays(path, ("format", "version", *ARRAYS))
    except FileNotFoundError:
        raise FileNotFoundError(
            f"`path` must be a file. Received: {str(path)!r}."
        ) from None
    except ValueError as error:
        raise _foreign(path, str(error)) from error
    if str(found.get("format")) != FORMAT:
        raise _foreign(path, f"has {sorted(found) or 'nothing'}")
    _check_version(path, found.get("version"))
    bad = [
        name
        for name, kind in ARRAYS.items()
        if name not in found or found[name].dtype.kind != kind
    ]
    names, values = found.get("score_names"), found.get("scores")
    if bad or len(values) != len(names):
        raise _foreign(path, f"has no good {', '.join(bad) or 'scores'}")
    return {
        "matrix": found["matrix"],
        "names": found["names"].tolist(),
        "scores": dict(zip(names.tolist(), values, strict=True)),
    }


def _check_version(path, version):
    """Raises unless the file is of a version that is known here."""
    if version is None or version.shape or version.dtype.kind not in "iu":
        raise _foreign(path, "has no version")
    if not 1 <= version <= VERSION:
        raise ValueError(
            f"`path` must be of version 1 to {VERSION}. Received: "
            f"{str(path)!r} of version {version}. A newer release of this "
            "package reads it."
        )


def _foreign(path, why):
    return ValueError(
        "`path` must be a whole file of `Directions.save`. Received: "
        f"{str(path)!r}, which {why}. Save the directions again."
    )
