"""The images of a stage of progressive growing, and the way through all."""

import warnings

import keras
import numpy as np
import tensorflow as tf

from keras_latent.shuffled_batches import shuffled_batches


def shrink_images(images, size):
    """Area averages of images, of `size` pixels a side.

    Args:
        images: float tensor of shape (batch, side, side, channels), where
            side is a multiple of `size`.
        size: int from 1.

    Returns:
        Tensor of shape (batch, size, size, channels).

    Example:
        >>> import numpy as np
        >>> from keras_latent.progressive_stages import shrink_images
        >>> shrink_images(np.arange(4.0).reshape(1, 2, 2, 1), 1).numpy().item()
        1.5
    """
    factor = images.shape[1] // size
    if factor == 1:
        return tf.convert_to_tensor(images)
    return tf.nn.avg_pool2d(images, factor, factor, "VALID")


def fade_images(images, alpha):
    """Blends images with themselves at half the resolution.

    Args:
        images: float tensor of shape (batch, side, side, channels).
        alpha: scalar tensor in [0, 1]; 1: the images themselves.

    Returns:
        Tensor like `images`.

    Source: Karras et al. 2018, arXiv:1710.10196, appendix A; `process_reals`
        in `train.py` of the authors.

    Example:
        >>> import numpy as np
        >>> from keras_latent.progressive_stages import fade_images
        >>> image = np.arange(4.0).reshape(1, 2, 2, 1)
        >>> fade_images(image, 0.0).numpy().ravel().tolist()
        [1.5, 1.5, 1.5, 1.5]
    """
    images = tf.convert_to_tensor(images)
    coarse = tf.nn.avg_pool2d(images, 2, 2, "VALID")
    coarse = tf.repeat(tf.repeat(coarse, 2, axis=1), 2, axis=2)
    return coarse + (images - coarse) * tf.cast(alpha, images.dtype)


def check_stage_images(gan, shape):
    """Raises unless images of a shape can be shrunk to a GAN's present size.

    Args:
        gan: `ProgressiveGAN`.
        shape: tuple of int or None, (batch, height, width, channels).
    """
    powers = [2**k for k in range(2, gan.image_size.bit_length())]
    wanted = [side for side in powers if side >= gan.size]
    square = len(shape) == 4 and shape[1] == shape[2]
    if not square or shape[1] not in wanted or shape[3] != gan.channels:
        raise ValueError(
            "`x` must hold images of shape (batch, side, side, "
            f"{gan.channels}) with a side of "
            f"{' or '.join(str(side) for side in wanted)} pixels, which are "
            f"shrunk to {gan.size} here. Received: shape {tuple(shape)}. "
            "Resize or pad them, or set `image_size` and `channels`."
        )


def check_values(images):
    """Raises unless images are finite; warns of values outside [-1, 1]."""
    low, high = float(np.min(images)), float(np.max(images))
    if not np.isfinite([low, high]).all():
        raise ValueError(
            "`x` must hold finite images. Received: values from "
            f"{low:g} to {high:g}. Look at the data."
        )
    if low < -1 or high > 1:
        warnings.warn(
            f"`x` has values from {low:g} to {high:g}; a `ProgressiveGAN` "
            "begins with images of about [-1, 1]. Scale the images to that "
            "range, such as by `images / 127.5 - 1`.",
            stacklevel=2,
        )


def fit_stages(gan, x, batch_size, steps_per_epoch, seed, options):
    """See `ProgressiveGAN.fit_stages`."""
    history = {}
    while True:
        rest = gan.stage_steps - int(gan.stage_step)
        if rest > 0:
            data = _endless(gan, x, batch_size, seed)
            logs = _fit_stage(gan, data, rest, steps_per_epoch, options)
            history[gan.size] = logs
        if gan.size == gan.image_size:
            return gan, history
        gan = gan.grow()


def _fit_stage(gan, data, rest, steps_per_epoch, options):
    options = {"shuffle": False, **options}
    length = min(steps_per_epoch or rest, rest)
    epochs, left = divmod(rest, length)
    done = gan.fit(data, steps_per_epoch=length, epochs=epochs, **options)
    logs = done.history
    if left:
        data = data.skip(epochs * length * gan.critic_steps)
        last = gan.fit(
            data,
            steps_per_epoch=left,
            initial_epoch=epochs,
            epochs=epochs + 1,
            **options,
        )
        logs = {key: logs[key] + last.history[key] for key in logs}
    return logs


def _endless(gan, x, batch_size, seed):
    if isinstance(x, tf.data.Dataset):
        if batch_size is not None:
            raise ValueError(
                "`batch_size` must be None where `x` is a `tf.data.Dataset` "
                f"of batches. Received: batch_size={batch_size}."
            )
        return x.repeat()
    if not hasattr(x, "shape") or isinstance(x, keras.utils.PyDataset):
        raise ValueError(
            "`x` must be an array of images or a `tf.data.Dataset` of batches "
            f"of images. Received: {type(x).__name__}."
        )
    check_stage_images(gan, x.shape)
    first = int(gan.step) * gan.critic_steps
    size = 16 if batch_size is None else batch_size
    return shuffled_batches(x, x[:, 0, 0, 0], size, seed, first).map(
        lambda images, _: images
    )
