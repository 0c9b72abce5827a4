"""What an artefact holds besides the model: masks, optimizer slots."""

import collections
import pathlib
import re

import tensorflow as tf

from keras_export.artefacts import is_saved_model
from keras_export.flatbuffer import operator_names
from keras_export.quiet import quiet

# How Keras and TensorFlow name what optimizers and pruning wrappers keep.
TRAINING_STATE = re.compile(
    r"(^|[/_])(mask|momentum|velocity|accumulator|learning_rate|iterations?)"
    r"(_\d+)?(:0)?$",
    re.IGNORECASE,
)
# Where Keras' archive keeps variables: each of the model's in some of these.
KERAS_LISTS = {
    "_all_variables",
    "non_trainable_variables",
    "trainable_variables",
    "variables",
}
VARIABLE_OPERATORS = {"ASSIGN_VARIABLE", "READ_VARIABLE", "VAR_HANDLE"}


def foreign_contents(model, path):
    """Describes what an artefact holds that is not the model's.

    Counts shapes rather than reading names: Keras' archive numbers its
    variables, so a mask or a momentum shows as one variable too many of a
    kernel's shape. Names are looked at where there are any.

    Args:
        model: built `keras.Model`.
        path: str or path-like, SavedModel folder or `.tflite` file.

    Returns:
        list of str, empty for a clean artefact.
    """
    foreign = _training_state(model)
    if not is_saved_model(path):
        return foreign + sorted(operator_names(path) & VARIABLE_OPERATORS)
    # Besides weights, `variables` has the seeds of dropout layers.
    allowed = collections.Counter(tuple(v.shape) for v in model.variables)
    stored = _stored_shapes(path)
    for owner in KERAS_LISTS & set(stored):
        foreign += _describe(stored[owner] - allowed, owner)
    # In an archive whose list is complete, nothing may lie beside the list.
    rest = allowed - stored["variables"]
    return foreign + _describe(stored["elsewhere"] - rest, "elsewhere")


def _training_state(model):
    paths = [variable.path for variable in model.variables]
    return [f"{path!r}" for path in paths if TRAINING_STATE.search(path)]


def _describe(shapes, owner):
    return [
        f"{count} variables of shape {shape} too many in {owner!r}"
        for shape, count in shapes.items()
    ]


def _stored_shapes(path):
    """Returns a dict from where variables lie to counters of their shapes."""
    stored = collections.defaultdict(collections.Counter)
    checkpoint = pathlib.Path(path) / "variables" / "variables"
    if not checkpoint.with_suffix(".index").exists():
        return stored
    with quiet():
        entries = tf.train.list_variables(str(checkpoint))
    for key, shape in entries:
        owner = key.partition("/")[0]
        # Tables of lookup layers end differently.
        if key.endswith("/.ATTRIBUTES/VARIABLE_VALUE"):
            owner = owner if owner in KERAS_LISTS else "elsewhere"
            stored[owner][tuple(shape)] += 1
    return stored
