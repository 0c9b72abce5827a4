"""The LiteRT files of the main job: one per number format, all measured.

Part of the command line, which alone composes keras_sparse and keras_export.
"""

from typing import Literal

import numpy as np

import keras_export

FORMATS: tuple[Literal["float16", "dynamic", "int8"] | None, ...] = (
    None,
    "float16",
    "dynamic",
    "int8",
)
CHECKED = 256  # test images on which the exported models are verified
_REPRESENTATIVE = 200  # training images that say how large activations are


def export_all(model, prefix, target, sparse, data, folder):
    """Writes the model as LiteRT in every number format.

    Args:
        model: built `keras.Model`.
        prefix: str, of the files' names.
        target: str, as in `keras_export.litert`.
        sparse: "auto" or False, as in `keras_export.litert`.
        data: `keras_sparse.image_dataset.ImageDataset`.
        folder: `pathlib.Path` to write to.

    Returns:
        List of dicts of plain values, float32 first: "file", "format",
        "bytes", "gzip_bytes", "difference" (of outputs, the largest),
        "accuracy" (on the test set) and "encodings".

    Raises:
        keras_export.VerificationError: a file does not equal its model.
    """
    images, labels = data.arrays("test")
    training = data.arrays("train")[0][:_REPRESENTATIVE]
    rows = []
    for quantize in FORMATS:
        path = folder / f"{prefix}model{_suffix(quantize)}.tflite"
        report = keras_export.litert(
            model,
            path,
            target=target,
            sparse=sparse,
            quantize=quantize,
            representative_data=training if quantize == "int8" else None,
            samples=images[:CHECKED],
            overwrite=True,
        )
        outputs = keras_export.predict(path, images)
        rows.append(
            {
                "file": path.name,
                "format": quantize or "float32",
                "bytes": report.bytes,
                "gzip_bytes": report.gzip_bytes,
                "difference": report.difference,
                "accuracy": float(np.mean(outputs.argmax(axis=-1) == labels)),
                "encodings": sorted({row.encoding for row in report.weights}),
            }
        )
    return rows


def add_latencies(exports, data, folder):
    """Adds "latency_ratio" to all rows, that of the first row being 1.

    Args:
        exports: list of what `export_all` returned, one list per model.
        data, folder: as in `export_all`.
    """
    rows = [row for of_model in exports for row in of_model]
    measured = keras_export.benchmark(
        {row["file"]: folder / row["file"] for row in rows},
        data.arrays("test")[0][:1],
        repeats=200,
    )
    for row, found in zip(rows, measured, strict=True):
        row["latency_ratio"] = found.ratio


def _suffix(quantize):
    return f"_{quantize}" if quantize else ""
