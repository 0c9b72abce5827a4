"""What every exporter asks of a Keras model."""

import re

import keras


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


def check_input_names(model):
    """Raises for names of inputs that no TensorFlow signature can have."""
    names = [tensor.name for tensor in getattr(model, "inputs", None) or ()]
    # Of several, TensorFlow rewrites what is no word, and ignores case.
    pattern = r"[A-Za-z]\w*" if len(names) > 1 else r"[A-Za-z0-9.][\w.>-]*"
    wrong = [
        name
        for name in names
        if not re.fullmatch(pattern, name, re.ASCII)
        or name == "self"
        or sum(name.lower() == other.lower() for other in names) > 1
    ]
    if wrong:
        raise ValueError(
            "`model` must have inputs with names that TensorFlow can export: "
            "of letters, digits and '_', a letter first, not 'self', and "
            f"different beyond upper and lower case. Received: {wrong}. Rename "
            "them: `keras.Input(shape, name=...)`."
        )
