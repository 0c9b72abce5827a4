"""Export to a TensorFlow SavedModel that holds the forward pass only."""

import pathlib

import keras

from keras_export.artefacts import (
    ExportReport,
    check_target,
    is_saved_model,
    replacing,
    sizes,
)
from keras_export.quiet import quiet

# Someone who writes one of these expects a file, and would get a folder.
FILE_SUFFIXES = (".h5", ".hdf5", ".keras", ".onnx", ".pb", ".tflite", ".zip")


def saved_model(model, path, overwrite=False):
    """Writes the inference SavedModel of a built Keras model.

    The artefact holds the model's forward pass under the signature
    `serving_default`, its weights and nothing of training: no optimizer, no
    mask. It is written beside `path` and then renamed, so a failed export
    leaves nothing behind.

    Args:
        model: built `keras.Model` (functional, Sequential or subclassed).
        path: str or path-like, the folder to write; its parent must exist.
        overwrite: bool, whether to replace a SavedModel that is at `path`.

    Returns:
        `ExportReport` with `path`, `bytes` and `gzip_bytes`. Keras' archive
        stores every weight twice, so `bytes` is about twice the weights'.

    Raises:
        TypeError: if `model` is not a `keras.Model` or `path` not a path.
        ValueError: if `model` is not built or `path` has a file's suffix.
        FileExistsError: if `path` exists and may not be replaced.
        OSError: if the parent folder is missing or cannot be written to.

    Example:
        >>> import keras, keras_export, tempfile
        >>> model = keras.Sequential([keras.Input((4,)), keras.layers.Dense(2)])
        >>> folder = tempfile.mkdtemp()
        >>> report = keras_export.saved_model(model, folder + "/served")
        >>> report.format
        'saved_model'
    """
    check_model(model)
    path = check_target(path, overwrite, is_saved_model)
    if path.suffix.lower() in FILE_SUFFIXES:
        raise ValueError(
            "`path` must name a folder, which is what a SavedModel is. "
            f"Received: path={str(path)!r}. Drop the suffix {path.suffix!r}."
        )
    with replacing(path) as temporary, quiet():
        export_inference(model, temporary)
    size, gzip_size = sizes(path)
    return ExportReport(str(path), "saved_model", size, gzip_size)


def check_model(model):
    """Raises unless `model` is a `keras.Model` whose weights exist."""
    if not isinstance(model, keras.Model):
        raise TypeError(
            "`model` must be a `keras.Model`. Received: model of type "
            f"{type(model).__name__}. Load a file with "
            "`keras.models.load_model`; wrap a layer in `keras.Sequential`."
        )
    if not model.built:
        raise ValueError(
            "`model` must be built, so that its weights exist. Received: the "
            f"unbuilt model {model.name!r}. Call it on one batch first."
        )


def export_inference(model, path, batch_size=None):
    """Writes the SavedModel; `batch_size` None leaves that dimension open."""
    model.export(
        str(pathlib.Path(path)),
        format="tf_saved_model",
        verbose=False,
        input_signature=_fixed_signature(model, batch_size),
    )


def _fixed_signature(model, batch_size):
    if batch_size is None:
        return None
    # Functional and Sequential models have `inputs`; others know no names.
    if getattr(model, "inputs", None) is None:
        raise ValueError(
            "`batch_size` can be fixed for functional and Sequential models "
            f"only. Received: batch_size={batch_size} and the subclassed "
            f"model {model.name!r}. Wrap it: `inputs = keras.Input(shape)`, "
            "`keras.Model(inputs, model(inputs))`."
        )

    def fix(tensor):
        shape = (batch_size, *tensor.shape[1:])
        return keras.InputSpec(tensor.dtype, shape=shape, name=tensor.name)

    if isinstance(model, keras.Sequential):
        return [fix(tensor) for tensor in model.inputs]
    # `input` keeps the structure that the model was made with, as one argument.
    return [keras.tree.map_structure(fix, model.input)]
