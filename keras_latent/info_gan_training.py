"""How an `InfoGAN` is compiled, trained and evaluated."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_latent._types import OptimizerLike, TensorLike
from keras_latent.gan import GAN
from keras_latent.gan_training import EVALUATION_LATENT
from keras_latent.info_gan_codes import draw_latent
from keras_latent.info_gan_steps import (
    discriminator_step,
    generator_step,
    judge,
    reading_values,
)


class InfoGANTraining(GAN):
    """Base class: a GAN whose codes a recognizer reads back."""

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What `g_optimizer` trains: weights of generator and recognizer."""
        own = self.recognizer.trainable_variables
        return self.generator.trainable_variables + own

    @property
    def code_width(self) -> int:
        """Columns of a latent point that are codes, the last ones."""
        return sum(self.categorical) + self.continuous

    def codes_of(self, latent: TensorLike) -> TensorLike:
        """The columns of latent points that are codes.

        Args:
            latent: tensor (rows, latent_dim).

        Returns:
            Tensor (rows, code_width).
        """
        return latent[:, self.latent_shape[0] - self.code_width :]

    def compile(  # type: ignore[override]  # the options of GAN, by name
        self,
        d_optimizer: OptimizerLike = None,
        g_optimizer: OptimizerLike = None,
        **options: Any,
    ) -> None:
        """Sets how the networks are trained; see `GAN.compile`.

        Without optimizers it takes those of the paper: Adam of beta_1 0.5 and
        learning rates 2e-4 (discriminator) and 1e-3 (generator).

        Args:
            d_optimizer, g_optimizer: optimizers or their names, or None.
            **options: other arguments of `GAN.compile`, by name.

        Raises:
            ValueError: as `GAN.compile`.
        """
        default = keras.optimizers.Adam(1e-3, 0.5)
        super().compile(d_optimizer, g_optimizer or default, **options)

    def draw_latent(self, rows: Any, *purpose: int) -> tf.Tensor:
        """Latent points of this step.

        Args:
            rows: int or int tensor.
            *purpose: ints: each has draws of its own.

        Returns:
            float32 tensor (rows, latent_dim), the codes last.
        """
        return self.draw_codes(rows, (self.seed, *purpose), self.step)

    def draw_codes(
        self, rows: Any, seed: Sequence[int], step: Any
    ) -> tf.Tensor:
        """Latent points of a seed and a step.

        Args:
            rows: int or int tensor.
            seed: tuple of ints.
            step: int or int scalar tensor.

        Returns:
            float32 tensor (rows, latent_dim), the codes last.
        """
        width, kind = self.latent_shape[0], self.latent_distribution
        codes = self.categorical, self.continuous
        return draw_latent(rows, width, *codes, seed, step, kind)

    def _discriminate(self, real, fake, latent):
        return discriminator_step(self, real, fake, latent)

    def _generate(self, latent):
        return generator_step(self, latent)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The same losses on a batch, of which nothing is trained."""
        real = self._unpack(data)
        rows = tf.shape(real)[0]
        latent = self.draw_codes(
            rows, (self.seed, EVALUATION_LATENT), self.judged
        )
        logits, readings = judge(self, self(latent), training=False)
        real_logits = self.discriminator(real, training=False)
        read = reading_values(self, latent, readings)
        information = self.information_weight * read["information_loss"]
        shared = information if self.features is not None else 0.0
        loss = self.discriminator_loss(real_logits, logits)
        values = {
            "d_loss": loss + shared,
            "g_loss": self.generator_loss(logits) + information,
            "real_score": tf.reduce_mean(tf.cast(real_logits, "float32")),
            "fake_score": tf.reduce_mean(tf.cast(logits, "float32")),
            **read,
        }
        self._track(rows, values)
        self.judged.assign_add(1)
        return {name: self.trackers[name].result() for name in values}
