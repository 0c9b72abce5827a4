"""A trained generator as a differentiable function of latent points."""

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import check_count


class SteeredGenerator:
    """Images of latent points, in inference mode, through which gradients pass.

    Args:
        generator: Keras model of one input and one output, called with
            `training=False`; or function of latent points and keyword
            arguments, made of TensorFlow operations where gradients are
            wanted.
        latent_dim: int from 1, needed for a function alone.

    Attributes:
        latent_dim: int, numbers of a latent point.

    Raises:
        ValueError: several inputs or outputs, another latent size than the
            model's, a function without `latent_dim`.

    Source: none.

    Example:
        >>> from keras_latent.steered_generator import SteeredGenerator
        >>> steered = SteeredGenerator(lambda z, scale: scale * z, 2)
        >>> steered([[1.0, 2.0]], {"scale": 3.0}).numpy().tolist()
        [[3.0, 6.0]]
    """

    def __init__(self, generator, latent_dim=None):
        self.generator = generator
        self.latent_dim = latent_size(generator, latent_dim)

    def __call__(self, latents, conditioning=None):
        """Images, float32 tensor (batch, ...).

        Args:
            latents: tensor or array (batch, latent_dim).
            conditioning: dict of keyword arguments of the generator, or None.

        Raises:
            ValueError: latent points of another size, outputs that are not
                one tensor with a row for each point.
        """
        latents = tf.convert_to_tensor(latents)
        if latents.shape.rank != 2 or latents.shape[1] != self.latent_dim:
            raise ValueError(
                f"`latents` must be of shape (batch, {self.latent_dim}). "
                f"Received: shape {tuple(latents.shape)}."
            )
        latents = tf.cast(latents, "float32")
        frozen = isinstance(self.generator, keras.Layer)
        options = {"training": False} if frozen else {}
        images = self.generator(latents, **options, **(conditioning or {}))
        if isinstance(images, (list, tuple, dict)):
            raise _several("output", len(images))
        images = tf.cast(tf.convert_to_tensor(images), "float32")
        rows = images.shape[0], latents.shape[0]
        if images.shape.rank < 2 or (None not in rows and rows[0] != rows[1]):
            raise ValueError(
                "`generator` must give an image for each latent point. "
                f"Received: shape {tuple(images.shape)} for {rows[1]} points."
            )
        return images


def latent_size(generator, latent_dim=None):
    """Numbers of a latent point of a generator.

    Args:
        generator: Keras model or function.
        latent_dim: int from 1, or None: read off the model.

    Raises:
        ValueError: as `SteeredGenerator`.
    """
    if latent_dim is not None:
        check_count("latent_dim", latent_dim)
    if not callable(generator):
        raise ValueError(
            "`generator` must be a Keras model or a function of latent "
            f"points. Received: {type(generator).__name__}."
        )
    inputs = getattr(generator, "inputs", None)
    if inputs and len(inputs) > 1:
        raise _several("input", len(inputs))
    if len(getattr(generator, "outputs", None) or ()) > 1:
        raise _several("output", len(generator.outputs))
    own = inputs[0].shape[-1] if inputs else None
    if own is None and latent_dim is None:
        raise ValueError(
            "`latent_dim` must be given for a function, or a model without "
            "known inputs. Received: latent_dim=None."
        )
    if None not in (own, latent_dim) and own != latent_dim:
        raise ValueError(
            f"`latent_dim` must be that of the generator, {own}. Received: "
            f"latent_dim={latent_dim}."
        )
    return latent_dim if own is None else own


def _several(what, count):
    return ValueError(
        f"`generator` must have one {what}. Received: {count} of them. Choose "
        "one, as in `keras.Model(model.inputs[0], model.outputs[0])`, or wrap "
        "it in a function of latent points."
    )
