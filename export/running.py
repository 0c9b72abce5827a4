"""What an exported artefact is, takes and gives; running a SavedModel."""

import pathlib

import keras
import numpy as np
import tensorflow as tf

from keras_export.artefacts import is_saved_model
from keras_export.quiet import quiet

SIGNATURE = "serving_default"


class SavedModelRunner:
    """Calls the serving signature of a SavedModel folder.

    Attributes:
        inputs: dict from input name to `(shape, dtype)`; None in a shape is
            an open dimension.
    """

    def __init__(self, path):
        with quiet():
            # The signature holds no reference to what owns its variables.
            self._loaded = tf.saved_model.load(str(path))
        self._signature = self._loaded.signatures[SIGNATURE]
        specs = self._signature.structured_input_signature[1]
        self.inputs = {
            name: (tuple(spec.shape), np.dtype(spec.dtype.as_numpy_dtype))
            for name, spec in specs.items()
        }

    def __call__(self, arrays):
        """Returns a dict of output arrays for a dict of input arrays."""
        tensors = {name: tf.constant(array) for name, array in arrays.items()}
        outputs = self._signature(**tensors)
        return {name: output.numpy() for name, output in outputs.items()}


def artefact_kind(path):
    """Returns `"saved_model"` or `"litert"`, by what is at `path`.

    Raises:
        FileNotFoundError: if nothing is there.
        ValueError: if it is neither a SavedModel folder nor a `.tflite` file.
    """
    path = pathlib.Path(path)
    if not path.exists():
        raise FileNotFoundError(
            "`path` must be an exported artefact. Received: "
            f"path={str(path)!r}, which does not exist."
        )
    if is_saved_model(path):
        return "saved_model"
    if is_litert(path):
        return "litert"
    raise ValueError(
        "`path` must be a SavedModel folder or a `.tflite` file. Received: "
        f"path={str(path)!r}. Write one with `keras_export.saved_model` or "
        "`keras_export.litert`."
    )


def is_litert(path):
    """Whether `path` is a file with the identifier of `.tflite` files."""
    if not pathlib.Path(path).is_file():
        return False
    with open(path, "rb") as file:
        return file.read(8)[4:] == b"TFL3"


def name_inputs(model, inputs, name="inputs"):
    """Returns a dict from the artefact's input names to arrays.

    Follows how `model.export` names them: the names of the `keras.Input`s of
    functional and Sequential models, whatever the keys of a dict that a model
    was made with; `args_0`, `args_0_1`, ... in flattened order otherwise.

    Args:
        model: built `keras.Model`.
        inputs: what `model.predict` takes.
        name: str, the argument's name, for errors.
    """
    names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
    if isinstance(inputs, dict) and names:
        keys = _names_by_key(model)
        if set(keys) != set(inputs):
            raise ValueError(
                f"`{name}` must be a dict with the keys of model "
                f"{model.name!r}: {sorted(keys)}. Received: "
                f"{sorted(map(str, inputs))}. Pass what `model.predict` takes."
            )
        # Both in one order, whatever order `flatten` gives dicts.
        flat = keras.tree.flatten({key: inputs[key] for key in keys})
        names = keras.tree.flatten(keys)
    else:
        flat = keras.tree.flatten(inputs)
        names = names or _argument_names(len(flat))
    if len(flat) != len(names):
        raise ValueError(
            f"`{name}` must hold {len(names)} arrays for model "
            f"{model.name!r}: {names}. Received: {len(flat)}. Pass one array "
            "per input, and no labels."
        )
    named = zip(names, flat, strict=True)
    return {key: np.asarray(array) for key, array in named}


def _names_by_key(model):
    """The names of a model's `keras.Input`s, by the keys it is called with."""
    if not isinstance(model, keras.Sequential):
        if isinstance(model.input, dict):
            return keras.tree.map_structure(lambda t: t.name, model.input)
    return {tensor.name: tensor.name for tensor in model.inputs}


def name_outputs(outputs):
    """Returns a dict from the artefact's output names to arrays."""
    if isinstance(outputs, dict):
        return {name: np.asarray(array) for name, array in outputs.items()}
    flat = keras.tree.flatten(outputs)
    return {f"output_{i}": np.asarray(array) for i, array in enumerate(flat)}


def _argument_names(count):
    return ["args_0", *(f"args_0_{i}" for i in range(1, count))]
