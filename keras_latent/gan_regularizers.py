"""What is added to the losses of a GAN, as objects."""

import keras
import tensorflow as tf

from keras_latent.arguments import check_number


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

    def discriminator_penalty(self, gan, real, fake):
        """Scalar to add to the discriminator's loss, or None.

        Args:
            gan: the `GAN` in training; `gan.step` counts its steps.
            real: tensor of shape (batch, ...).
            fake: tensor of the same shape.
        """
        return None

    def generator_penalty(self, gan, latent, fake):
        """Scalar to add to the generator's loss, or None.

        Args:
            gan: the `GAN` in training; `gan.step` counts its steps.
            latent: tensor of shape (batch, latent_dim).
            fake: tensor, what the generator made of `latent`.
        """
        return None

    def get_config(self):
        return {}

    @classmethod
    def from_config(cls, config):
        return cls(**config)


@keras.saving.register_keras_serializable(package="keras_latent")
class GradientPenalty(GANRegularizer):
    """Holds the critic's slope near 1 between real and generated examples.

    Args:
        weight: number from 0.
        target: number from 0, the slope wanted.
        seed: int, of the places between.

    Raises:
        ValueError: a negative or not finite number.

    Source: Gulrajani et al. 2017, arXiv:1704.00028, equation 3 and
        algorithm 1.

    Example:
        >>> import keras_latent as kl
        >>> kl.GradientPenalty().get_config()
        {'weight': 10.0, 'target': 1.0, 'seed': 0}
    """

    def __init__(self, weight=10.0, target=1.0, seed=0):
        check_number("weight", weight)
        check_number("target", target)
        self.weight, self.target, self.seed = weight, target, seed

    def discriminator_penalty(self, gan, real, fake):
        real, fake = tf.cast(real, "float32"), tf.cast(fake, "float32")
        rows = tf.shape(real)[0]
        shape = [rows] + [1] * (real.shape.rank - 1)
        place = gan.draw(shape, self.seed, "uniform")
        between = fake + place * (real - fake)
        with tf.GradientTape() as tape:
            tape.watch(between)
            logits = gan.discriminator(between, training=True)
        gradient = tf.cast(tape.gradient(logits, between), "float32")
        axes = list(range(1, real.shape.rank))
        slope = tf.sqrt(tf.reduce_sum(tf.square(gradient), axes) + 1e-12)
        return self.weight * tf.reduce_mean(tf.square(slope - self.target))

    def get_config(self):
        return {k: getattr(self, k) for k in ("weight", "target", "seed")}
