"""Export to a float32 LiteRT (TFLite) file, dense or sparse."""

import re
import tempfile

import tensorflow as tf

from keras_export.artefacts import (
    ExportReport,
    check_target,
    replacing,
    sizes,
)
from keras_export.flatbuffer import read_weights
from keras_export.quiet import quiet
from keras_export.to_saved_model import check_model, export_inference

NOTE = (
    "Unstructured zeros ('csr') make a smaller file, not a faster one: the "
    "interpreter expands them to dense weights. Only 'block 1x4' fully "
    "connected weights run on a sparse kernel; measured on x86 at batch 1 it "
    "wins above about 70 % zeros on one thread and 83 % on two."
)


def litert(model, path, sparse=True, batch_size=None, overwrite=False):
    """Writes a float32 `.tflite` file of a built Keras model.

    With `sparse=True` the converter stores kernels with at least 30 % zeros
    compressed: as blocks of 4 along the inputs ("block 1x4") where a dense
    layer's zeros come in such blocks, else as single values ("csr").
    Unstructured zeros make a smaller file, not a faster one: the interpreter
    expands them. Blocks run on a sparse kernel, which measured on x86 at batch
    1 wins above about 70 % zeros on one thread and 83 % on two, and is slower
    than dense below.

    Args:
        model: built `keras.Model` (functional, Sequential or subclassed) that
            computes in float32.
        path: str or path-like ending in `.tflite`; its parent must exist.
        sparse: bool, whether to compress kernels with many zeros.
        batch_size: positive int, fixes the number of examples per call; None
            leaves it open. Keras' recurrent layers need it, or `unroll=True`.
        overwrite: bool, whether to replace a file that is at `path`.

    Returns:
        `ExportReport`; its `weights` say how each tensor was stored, read back
        from the written file.

    Raises:
        TypeError: if `model` is not a `keras.Model` or `path` not a path.
        ValueError: if `model` is not built, `path` has another suffix,
            `batch_size` is not a positive int or cannot be fixed, or the
            model needs operations that LiteRT does not have.
        FileExistsError: if `path` exists and may not be replaced.
        OSError: if the parent folder is missing or cannot be written to.

    Source: TFLite converter, `transforms/dense_to_sparse_pass.cc`
        (`kMinSparsityLevel`, `GetFloatBlockSize`).

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> path = tempfile.mkdtemp() + "/model.tflite"
        >>> report = keras_export.litert(model, path)
        >>> [(row.shape, row.encoding) for row in report.weights]
        [((2, 4), 'dense')]
    """
    check_model(model)
    _check_batch_size(batch_size)
    path = check_target(path, overwrite, lambda existing: existing.is_file())
    if path.suffix != ".tflite":
        raise ValueError(
            "`path` must end in '.tflite'. Received: "
            f"path={str(path)!r}. Write {str(path.with_suffix('.tflite'))!r}."
        )
    with replacing(path) as temporary:
        content = convert(model, sparse, batch_size)
        temporary.write_bytes(content)
    size, gzip_size = sizes(path)
    weights = read_weights(path)
    return ExportReport(str(path), "litert", size, gzip_size, weights, NOTE)


def convert(model, sparse, batch_size=None):
    """Returns the flatbuffer of `model` as bytes, without a word printed."""
    with tempfile.TemporaryDirectory() as folder, quiet():
        export_inference(model, folder, batch_size)
        converter = tf.lite.TFLiteConverter.from_saved_model(folder)
        if sparse:
            # As the enum: the converter ignores the string silently.
            converter.optimizations = [
                tf.lite.Optimize.EXPERIMENTAL_SPARSITY,
            ]
        try:
            return converter.convert()
        except Exception as error:
            operations = _unsupported(str(error))
            if not operations:
                raise
            cause = error
    raise ValueError(
        "`model` must use operations that LiteRT has. Received: model "
        f"{model.name!r}, which needs {', '.join(operations)} of "
        f"TensorFlow. {_remedy(operations)}"
    ) from cause


def _unsupported(message):
    patterns = (
        r"'tf\.(\w+)' op is neither a custom op nor a flex op",
        r"'tf\.(\w+)' op requires element_shape to be static",
    )
    found = (name for text in patterns for name in re.findall(text, message))
    return sorted(set(found))


def _remedy(operations):
    if any(name.startswith("TensorList") for name in operations):
        return (
            "A recurrent layer does this when the batch size is open: pass "
            "`batch_size=1`, or build the layer with `unroll=True`."
        )
    return (
        "Compute in float32 and replace the layers that use them; this "
        "exporter does not add TensorFlow's select operations, which plain "
        "LiteRT interpreters cannot run."
    )


def _check_batch_size(batch_size):
    if batch_size is None:
        return
    is_int = isinstance(batch_size, int) and not isinstance(batch_size, bool)
    if not is_int or batch_size < 1:
        raise ValueError(
            "`batch_size` must be a positive int, or None to leave it open. "
            f"Received: batch_size={batch_size!r}."
        )
