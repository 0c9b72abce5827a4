"""How a `ProgressiveGAN` is compiled and trained within a stage."""

from collections.abc import Callable
from typing import Any

import keras
import tensorflow as tf

from keras_latent._types import OptimizerLike
from keras_latent.gan import GAN
from keras_latent.progressive_layers import FadeIn
from keras_latent.progressive_networks import SMALLEST
from keras_latent.progressive_stages import (
    check_stage_images,
    check_values,
    fade_images,
    shrink_images,
)


class ProgressiveTraining(GAN):
    """Base class: a GAN that fades its newest block in."""

    @property
    def stage_steps(self) -> int:
        """Steps of a stage; `stage_step` is how many of them are done."""
        return self.fade_steps + self.stable_steps

    @property
    def alpha(self) -> tf.Tensor:
        """float32 scalar tensor in [0, 1], share of the newest block."""
        done = tf.cast(self.stage_step, "float32")
        return tf.minimum(done / max(self.fade_steps, 1), 1.0)

    @property
    def discriminator_loss(self) -> Callable[[Any, Any], Any]:
        """Function of (real logits, fake logits) -> scalar, with the drift."""
        loss, weight = super().discriminator_loss, self.drift_weight

        def with_drift(real_logits, fake_logits):
            real = tf.cast(real_logits, "float32")
            drift = weight * tf.reduce_mean(tf.square(real))
            return loss(real_logits, fake_logits) + drift

        return with_drift

    def compile(  # type: ignore[override]  # the options of GAN, by name
        self,
        d_optimizer: OptimizerLike = None,
        g_optimizer: OptimizerLike = None,
        **options: Any,
    ) -> None:
        """Sets how the networks are trained; see `GAN.compile`.

        Without optimizers it takes those of the paper: Adam of learning rate
        1e-3, beta_1 0, beta_2 .99 and epsilon 1e-8.

        Args:
            d_optimizer, g_optimizer: optimizers or their names, or None.
            **options: other arguments of `GAN.compile`, by name.

        Raises:
            ValueError: as `GAN.compile`.
        """
        adam = keras.optimizers.Adam
        paper = dict(beta_1=0.0, beta_2=0.99, epsilon=1e-8)
        super().compile(
            d_optimizer or adam(1e-3, **paper),
            g_optimizer or adam(1e-3, **paper),
            **options,
        )

    def _check(self, images):
        check_stage_images(self, images.shape)
        check_values(images)

    def _unpack(self, data):
        real = super()._unpack(data)
        check_stage_images(self, real.shape)
        real = shrink_images(tf.cast(real, "float32"), self.size)
        return real if self.size == SMALLEST else fade_images(real, self.alpha)

    def _finish_step(self):
        super()._finish_step()
        self.stage_step.assign_add(1)
        self.set_alpha()

    def set_alpha(self) -> None:
        """Sets the blend of the networks to `alpha`."""
        for network in self.networks:
            for layer in network.layers:
                if isinstance(layer, FadeIn):
                    layer.alpha.assign(self.alpha)

    @property
    def networks(self) -> list[keras.Model]:
        """Generator, discriminator and, if there is one, `ema_generator`."""
        given = (self.generator, self.discriminator, self.ema_generator)
        return [network for network in given if network is not None]
