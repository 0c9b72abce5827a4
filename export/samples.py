"""Inputs to check an export with, where a user gives none."""

import keras
import numpy as np

from keras_export.input_specs import random_inputs
from keras_export.running import name_inputs

# Few examples show a misread weight as well as many do.
EXAMPLES = 4


def random_samples(model, path):
    """Makes inputs of a model for `verify`: seeded, in `model.predict`'s form.

    Args:
        model: built `keras.Model`.
        path: str or path-like, its `.tflite` file.

    Returns:
        What `model.predict` takes: uniform in [0, 1) for floats, ones for
        whole numbers; `EXAMPLES` examples, or a fixed batch size's.

    Raises:
        ValueError: for a subclassed model whose inputs cannot be found out.
    """
    arrays = random_inputs(path, EXAMPLES)
    structure = _structure(model)
    names = keras.tree.flatten(structure)
    if len(names) == len(arrays) == 1:
        return keras.tree.pack_sequence_as(structure, [*arrays.values()])
    if set(names) != set(arrays):
        raise ValueError(
            "`samples` must be given for a model whose inputs' form is not "
            f"known. Received: samples=None and model {model.name!r}, whose "
            f"artefact takes {sorted(arrays)}. Pass what `model.predict` "
            "takes, or `verify=False`."
        )
    flat = [np.asarray(arrays[name]) for name in names]
    return keras.tree.pack_sequence_as(structure, flat)


def _structure(model):
    """The names of a model's inputs, nested as `model.predict` takes them."""
    if isinstance(model, keras.Sequential):
        return model.inputs[0].name
    if getattr(model, "inputs", None) is not None:
        return keras.tree.map_structure(lambda t: t.name, model.input)
    shapes = (model.get_build_config() or {}).get("input_shape", ())
    places = keras.tree.map_shape_structure(lambda shape: 0, shapes)
    return keras.tree.pack_sequence_as(places, [*name_inputs(model, places)])
