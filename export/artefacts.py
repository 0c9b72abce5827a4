"""Artefacts on disk: checked targets, sizes, the report."""

import dataclasses
import gzip
import os
import pathlib

import tensorflow as tf


@dataclasses.dataclass(frozen=True)
class WeightRow:
    """One weight tensor as it lies in a `.tflite` file.

    Attributes:
        name: str, the tensor's name in the file.
        shape: tuple of int, LiteRT's layout (`(outputs, inputs)` for dense).
        operator: str, the operation that reads it, `"FULLY_CONNECTED"`.
        encoding: str, `"dense"`, `"csr"` or `"block 1x4"` (rows x columns).
        zeros: float in [0, 1], share of zeros in the expanded tensor; of
            int8 what stands for 0.
        bytes: int, bytes of the stored values and of the sparse index.
        dtype: str, numbers that it is stored in: `"float32"`, `"int8"`.

    Example:
        >>> import keras_export
        >>> row = keras_export.WeightRow(
        ...     "dense", (10, 64), "FULLY_CONNECTED", "csr", 0.9, 400)
        >>> row.dtype
        'float32'
    """

    name: str
    shape: tuple[int, ...]
    operator: str
    encoding: str
    zeros: float
    bytes: int
    dtype: str = "float32"


@dataclasses.dataclass(frozen=True)
class LayerRow:
    """The encoding that was chosen for one weight.

    Attributes:
        name: str, the tensor's name in the file.
        encoding: str, as in `WeightRow`.
        reason: str, why this one; says so where it is slower than dense.

    Example:
        >>> import keras_export
        >>> keras_export.LayerRow("dense", "csr", "Faster.").encoding
        'csr'
    """

    name: str
    encoding: str
    reason: str


@dataclasses.dataclass(frozen=True)
class ExportReport:
    """What an exporter wrote.

    Attributes:
        path: str, the artefact.
        format: str, `"saved_model"` or `"litert"`.
        bytes: int, size on disk; of a folder the sum over its files.
        gzip_bytes: int, size after gzip level 9; of a folder the sum.
        weights: tuple of `WeightRow`, in file order; empty for a SavedModel.
        note: str, what the reader should know about size and speed.
        target: str, the CPU that encodings were chosen for; `"any"`.
        quantize: str or None, the number format that was asked for.
        layers: tuple of `LayerRow`, one per weight, in file order; empty for
            a SavedModel.
        difference: float, largest absolute difference to `model.predict` seen
            when the export was verified; None if it was not.

    Example:
        >>> import keras_export
        >>> report = keras_export.ExportReport("m.tflite", "litert", 900, 500)
        >>> report.weights, report.difference
        ((), None)
    """

    path: str
    format: str
    bytes: int
    gzip_bytes: int
    weights: tuple[WeightRow, ...] = ()
    note: str = ""
    target: str = "any"
    quantize: str | None = None
    layers: tuple[LayerRow, ...] = ()
    difference: float | None = None


def sizes(path):
    """Returns `(bytes, gzip_bytes)` of a file, or summed over a folder."""
    path = pathlib.Path(path)
    files = [path] if path.is_file() else sorted(path.rglob("*"))
    contents = [file.read_bytes() for file in files if file.is_file()]
    packed = (gzip.compress(content, mtime=0) for content in contents)
    return sum(map(len, contents)), sum(map(len, packed))


def check_target(path, overwrite, is_replaceable):
    """Returns `path` as a `pathlib.Path` that may be written, or raises.

    Args:
        path: str or path-like.
        overwrite: bool, whether an existing artefact may be replaced.
        is_replaceable: function from an existing path to bool; protects
            everything that is not an artefact of the same kind.
    """
    if not isinstance(path, (str, os.PathLike)):
        raise TypeError(
            "`path` must be a str or a path-like object. "
            f"Received: path={path!r} (of type {type(path).__name__})."
        )
    if not os.fspath(path):
        raise ValueError(
            "`path` must name what to write. Received: path=''. Pass a name "
            "such as 'model.tflite'."
        )
    path = pathlib.Path(path)
    if not path.parent.is_dir():
        remedy = f"Create {str(path.parent)!r} first."
        if path.parts[0].startswith("~"):
            remedy = "Expand '~' with `pathlib.Path(path).expanduser()`."
        raise FileNotFoundError(
            "`path` must lie in a folder that exists. Received: "
            f"path={str(path)!r}. {remedy}"
        )
    if os.path.lexists(path):
        if not overwrite:
            raise FileExistsError(
                "`path` must not exist yet. Received: "
                f"path={str(path)!r}. Pass `overwrite=True` to replace it."
            )
        if not is_replaceable(path):
            raise FileExistsError(
                "`path` must name an artefact of the same kind to be "
                f"replaced with `overwrite=True`. Received: path={str(path)!r},"
                " which is something else. Choose another name."
            )
    return path


def is_saved_model(path):
    """Whether `path` is a folder that holds a SavedModel."""
    return tf.saved_model.contains_saved_model(str(path))
