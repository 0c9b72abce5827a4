"""What the command line's `export` and `inspect` do and say.

Part of the command line, which alone composes keras_sparse and keras_export.
"""

import contextlib

import numpy as np

import keras_export
from keras_sparse.cli_errors import UsageProblem, option, reading, usage

FORMATS = ("litert", "saved_model")
# What litert() takes when nothing is asked for.
DEFAULTS = {
    "target": "any",
    "quantize": None,
    "sparse": "auto",
    "representative_data": None,
    "batch_size": None,
}


def check_format(format, options):
    """Raises unless `format` is known and takes the options.

    Args:
        format: str.
        options: dict with the keys of `DEFAULTS`, as they were typed.
    """
    if format not in FORMATS:
        raise ValueError(
            f"`--format` must be one of {FORMATS}. Received: {format!r}."
        )
    if format == "saved_model":
        given = [
            name for name in options if options[name] is not DEFAULTS[name]
        ]
        given = [name for name in given if options[name] != DEFAULTS[name]]
        if given:
            names = ["--" + name.replace("_", "-") for name in given]
            raise ValueError(
                "`--format` must be litert for options about its encodings. "
                f"Received: saved_model and {', '.join(names)}. Drop them."
            )


def default_path(model, format):
    """Where `export` writes when no output is given: beside the model."""
    if format == "litert":
        return model.with_suffix(".tflite")
    return model.with_name(f"{model.stem}_saved_model")


def write(model, path, format, overwrite, options):
    """Writes a model in one of `FORMATS`; returns the `ExportReport`."""
    if format == "saved_model":
        return keras_export.saved_model(model, path, overwrite=overwrite)
    return keras_export.litert(model, path, overwrite=overwrite, **options)


def read_arrays(name, path):
    """Reads a `.npy` file, or a `.npz` file: one array or a dict of them.

    Args:
        name: str, the option that the path was given to.
        path: path of the file.
    """
    with reading(name, path, ".npy or .npz file of numbers"):
        content = np.load(path, allow_pickle=False)
        if isinstance(content, np.ndarray):
            return content
        with content:
            arrays = dict(content)
    return arrays if len(arrays) != 1 else next(iter(arrays.values()))


@contextlib.contextmanager
def export_usage(**typed):
    """As `usage`; that a file does not run is no matter of usage.

    Args:
        **typed: Python argument -> what it is called on the command line.
    """
    typed |= {name: option(name) for name in DEFAULTS}
    typed |= {"model": "MODEL", "path": "--output", "overwrite": "--overwrite"}
    failures = keras_export.InterpreterError, keras_export.VerificationError
    try:
        with usage(typed):
            yield
    except UsageProblem as problem:
        if isinstance(problem.__cause__, failures):
            raise problem.__cause__ from None
        raise


def sentence(report):
    """One line about an `ExportReport`."""
    return (
        f"{report.path}: {report.bytes:,} bytes, {report.gzip_bytes:,} after "
        f"gzip; largest difference to the model {report.difference:.1e}"
    )


def size_accounting(inspection):
    """One or two lines about a `LiteRTInspection`."""
    text = (
        f"{inspection.path}: {inspection.bytes:,} bytes, "
        f"{inspection.gzip_bytes:,} after gzip; its nonzeros and their places "
        f"hold {inspection.limit_bytes:,.0f}"
    )
    if inspection.problem:
        text += f"\nThe default interpreter refuses it: {inspection.problem}"
    return text


def limit_sentence(model):
    """One line about the information in a Keras model's weights."""
    limits = keras_export.information_limit(model)[-1].limit_bytes
    sizes = ", ".join(
        f"{size:,.0f} bytes at {bits} bits" for bits, size in limits.items()
    )
    return f"The nonzeros and their places hold {sizes}."
