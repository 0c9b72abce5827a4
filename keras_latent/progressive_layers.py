"""Layers of progressive growing: norm, spread of a batch, fading in."""

from typing import Any

import keras
import tensorflow as tf
from keras import ops

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Config, Shape, TensorLike

EPSILON = 1e-8  # of the authors' code, in both norms


@keras.saving.register_keras_serializable(package="keras_latent")
class PixelNormalization(keras.layers.Layer):
    """Scales each pixel's channels to a mean square of 1.

    Takes a tensor of shape (batch, ..., channels), returns one like it. The
    mean is taken in float32 under any dtype policy.

    Args:
        **kwargs: `name`, `dtype`, `trainable`, as for every layer.

    Source: Karras et al. 2018, arXiv:1710.10196, section 4.2; `pixel_norm` in
        `networks.py` of the authors.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> pixel = kl.PixelNormalization()(np.array([[3.0, 4.0]]))
        >>> round(float(np.mean(np.square(pixel))), 4)
        1.0
    """

    def call(self, inputs: TensorLike) -> TensorLike:
        values = ops.cast(inputs, "float32")
        square = ops.mean(ops.square(values), axis=-1, keepdims=True)
        return ops.cast(values * ops.rsqrt(square + EPSILON), inputs.dtype)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return input_shape


@keras.saving.register_keras_serializable(package="keras_latent")
class MinibatchStandardDeviation(keras.layers.Layer):
    """Appends a channel that tells how much the examples of a group differ.

    The batch is dealt out to groups of at most `group_size` rows: with n
    groups, row r goes to group r mod n. The channel holds one number for each
    group, the mean over places and channels of the standard deviation over
    the group. Under a `tf.distribute` strategy each replica deals out its own
    rows.

    Takes a tensor of shape (batch, ..., channels), returns one of shape
    (batch, ..., channels + 1). The number is taken in float32.

    Args:
        group_size: int from 2.
        **kwargs: `name`, `dtype`, `trainable`, as for every layer.

    Raises:
        ValueError: `group_size` below 2.

    Source: Karras et al. 2018, arXiv:1710.10196, section 3;
        `minibatch_stddev_layer` in `networks.py` of the authors.
    Differs from the authors' in batches that do not divide: theirs fails,
    here the groups differ by at most one row.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> layer = kl.MinibatchStandardDeviation()
        >>> layer(np.array([[1.0], [3.0]])).numpy().tolist()
        [[1.0, 1.0], [3.0, 1.0]]
    """

    def __init__(self, group_size: int = 4, **kwargs: Any) -> None:
        check_count("group_size", group_size, minimum=2)
        super().__init__(**kwargs)
        self.group_size = group_size

    def call(self, inputs: TensorLike) -> TensorLike:
        shape = tf.shape(inputs)
        rows = shape[0]
        size = tf.minimum(self.group_size, rows)
        groups = -(-rows // size)
        values = tf.reshape(tf.cast(inputs, "float32"), [rows, -1])
        missing = groups * size - rows
        values = tf.pad(values, [[0, missing], [0, 0]])
        values = tf.reshape(values, [size, groups, tf.shape(values)[1]])
        real = tf.reshape(tf.range(groups * size) < rows, [size, groups, 1])
        real = tf.cast(real, "float32")
        count = tf.reduce_sum(real, axis=0)
        mean = tf.reduce_sum(values, axis=0) / count
        square = tf.square(values - mean) * real
        deviation = tf.sqrt(tf.reduce_sum(square, axis=0) / count + EPSILON)
        spread = tf.tile(tf.reduce_mean(deviation, axis=1), [size])[:rows]
        spread = tf.cast(spread, inputs.dtype)
        ones = tf.ones_like(inputs[..., :1])
        spread = tf.reshape(spread, [-1] + [1] * (inputs.shape.rank - 1))
        return tf.concat([inputs, ones * spread], axis=-1)

    def compute_output_shape(self, input_shape: Shape) -> Shape:
        return (*input_shape[:-1], input_shape[-1] + 1)

    def get_config(self) -> Config:
        return {**super().get_config(), "group_size": self.group_size}


@keras.saving.register_keras_serializable(package="keras_latent")
class FadeIn(keras.layers.Layer):
    """Blends two tensors: (1 - alpha) * old + alpha * new.

    `alpha` is a float32 variable in [0, 1], 1 at first; it is not trained but
    set, and saved with the weights.

    Args:
        **kwargs: `name`, `dtype`, `trainable`, as for every layer.

    Source: Karras et al. 2018, arXiv:1710.10196, figure 2.

    Example:
        >>> import numpy as np
        >>> from keras_latent.progressive_layers import FadeIn
        >>> layer = FadeIn()
        >>> layer.build()
        >>> alpha = layer.alpha.assign(0.25)
        >>> layer([np.array([0.0]), np.array([8.0])]).numpy().tolist()
        [2.0]
    """

    def build(self, input_shape=None):
        self.alpha = self.add_weight(
            shape=(),
            initializer="ones",
            trainable=False,
            aggregation="only_first_replica",
            name="alpha",
        )

    def call(self, inputs):
        old, new = inputs
        return old + (new - old) * ops.cast(self.alpha, old.dtype)

    def compute_output_shape(self, input_shape):
        return input_shape[0]
