"""Export to a TensorFlow SavedModel that holds the forward pass only."""

import functools

import keras

from keras_export._types import PathLike, Samples
from keras_export.artefacts import (
    ExportReport,
    check_target,
    is_saved_model,
    sizes,
)
from keras_export.final_check import check_written
from keras_export.models import check_input_names, check_model
from keras_export.quiet import quiet
from keras_export.representative import checked_inputs
from keras_export.whole_files import naming_full_disk, replacing

# Someone who writes one of these expects a file, and would get a folder.
FILE_SUFFIXES = (".h5", ".hdf5", ".keras", ".onnx", ".pb", ".tflite", ".zip")


def saved_model(
    model: keras.Model,
    path: PathLike,
    overwrite: bool = False,
    verify: bool = True,
    samples: Samples | None = None,
) -> ExportReport:
    """Writes the inference SavedModel of a built Keras model.

    The artefact holds the model's forward pass under the signature
    `serving_default`, its weights and nothing of training: no optimizer, no
    mask. It is written beside `path`, checked, and then renamed, so a failed
    export leaves nothing behind. It loads with `tf.saved_model.load`, as
    TensorFlow Serving does, and with `keras.layers.TFSMLayer`.

    Args:
        model: built `keras.Model` (functional, Sequential or subclassed).
        path: str or path-like, the folder to write; its parent must exist.
        overwrite: bool, whether to replace a SavedModel that is at `path`.
        verify: bool, whether to compare it with the model before it is put
            in place, as `keras_export.verify` does.
        samples: inputs to verify with, as `model.predict` takes them, or an
            iterable of batches of them; default a few seeded random ones, in
            which dimensions besides the batch that the model leaves open are 1.

    Returns:
        `ExportReport` with `path`, `bytes`, `gzip_bytes` and `difference`.
        Keras' archive stores every weight twice, so `bytes` is about twice
        the weights'.

    Raises:
        TypeError: if `model` is not a `keras.Model` or `path` not a path.
        ValueError: if `model` is not built, `path` has a file's suffix, or
            `samples` are needed and missing.
        VerificationError: (a `ValueError`) if it differs from the model.
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
    check_input_names(model)
    target = check_target(path, overwrite, is_saved_model)
    if target.suffix.lower() in FILE_SUFFIXES:
        raise ValueError(
            "`path` must name a folder, which is what a SavedModel is. "
            f"Received: path={str(target)!r}. Drop the suffix "
            f"{target.suffix!r}."
        )
    samples = checked_inputs(model, samples, "samples")
    with replacing(target) as temporary, quiet():
        export_inference(model, temporary)
        difference = None
        if verify:
            difference = check_written(model, temporary, target, samples)
    size, gzip_size = sizes(target)
    return ExportReport(
        str(target), "saved_model", size, gzip_size, difference=difference
    )


def export_inference(model, path, batch_size=None):
    """Writes the SavedModel; `batch_size` None leaves that dimension open.

    `model.export` leaves `training` to each layer's default, which is True
    for those that augment images; `model.predict` says False, and so does
    this.
    """
    signature = _signature(model, batch_size)
    archive = keras.export.ExportArchive()
    archive.track(model)
    serve = functools.partial(model.__call__, training=False)
    archive.add_endpoint("serve", serve, signature)
    with naming_full_disk(path):
        archive.write_out(str(path), verbose=False)


def _signature(model, batch_size):
    """What `model.export` would take as `input_signature`."""
    # Functional and Sequential models have `inputs`; others know no names.
    if getattr(model, "inputs", None) is None:
        if batch_size is None:
            return _recorded_signature(model)
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


def _recorded_signature(model):
    """The inputs that a subclassed model was built with, of any batch size."""
    config = model.get_build_config() or {}
    shapes = config.get("shapes_dict") or {"": config.get("input_shape")}
    if None in shapes.values():
        raise ValueError(
            "`model` must know the shapes of its inputs. Received: the "
            f"subclassed model {model.name!r}, which was not built by calling "
            "it. Call it on one batch first."
        )

    def fix(shape):
        return keras.InputSpec(model.input_dtype, shape=(None, *shape[1:]))

    return [
        keras.tree.map_shape_structure(fix, shape) for shape in shapes.values()
    ]
