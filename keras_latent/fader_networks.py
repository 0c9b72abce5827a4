"""Encoder, decoder and classifier to begin with."""

from collections.abc import Sequence
from typing import Literal

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Sizes
from keras_latent.conditional_decoder import conditional_decoder
from keras_latent.fader_attributes import check_attribute_sizes


def fader_networks(
    image_shape: Sequence[int],
    attribute_sizes: Sizes,
    code_size: int = 8,
    kind: Literal["dense", "convolutional"] = "dense",
    width: int = 256,
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Returns an encoder, a decoder and a classifier that fit each other.

    "dense" networks have two hidden layers of `width` units and a sigmoid at
    the end: for images in [0, 1] of up to some thousand pixels, such as
    MNIST. "convolutional" networks halve the image `code_size` times by 4 x 4
    convolutions of 32, 64, ... up to `width` channels, and end in a tanh: for
    images in [-1, 1]; the authors' have 256 x 256 pixels, 6 halvings and
    width 512. Both normalize the code, over its channels, to mean 0 and
    variance 1: else the encoder evades the classifier by the code's scale.

    Args:
        image_shape: tuple of int, (pixels,) or (height, width, channels).
        attribute_sizes: int, classes of the attribute, or a list of them.
        code_size: int, numbers of the code; halvings of "convolutional".
        kind: "dense" or "convolutional".
        width: int, units of a hidden layer; most channels of
            "convolutional".

    Returns:
        Tuple (encoder, decoder, classifier) of built `keras.Model`s. The
        decoder takes [code, one-hot attributes]; the classifier emits logits.

    Raises:
        ValueError: an image that does not halve so often, another kind.

    Source: Lample et al. 2017, arXiv:1706.00409; `src/model.py` of the
        authors.
    Differs from the authors' in the normalized code; "dense" is ours.

    Example:
        >>> import keras_latent as kl
        >>> encoder, decoder, classifier = kl.fader_networks((28, 28, 1), 10)
        >>> encoder.output_shape, decoder.output_shape
        ((None, 8), (None, 28, 28, 1))
    """
    image_shape = tuple(image_shape)
    columns = sum(check_attribute_sizes(attribute_sizes))
    check_count("code_size", code_size)
    check_count("width", width)
    makers = {"dense": _dense, "convolutional": _convolutional}
    if kind not in makers:
        raise ValueError(
            f"`kind` must be one of {list(makers)}. Received: kind={kind!r}."
        )
    return makers[kind](image_shape, columns, code_size, width)


def _dense(image_shape, columns, code_size, width):
    pixels = 1
    for size in image_shape:
        pixels *= size
    encoder = [keras.Input(image_shape), layers.Flatten(), *_hidden(width)]
    encoder += [layers.Dense(code_size), _normalization()]
    decoder = [*_hidden(width), layers.Dense(pixels, "sigmoid")]
    decoder[-1] = keras.Sequential([decoder[-1], layers.Reshape(image_shape)])
    return (
        keras.Sequential(encoder, name="encoder"),
        conditional_decoder(decoder, (code_size,), columns),
        keras.Sequential(
            [keras.Input((code_size,)), *_hidden(width), layers.Dense(columns)],
            name="classifier",
        ),
    )


def _hidden(width):
    return [layers.Dense(width, "relu") for _ in range(2)]


def _normalization():
    return layers.LayerNormalization(center=False, scale=False)


def _convolutional(image_shape, columns, halvings, width):
    if len(image_shape) != 3 or any(
        size % 2**halvings for size in image_shape[:2]
    ):
        raise ValueError(
            "`image_shape` must be (height, width, channels) with a height and "
            f"width that halve `code_size`={halvings} times. Received: "
            f"image_shape={image_shape}. Resize the images to a multiple of "
            f"{2**halvings}, or give a smaller `code_size`."
        )
    channels = [min(width, 32 * 2**index) for index in range(halvings)]
    encoder = [keras.Input(image_shape)]
    for index, filters in enumerate(channels):
        encoder += _down(filters, normalize=index > 0)
    encoder = keras.Sequential([*encoder, _normalization()], name="encoder")
    code_shape = encoder.output_shape[1:]
    blocks = [_up(filters) for filters in channels[-2::-1]]
    blocks.append(_up(image_shape[-1], last=True))
    decoder = conditional_decoder(blocks, code_shape, columns)
    return encoder, decoder, _map_classifier(code_shape, columns)


def _map_classifier(code_shape, columns):
    """Convolutions down to one place, dropout, and one hidden layer."""
    body, places = [keras.Input(code_shape)], max(code_shape[:2])
    while places > 1:
        body += _down(code_shape[-1])
        places = -(-places // 2)
    body += [layers.Flatten(), layers.Dropout(0.3), layers.Dense(512)]
    body += [layers.LeakyReLU(0.2), layers.Dense(columns)]
    return keras.Sequential(body, name="classifier")


def _down(filters, normalize=True):
    block = [layers.Conv2D(filters, 4, strides=2, padding="same")]
    block += [layers.BatchNormalization()] if normalize else []
    return [*block, layers.LeakyReLU(0.2)]


def _up(filters, last=False):
    convolution = layers.Conv2DTranspose(
        filters, 4, strides=2, padding="same", use_bias=last
    )
    if last:
        end = [layers.Activation("tanh")]
    else:
        end = [layers.BatchNormalization(), layers.ReLU()]
    return keras.Sequential([convolution, *end])
