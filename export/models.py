"""What every exporter asks of a Keras model."""

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
