"""A small network from images to masks."""

from collections.abc import Sequence

import keras
from keras import layers

from _keras_sparse_common.arguments import check_count


def segmentation_network(
    image_shape: Sequence[int],
    num_classes: int = 2,
    width: int = 16,
    depth: int = 2,
    seed: int = 0,
) -> keras.Model:
    """A small U-Net: convolutions that halve, and double again, with skips.

    Args:
        image_shape: (height, width, channels), sides multiples of 2^depth.
        num_classes: int from 2, with the background.
        width: int from 1, channels of the first level; each next has double.
        depth: int from 1, times that the image is halved.
        seed: int from 0, of the first weights.

    Returns:
        Compiled `keras.Model` from images in [-1, 1] to logits (batch,
        height, width, num_classes). It learns from whole numbers (batch,
        height, width), the masks; its mask is `argmax` of the logits.

    Raises:
        ValueError: another image shape, an argument out of range.

    Source: Ronneberger et al. 2015, arXiv:1505.04597, figure 1;
        segmentation/unet_model.py of anvoynov/GANLatentDiscovery.
    Differs from them: fewer levels and channels; images keep their size.

    Example:
        >>> import keras_latent as kl
        >>> kl.segmentation_network((16, 16, 3), width=4).output_shape
        (None, 16, 16, 2)
    """
    for name, value, least in (
        ("num_classes", num_classes, 2),
        ("width", width, 1),
        ("depth", depth, 1),
        ("seed", seed, 0),
    ):
        check_count(name, value, least)
    shape = tuple(image_shape)
    if len(shape) != 3 or any(
        not isinstance(side, int) or side < 1 or side % 2**depth
        for side in (*shape[:2], 2**depth * shape[-1])
    ):
        raise ValueError(
            f"`image_shape` must be (height, width, channels), its sides "
            f"multiples of {2**depth}, 2 to the `depth`. Received: "
            f"image_shape={image_shape}."
        )
    conv = _Convolutions(seed)
    image = keras.Input(shape)
    x, skips = image, []
    for level in range(depth):
        x = conv.twice(x, width * 2**level)
        skips.append(x)
        x = layers.MaxPooling2D()(x)
    x = conv.twice(x, width * 2**depth)
    for level in reversed(range(depth)):
        x = layers.UpSampling2D(interpolation="bilinear")(x)
        x = layers.Concatenate()([skips[level], x])
        x = conv.twice(x, width * 2**level)
    logits = layers.Conv2D(num_classes, 1, **conv.start())(x)
    model = keras.Model(image, logits, name="segmentation")
    model.compile(
        keras.optimizers.Adam(5e-3),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        metrics=["accuracy"],
        jit_compile=False,
    )
    return model


class _Convolutions:
    """Convolutions whose first weights depend on a seed and their order."""

    def __init__(self, seed):
        self.seed = 1000 * seed

    def start(self):
        self.seed += 1
        initializer = keras.initializers.HeUniform(seed=self.seed)
        return {"kernel_initializer": initializer}

    def twice(self, x, filters):
        """3 x 3, batch normalization and ReLU, two times."""
        for _ in range(2):
            x = layers.Conv2D(
                filters, 3, padding="same", use_bias=False, **self.start()
            )(x)
            x = layers.BatchNormalization(momentum=0.9)(x)
            x = layers.ReLU()(x)
        return x
