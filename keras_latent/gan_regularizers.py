"""What is added to the losses of a GAN, as objects."""

from typing import Self

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import Config, TensorLike


class GANRegularizer:
    """Base class: a penalty on the discriminator, the generator, or both.

    A subclass overrides one or both methods, and `get_config`; registered
    with `keras.saving.register_keras_serializable` it is saved with the GAN.
    Both run inside the gradient tape of their network's step, on the rows of
    one replica.

    Source: none; the seam is ours.

    Example:
        >>> import keras, keras_latent as kl
        >>> class Small(kl.GANRegularizer):
        ...     def generator_penalty(self, gan, latent, fake):
        ...         return keras.ops.mean(keras.ops.square(fake))
        >>> float(Small().generator_penalty(None, None, [[2.0]]))
        4.0
    """

    def discriminator_penalty(
        self, gan: keras.Model, real: TensorLike, fake: TensorLike
    ) -> TensorLike | None:
        """Scalar to add to the discriminator's loss, or None.

        Args:
            gan: the `GAN` in training; `gan.step` counts its steps.
            real: tensor of shape (batch, ...).
            fake: tensor of the same shape.

        Returns:
            float32 scalar tensor, or None: nothing to add.
        """
        return None

    def generator_penalty(
        self, gan: keras.Model, latent: TensorLike, fake: TensorLike
    ) -> TensorLike | None:
        """Scalar to add to the generator's loss, or None.

        Args:
            gan: the `GAN` in training; `gan.step` counts its steps.
            latent: tensor of shape (batch, latent_dim).
            fake: tensor, what the generator made of `latent`.

        Returns:
            float32 scalar tensor, or None: nothing to add.
        """
        return None

    def get_config(self) -> Config:
        """The arguments of the constructor."""
        return {}

    @classmethod
    def from_config(cls, config: Config) -> Self:
        """The object of what `get_config` returned.

        Args:
            config: dict.

        Returns:
            A regularizer of this class.
        """
        return cls(**config)


def overrides(regularizer, side):
    """Whether a regularizer has a penalty of its own on one side.

    Args:
        regularizer: `GANRegularizer`.
        side: "discriminator_penalty" or "generator_penalty".
    """
    return getattr(type(regularizer), side) is not getattr(GANRegularizer, side)


def penalties(gan, side, *arguments):
    """Sum of one side's penalties of all regularizers of a GAN.

    Args:
        gan: the `GAN` in training.
        side: "discriminator_penalty" or "generator_penalty".
        *arguments: of that method.

    Returns:
        float32 scalar tensor, or 0.0 where there is none.
    """
    given = [getattr(r, side)(gan, *arguments) for r in gan.regularizers]
    given = [tf.cast(value, "float32") for value in given if value is not None]
    return tf.add_n(given) if given else 0.0


def slopes(network, inputs):
    """Length of the gradient of a network's outputs, of each example.

    Args:
        network: `keras.Model`; it should not normalize over the batch, which
            mixes the gradients of examples.
        inputs: float32 tensor of shape (batch, ...).

    Returns:
        float32 tensor of shape (batch,), from 1e-6.
    """
    with tf.GradientTape() as tape:
        tape.watch(inputs)
        logits = network(inputs, training=True)
    gradient = tf.cast(tape.gradient(logits, inputs), "float32")
    axes = list(range(1, inputs.shape.rank))
    # The root of zero has no gradient.
    return tf.sqrt(tf.reduce_sum(tf.square(gradient), axes) + 1e-12)


@keras.saving.register_keras_serializable(package="keras_latent")
class GradientPenalty(GANRegularizer):
    """Holds the critic's slope near 1 between real and generated examples.

    The discriminator should not have batch normalization (section 4 of the
    paper): the slope is that of each example.

    Args:
        weight: number from 0.
        target: number from 0, the slope wanted.
        seed: int from 0, of the places between.

    Raises:
        ValueError: a negative or not finite number.

    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3 and
        algorithm 1.

    Example:
        >>> import keras_latent as kl
        >>> kl.GradientPenalty().get_config()
        {'weight': 10.0, 'target': 1.0, 'seed': 0}
    """

    def __init__(
        self, weight: float = 10.0, target: float = 1.0, seed: int = 0
    ) -> None:
        check_number("weight", weight)
        check_number("target", target)
        check_count("seed", seed, minimum=0)
        self.weight, self.target, self.seed = weight, target, seed

    def discriminator_penalty(
        self, gan: keras.Model, real: TensorLike, fake: TensorLike
    ) -> TensorLike:
        real, fake = tf.cast(real, "float32"), tf.cast(fake, "float32")
        rows = tf.shape(real)[0]
        shape = [rows] + [1] * (real.shape.rank - 1)
        place = gan.draw(shape, self.seed, "uniform")
        between = fake + place * (real - fake)
        slope = slopes(gan.discriminator, between)
        return self.weight * tf.reduce_mean(tf.square(slope - self.target))

    def get_config(self) -> Config:
        return {k: getattr(self, k) for k in ("weight", "target", "seed")}


@keras.saving.register_keras_serializable(package="keras_latent")
class R1Penalty(GANRegularizer):
    """Flattens the discriminator at real examples, so that training settles.

    weight / 2 * E |grad D(x)|^2, with D the logit of a real example x.

    Args:
        weight: number from 0.

    Raises:
        ValueError: a negative or not finite number.

    Source: Mescheder et al. 2018, arXiv:1801.04406, equation 9.

    Example:
        >>> import keras_latent as kl
        >>> kl.R1Penalty(weight=5.0).get_config()
        {'weight': 5.0}
    """

    def __init__(self, weight: float = 10.0) -> None:
        check_number("weight", weight)
        self.weight = weight

    def discriminator_penalty(
        self, gan: keras.Model, real: TensorLike, fake: TensorLike
    ) -> TensorLike:
        slope = slopes(gan.discriminator, tf.cast(real, "float32"))
        return self.weight / 2 * tf.reduce_mean(tf.square(slope))

    def get_config(self) -> Config:
        return {"weight": self.weight}
