"""Export to a LiteRT (TFLite) file: quantised, sparse, verified."""

import functools
import numbers
from typing import Literal

import keras
import numpy as np

from keras_export._types import PathLike, Samples
from keras_export.artefacts import (
    ExportReport,
    LayerRow,
    check_target,
    sizes,
)
from keras_export.conversion import QUANTIZATIONS, convert
from keras_export.encodings import TARGETS, Setting
from keras_export.final_check import check_written
from keras_export.flatbuffer import read_weights
from keras_export.models import check_input_names, check_model
from keras_export.representative import checked_inputs, representative_arrays
from keras_export.sparse_file import encode
from keras_export.verification import VerificationError
from keras_export.whole_files import replacing

NOTE = (
    "Unstructured zeros ('csr') make a smaller file, not a faster one: the "
    "interpreter expands them to dense weights. Blocks run on a sparse kernel "
    "of fully connected layers, which pays for one row of inputs per call."
)
# Below, zeros are chance and not pruning.
FEWEST_ZEROS = 0.01


def litert(
    model: keras.Model,
    path: PathLike,
    target: Literal["x86", "arm", "any"] = "any",
    sparse: bool | Literal["auto"] = "auto",
    quantize: Literal["float16", "dynamic", "int8"] | None = None,
    representative_data: Samples | None = None,
    threads: int = 1,
    batch_size: int | None = None,
    overwrite: bool = False,
    verify: bool = True,
    samples: Samples | None = None,
) -> ExportReport:
    """Writes a `.tflite` file of a built Keras model, small and checked.

    For each weight the encoding is chosen that is correct and, on the target,
    best: blocks of 4 (float) or 16 (int8) along a dense layer's inputs for
    the sparse kernel, where enough of them are zero and one row of inputs
    comes per call; single values ("csr") where that makes the file smaller,
    which are unpacked on loading; else dense. Batch size None is judged as 1.
    `report.layers` has the reason for each weight.

    The file is run in every interpreter configuration before it is put at
    `path`. If its sparse form fails, the dense form is written, and the
    report says so.

    Args:
        model: built `keras.Model` (functional, Sequential or subclassed) that
            computes in float32.
        path: str or path-like ending in `.tflite`; its parent must exist.
        target: `"x86"`, `"arm"` or `"any"` (no slower than dense on both).
        sparse: `"auto"`: no slower than dense, and of what is not slower the
            smallest, unless blocks are larger but clearly faster. True: the
            smallest correct encoding, also where it is slower. False: dense.
        quantize: None (float32), `"float16"` weights, `"dynamic"` (int8
            weights, float activations) or `"int8"` (weights and activations;
            the file's inputs and outputs stay float32, and so do operations
            that have no int8 kernel).
        representative_data: for int8, typical inputs (100 are enough): what
            `model.predict` takes, or an iterable of batches of it.
        threads: positive int, threads that the interpreter will have; sparse
            kernels use one, so more zeros are needed to pay.
        batch_size: positive int, fixes the number of examples per call; None
            leaves it open. Keras' recurrent layers need it, or `unroll=True`.
        overwrite: bool, whether to replace a file that is at `path`.
        verify: bool, whether to run the file before it is put in place.
        samples: inputs to verify with, in the forms of `representative_data`,
            which is the default; without any, seeded random numbers.

    Returns:
        `ExportReport`; its `weights` are read back from the written file.

    Raises:
        TypeError: if `model` is not a `keras.Model` or `path` not a path.
        ValueError: if `model` is not built, an argument is not one of those
            above, `sparse=True` and the model has no zeros, int8 has no
            fitting `representative_data`, or the model needs operations that
            LiteRT does not have.
        VerificationError: (a `ValueError`) if the dense file too differs from
            the model.
        FileExistsError: if `path` exists and may not be replaced.
        OSError: if the parent folder is missing or cannot be written to.

    Source: TFLite, `kernels/fully_connected.cc`; break-even points measured,
        `benchmarks/break_even.py`.
        The converter's own sparse mode is not used: four of its encodings
        give wrong numbers (see `rewriting`).

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> [(row.shape, row.encoding) for row in report.weights]
        [((2, 4), 'dense')]
    """
    check_model(model)
    check_input_names(model)
    _check_choices(target=target, sparse=sparse, quantize=quantize)
    threads = _count("threads", threads)
    if batch_size is not None:
        words = ", or None to leave it open"
        batch_size = _count("batch_size", batch_size, words)
    path = check_target(path, overwrite, lambda existing: existing.is_file())
    _check_suffix(path)
    if sparse is True:
        _check_zeros(model)
    data = checked_inputs(model, representative_data, "representative_data")
    arrays = _calibration(model, quantize, data)
    if samples is None:
        samples, name = data, "representative_data"
    else:
        samples, name = checked_inputs(model, samples, "samples"), "samples"
    setting = Setting(target, sparse, threads)
    with replacing(path) as temporary:
        dense = convert(model, quantize, batch_size, arrays)
        content, rows = encode(dense, setting)
        temporary.write_bytes(content)
        difference = None
        if verify:
            check = functools.partial(
                check_written, model, temporary, path, samples, name
            )
            difference, rows = _verified(check, temporary, content, dense, rows)
    size, gzip_size = sizes(path)
    weights = read_weights(path)
    return ExportReport(
        path=str(path),
        format="litert",
        bytes=size,
        gzip_bytes=gzip_size,
        weights=weights,
        note=_note(quantize, weights),
        target=target,
        quantize=quantize,
        layers=rows,
        difference=difference,
    )


