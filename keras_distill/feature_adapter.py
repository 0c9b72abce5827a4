"""The trainable map from a student's features to a distillation loss."""

import keras
from keras import ops

from keras_distill.features import feature_width, flatten_features


class FeatureAdapter(keras.layers.Layer):
    """Affine map of flattened features, in float32.

    Its weights are not called "kernel", so that pruning by name leaves them
    dense: they are no part of the student.

    Args:
        units: int, width of the result.
        seed: int, of the initial weights.
        **kwargs: as for every `keras.layers.Layer`.
    """

    def __init__(self, units, seed, **kwargs):
        super().__init__(dtype="float32", **kwargs)
        self.units = units
        self.seed = seed

    def build(self, input_shape):
        width = feature_width(input_shape)
        self.matrix = self.add_weight(
            shape=(width, self.units),
            initializer=keras.initializers.GlorotUniform(seed=self.seed),
            name="matrix",
        )
        self.offset = self.add_weight(
            shape=(self.units,), initializer="zeros", name="offset"
        )

    def call(self, inputs):
        features = flatten_features(inputs)
        return ops.matmul(features, self.matrix) + self.offset
