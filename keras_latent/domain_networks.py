"""Features, labeler and domain classifier to begin with."""

from collections.abc import Sequence

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count


def domain_networks(
    image_shape: Sequence[int], num_classes: int, normalize: bool = True
) -> tuple[keras.Model, keras.Model, keras.Model]:
    """Returns the three networks of `DomainAdversarial`, of the paper's size.

    Two convolutions of 32 and 48 channels, 5 x 5, each followed by a maximum
    over 2 x 2; the labeler has two hidden layers of 100 units, the domain
    classifier one. For images of digits, of some 14 to 32 pixels a side.

    Args:
        image_shape: tuple of int (height, width, channels), from 4 pixels.
        num_classes: int from 2.
        normalize: bool, batch normalisation after each convolution.

    Returns:
        Tuple (features, labeler, domain_classifier) of built `keras.Model`s.
        The last two emit logits; compile with a loss `from_logits=True`.

    Raises:
        ValueError: another shape, or a number out of range.

    Source: Ganin et al. 2016, arXiv:1505.07818, figure 4 (a); `model.py` of
        pumpikano/tf-dann.
    Differs from it in the batch normalisation, which fungtion/DANN has.

    Example:
        >>> import keras_latent as kl
        >>> networks = kl.domain_networks((28, 28, 3), 10)
        >>> [network.output_shape for network in networks]
        [(None, 2352), (None, 10), (None, 1)]
    """
    check_count("num_classes", num_classes, 2)
    shape = tuple(image_shape)
    if len(shape) != 3 or min(shape[:2]) < 4:
        raise ValueError(
            "`image_shape` must be (height, width, channels) with at least 4 "
            f"pixels a side. Received: image_shape={image_shape}."
        )
    blocks = [*_block(32, normalize), *_block(48, normalize)]
    features = keras.Sequential(
        [keras.Input(shape), *blocks, layers.Flatten()], name="features"
    )
    code = features.output_shape[1:]
    return (
        features,
        _head(code, 2, num_classes, "labeler"),
        _head(code, 1, 1, "domain_classifier"),
    )


def _block(channels, normalize):
    convolution = layers.Conv2D(channels, 5, padding="same")
    between = [layers.BatchNormalization()] if normalize else []
    return [
        *(convolution, *between, layers.Activation("relu")),
        layers.MaxPooling2D(),
    ]


def _head(code, hidden, outputs, name):
    body = [layers.Dense(100, "relu") for _ in range(hidden)]
    return keras.Sequential(
        [keras.Input(code), *body, layers.Dense(outputs)], name=name
    )
