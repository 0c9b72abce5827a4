"""Configs whose values are objects of Keras, too."""

import keras


def from_nested_config(cls, config, custom_objects=None):
    """The object of a config whose values are serialized themselves.

    Args:
        cls: class whose constructor takes the keys of `config`.
        config: dict of plain values and of what
            `keras.saving.serialize_keras_object` gave.
        custom_objects: dict, as of `keras.saving.load_model`, or None.

    Example:
        >>> from _keras_sparse_common.nested_config import from_nested_config
        >>> relu = keras.saving.serialize_keras_object(keras.layers.ReLU())
        >>> found = from_nested_config(dict, {"layer": relu, "rate": 0.5})
        >>> type(found["layer"]).__name__, found["rate"]
        ('ReLU', 0.5)
    """
    deserialize = keras.saving.deserialize_keras_object
    given = {
        key: deserialize(value, custom_objects=custom_objects)
        for key, value in config.items()
    }
    return cls(**given)