def _verified(check, path, content, dense, rows):
    """Returns the difference and rows of what is left at `path`."""
    try:
        return check(), rows
    except VerificationError as error:
        if content == dense:
            raise
        reason = f"Its file failed verification, so all is dense: {error}"
    path.write_bytes(dense)
    rows = tuple(LayerRow(row.name, "dense", reason) for row in rows)
    return check(), rows


def _note(quantize, weights):
    left = sum(row.dtype == "float32" for row in weights)
    if quantize is None or not left:
        return NOTE
    return (
        f"{NOTE} {left} of {len(weights)} weights are float32 in spite of "
        f"`quantize={quantize!r}` (see `dtype` in `report.weights`): the "
        "converter leaves weights with fewer than 1,024 numbers and those of "
        "operations without such a kernel, and float16 blocks need float32."
    )


def _calibration(model, quantize, data):
    if data is None and quantize == "int8":
        raise ValueError(
            "`representative_data` must be given for `quantize='int8'`: the "
            "ranges of activations are taken from it. Received: None. Pass "
            "about 100 typical inputs, or use `quantize='dynamic'`."
        )
    if data is None or quantize != "int8":
        return None
    return representative_arrays(model, data)


def _check_zeros(model):
    shares = {
        weight.path: float(np.mean(np.asarray(weight) == 0))
        for weight in model.weights
        if len(weight.shape) > 1
    }
    if max(shares.values(), default=0.0) < FEWEST_ZEROS:
        found = [f"{path} {share:.2%}" for path, share in shares.items()]
        raise ValueError(
            "`model` must have zeros in its weights for `sparse=True`. "
            f"Received: shares of zeros {', '.join(found) or 'of no weight'}. "
            "Prune the model first, or pass `sparse='auto'` or False."
        )


def _check_choices(**arguments):
    allowed = {
        "target": TARGETS,
        "sparse": ("auto", True, False),
        "quantize": QUANTIZATIONS,
    }
    for name, value in arguments.items():
        # `is` for bool and None: 1 equals True.
        if not any(
            value is known or (isinstance(value, str) and value == known)
            for known in allowed[name]
        ):
            raise ValueError(
                f"`{name}` must be one of {allowed[name]}. "
                f"Received: {name}={value!r}."
            )


def _count(name, value, otherwise=""):
    # NumPy's ints too; bool is one of Python's.
    is_int = isinstance(value, numbers.Integral) and value is not True
    if not is_int or value < 1:
        raise ValueError(
            f"`{name}` must be a positive int{otherwise}. "
            f"Received: {name}={value!r}."
        )
    return int(value)


def _check_suffix(path):
    if path.suffix != ".tflite":
        raise ValueError(
            "`path` must end in '.tflite'. Received: "
            f"path={str(path)!r}. Write {str(path.with_suffix('.tflite'))!r}."
        )
