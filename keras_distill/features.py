"""What models compute inside, next to their outputs, in one run."""

import math

import keras
from keras import ops

from keras_distill.layer_calls import layer_calls


class FeatureReader:
    """Runs a model once for its outputs and the outputs of some layers.

    It is no Keras layer, so that a model which holds one neither tracks nor
    saves the same weights twice.

    Args:
        model: built `keras.Model`.
        layer_names: list of str, names of layers of `model`.

    Raises:
        ValueError: `model` has no such layer, or no layers that can be seen.

    Example:
        >>> import keras
        >>> from keras_distill.features import FeatureReader
        >>> layers = [keras.layers.Dense(8, name="a"), keras.layers.Dense(2)]
        >>> model = keras.Sequential([keras.Input((4,)), *layers])
        >>> reader = FeatureReader(model, ["a"])
        >>> outputs, features = reader(keras.ops.ones((3, 4)), training=False)
        >>> outputs.shape[1], features["a"].shape[1]
        (2, 8)
    """

    def __init__(self, model, layer_names):
        self.layer_names = sorted(set(layer_names))
        self.model = model
        if self.layer_names:
            inputs, outputs, calls = layer_calls(model)
            features = [_output(model, calls, n) for n in self.layer_names]
            name = f"{model.name}_features"
            self.model = keras.Model(inputs, [outputs, features], name=name)
            self.shapes = {
                name: tuple(feature.shape)
                for name, feature in zip(
                    self.layer_names, features, strict=True
                )
            }

    def __call__(self, inputs, training):
        """The outputs, and a dict layer name -> features."""
        result = self.model(inputs, training=training)
        if not self.layer_names:
            return result, {}
        outputs, features = result
        return outputs, dict(zip(self.layer_names, features, strict=True))


def penultimate_layer(model, argument="layer"):
    """Name of the layer whose output enters the last layer with weights.

    Args:
        model: built `keras.Model`, functional or Sequential.
        argument: str, what an error calls the choice of the layer.

    Returns:
        str.

    Raises:
        ValueError: the layers cannot be seen, or there is no such layer, or
            the model has several outputs.

    Example:
        >>> import keras
        >>> from keras_distill.features import penultimate_layer
        >>> layers = [keras.layers.Dense(8, name="a"), keras.layers.Dense(2)]
        >>> penultimate_layer(keras.Sequential([keras.Input((4,)), *layers]))
        'a'
    """
    _, outputs, calls = layer_calls(model, argument)
    weighted = [call for call in calls if getattr(call.layer, "weights", None)]
    found = [
        call.layer.name
        for call in calls
        if weighted and call.output is weighted[-1].source
    ]
    if not found or not isinstance(outputs, keras.KerasTensor):
        raise ValueError(
            f"`{argument}=None` stands for the layer before the last layer "
            f"with weights, which model {model.name!r} does not have. Name "
            f"one of its layers: {[call.layer.name for call in calls]}."
        )
    return found[0]


def flatten_features(features):
    """Features of shape (batch, ...) as float32 of shape (batch, width).

    Raises:
        ValueError: a size other than the batch is unknown.
    """
    width = feature_width(features.shape)
    return ops.cast(ops.reshape(features, (-1, width)), "float32")


def feature_width(shape):
    """Number of features in an example, from the shape with the batch."""
    if None in tuple(shape[1:]):
        raise ValueError(
            "Features must have a known size. Received: shape "
            f"{tuple(shape)}. Name a layer after a pooling."
        )
    return math.prod(shape[1:])


def _output(model, calls, name):
    """Symbolic output of the layer `name`."""
    outputs = [call.output for call in calls if call.layer.name == name]
    if not outputs:
        raise ValueError(
            f"Model {model.name!r} has no layer {name!r}. "
            f"Its layers: {[call.layer.name for call in calls]}."
        )
    if len(outputs) > 1 or not isinstance(outputs[0], keras.KerasTensor):
        raise ValueError(
            f"Layer {name!r} of model {model.name!r} must have one output "
            "tensor and be called once. Name another layer."
        )
    return outputs[0]
