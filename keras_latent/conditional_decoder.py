"""Decoders that are told the attribute at every layer."""

from collections.abc import Sequence

import keras
from keras import ops

from keras_latent._types import Shape, TensorLike


def concatenate_attribute(
    features: TensorLike, attribute: TensorLike
) -> TensorLike:
    """Adds an attribute to features, the same at every place of a map.

    Args:
        features: tensor of shape (batch, ..., channels).
        attribute: tensor of shape (batch, columns).

    Returns:
        Tensor of shape (batch, ..., channels + columns), `features`' dtype.

    Raises:
        ValueError: tensors of other ranks.

    Source: Lample et al. 2017, arXiv:1706.00409, section 3.4; `decode` in the
        authors' `src/model.py`.

    Example:
        >>> import keras, keras_latent as kl
        >>> maps, attribute = keras.ops.ones((2, 4, 4, 8)), [[0, 1], [1, 0]]
        >>> kl.concatenate_attribute(maps, attribute).shape
        TensorShape([2, 4, 4, 10])
    """
    features = ops.convert_to_tensor(features)
    attribute = ops.cast(attribute, features.dtype)
    if len(features.shape) < 2 or len(attribute.shape) != 2:
        raise ValueError(
            "`features` and `attribute` must be of shapes (batch, ..., "
            "channels) and (batch, columns). Received: shapes "
            f"{tuple(features.shape)} and {tuple(attribute.shape)}."
        )
    columns = attribute.shape[-1]
    shape = ops.shape(features)
    places = [1] * (len(features.shape) - 2)
    tiled = ops.reshape(attribute, (-1, *places, columns))
    tiled = ops.broadcast_to(tiled, (*shape[:-1], columns))
    return ops.concatenate([features, tiled], axis=-1)


@keras.saving.register_keras_serializable(package="keras_latent")
class ConcatenateAttribute(keras.layers.Layer):
    """Layer of `concatenate_attribute`; its inputs are [features, attribute].

    Args:
        **kwargs: `name`, `dtype`, as for every layer.

    Source: as `concatenate_attribute`.

    Example:
        >>> import keras, keras_latent as kl
        >>> code, attribute = keras.Input((2, 2, 16)), keras.Input((10,))
        >>> kl.ConcatenateAttribute()([code, attribute]).shape
        (None, 2, 2, 26)
    """

    def call(self, inputs: Sequence[TensorLike]) -> TensorLike:
        return concatenate_attribute(*inputs)

    def compute_output_shape(self, input_shape: Sequence[Shape]) -> Shape:
        features, attribute = input_shape
        return (*features[:-1], features[-1] + attribute[-1])


def conditional_decoder(
    blocks: Sequence[keras.Layer],
    code_shape: Sequence[int],
    num_columns: int,
    name: str = "decoder",
) -> keras.Model:
    """A decoder whose every block is told the attribute.

    Args:
        blocks: list of layers or models, from the code to the image; each
            takes the output of the one before, with the attribute added to
            its channels. Put what belongs to one step, such as a convolution,
            its normalization and activation, into one `keras.Sequential`.
        code_shape: tuple of int, of one code, such as (8,) or (2, 2, 512).
        num_columns: int, columns of the attribute: the sum of the attributes'
            numbers of classes.
        name: str, name of the model.

    Returns:
        `keras.Model` of [code, attribute] to an image.

    Raises:
        ValueError: no blocks, or a block that is not a layer.

    Source: as `concatenate_attribute`.

    Example:
        >>> import keras, keras_latent as kl
        >>> dense = keras.layers.Dense
        >>> blocks = [dense(64, "relu"), dense(784, "sigmoid")]
        >>> decoder = kl.conditional_decoder(blocks, (8,), 10)
        >>> decoder.output_shape
        (None, 784)
        >>> blocks[1].kernel.shape
        TensorShape([74, 784])
    """
    blocks = list(blocks) if isinstance(blocks, (list, tuple)) else [blocks]
    wrong = [b for b in blocks if not isinstance(b, keras.layers.Layer)]
    if not blocks or wrong:
        raise ValueError(
            "`blocks` must be a list of layers, at least one. "
            f"Received: {wrong or blocks!r}. A function goes into a "
            "`keras.layers.Lambda`, or better a layer of your own."
        )
    code = keras.Input(tuple(code_shape), name="code")
    attribute = keras.Input((num_columns,), name="attribute")
    hidden = code
    for block in blocks:
        hidden = block(ConcatenateAttribute()([hidden, attribute]))
    return keras.Model([code, attribute], hidden, name=name)
