"""What lies in a `.tflite` file, and what runs it."""

import dataclasses
import math

import numpy as np
from ai_edge_litert import schema_py_generated as schema

from keras_export._types import PathLike
from keras_export.artefacts import sizes
from keras_export.delegation import delegated
from keras_export.flatbuffer import (
    count_nonzero,
    encoding,
    index_bytes,
    naming_damage,
    operator_name,
    read_model,
)
from keras_export.information import mask_bits
from keras_export.isolated import IsolatedInterpreter
from keras_export.running import artefact_kind

TYPES = {
    code: name.lower()
    for name, code in vars(schema.TensorType).items()
    if isinstance(code, int)
}
# Of these an array can be made; others are packed, or no numbers.
NUMBERS = {"bool", "float16", "float32", "float64"} | {
    f"{sign}int{bits}" for sign in ("", "u") for bits in (8, 16, 32, 64)
}
# Seconds to open a file and make it ready; a damaged one may ask for years.
TIMEOUT = 120


@dataclasses.dataclass(frozen=True)
class TensorRow:
    """One tensor of a `.tflite` file.

    Attributes:
        name: str, the tensor's name in the file.
        shape: tuple of int, LiteRT's layout; -1 for an open dimension.
        dtype: str, `"float32"`, `"int8"`.
        encoding: str, `"dense"`, `"csr"` or `"block 1x4"`; empty for a tensor
            that is computed.
        zeros: float in [0, 1], share of what stands for 0, zero points
            regarded; None for a computed tensor, or if not of numbers.
        value_bytes: int, bytes of the stored values.
        index_bytes: int, bytes that say where they lie.
        limit_bytes: float, information in it at this dtype's width: its
            nonzeros and their places (see `information_limit`).

    Example:
        >>> import keras_export
        >>> row = keras_export.TensorRow(
        ...     "dense", (10, 64), "float32", "csr", 0.9, 256, 84, 290.5)
        >>> row.value_bytes + row.index_bytes
        340
    """

    name: str
    shape: tuple[int, ...]
    dtype: str
    encoding: str
    zeros: float | None
    value_bytes: int
    index_bytes: int
    limit_bytes: float


@dataclasses.dataclass(frozen=True)
class OperatorRow:
    """One operation of a `.tflite` file.

    Attributes:
        name: str, `"FULLY_CONNECTED"`.
        version: int, of the kernel that the file asks for.
        runs_on: str, `"XNNPACK"` (LiteRT's default delegate), `"builtin"`
            (its own kernel), or `"unknown"`.

    Example:
        >>> import keras_export
        >>> keras_export.OperatorRow("FULLY_CONNECTED", 8, "XNNPACK").runs_on
        'XNNPACK'
    """

    name: str
    version: int
    runs_on: str


@dataclasses.dataclass(frozen=True)
class LiteRTInspection:
    """What `inspect_litert` found.

    Attributes:
        path: str, the file.
        bytes: int, its size.
        gzip_bytes: int, its size after gzip level 9.
        limit_bytes: float, the information in its constants, summed.
        tensors: tuple of `TensorRow`, in file order.
        operators: tuple of `OperatorRow`, in file order.
        problem: str, why the default interpreter does not start; else empty.

    Example:
        >>> import keras_export
        >>> found = keras_export.LiteRTInspection(
        ...     "m.tflite", 900, 500, 0.0, (), (), problem="")
        >>> found.bytes
        900
    """

    path: str
    bytes: int
    gzip_bytes: int
    limit_bytes: float
    tensors: tuple[TensorRow, ...]
    operators: tuple[OperatorRow, ...]
    problem: str


def inspect_litert(path: PathLike) -> LiteRTInspection:
    """Reads a `.tflite` file and asks LiteRT what would run it.

    The interpreter opens the file in a child process first, which checks its
    structure: a damaged file raises and never ends this process. One that is
    whole and still does not start is described, with the reason in `problem`.

    Args:
        path: str or path-like, a `.tflite` file.

    Returns:
        `LiteRTInspection`.

    Raises:
        FileNotFoundError: if there is nothing at `path`.
        ValueError: if it is no `.tflite` file, or a damaged one.

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> found = keras_export.inspect_litert(path)
        >>> [(row.name, row.runs_on) for row in found.operators]
        [('FULLY_CONNECTED', 'XNNPACK')]
    """
    _check_kind(path)
    with IsolatedInterpreter(path, TIMEOUT) as interpreter:
        plan = interpreter.call("operators")
    model = read_model(path)
    with naming_damage(path):
        tensors, operators = _rows(model, plan)
    limit = math.fsum(row.limit_bytes for row in tensors)
    size, gzip_size = sizes(path)
    return LiteRTInspection(
        str(path),
        size,
        gzip_size,
        limit,
        tensors,
        operators,
        plan["problem"],
    )


def _check_kind(path):
    if artefact_kind(path) != "litert":
        raise ValueError(
            "`path` must be a `.tflite` file. Received: "
            f"path={str(path)!r}, a SavedModel. Load it with "
            "`tf.saved_model.load`."
        )


def _rows(model, plan):
    tensors = tuple(
        _tensor_row(model, tensor)
        for graph in model.subgraphs
        for tensor in graph.tensors
    )
    operators = []
    for number, graph in enumerate(model.subgraphs):
        # LiteRT tells of the first graph only; others are bodies of loops.
        known = number == 0 and not plan["problem"]
        taken = delegated(plan["operators"]) if known else ()
        for index, operator in enumerate(graph.operators or ()):
            place = "XNNPACK" if index in taken else "builtin"
            operators.append(
                OperatorRow(
                    operator_name(model, operator),
                    model.operatorCodes[operator.opcodeIndex].version,
                    place if known else "unknown",
                )
            )
    return tensors, tuple(operators)


def _tensor_row(model, tensor):
    signature = tensor.shapeSignature
    shape = tensor.shape if signature is None else signature
    row = TensorRow(
        name=tensor.name.decode(errors="replace"),
        shape=tuple(int(n) for n in (() if shape is None else shape)),
        dtype=TYPES[tensor.type],
        encoding="",
        zeros=None,
        value_bytes=0,
        index_bytes=0,
        limit_bytes=0.0,
    )
    data = model.buffers[tensor.buffer].data
    if data is None or len(data) == 0:
        return row
    return dataclasses.replace(row, **_storage(tensor, row, data))


def _storage(tensor, row, data):
    storage = {
        "encoding": encoding(tensor),
        "value_bytes": len(data),
        "index_bytes": index_bytes(tensor),
        "limit_bytes": float(len(data)),
    }
    if row.dtype not in NUMBERS:
        return storage
    values = np.asarray(data, np.uint8).view(row.dtype)
    nonzeros = int(count_nonzero(tensor, values))
    size = math.prod(row.shape)
    mask = mask_bits(size, nonzeros) / 8
    return storage | {
        "zeros": 1.0 - nonzeros / size,
        "limit_bytes": nonzeros * values.itemsize + mask,
    }
