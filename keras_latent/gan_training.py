"""How a `GAN` is compiled, trained and evaluated."""

from collections.abc import Sequence
from typing import Any

import keras
import tensorflow as tf

from keras_latent._types import Config, LatentDistribution, OptimizerLike
from keras_latent.fresh_batches import share_rows
from keras_latent.gan_average import update_average
from keras_latent.gan_latent import draw_rows
from keras_latent.gan_steps import discriminator_step, generator_step
from keras_latent.two_optimizers import (
    check_optimizers,
    compile_config,
    scale_if_half,
)

# Each kind of draw has a number of its own, so that none repeats another's.
DISCRIMINATOR_LATENT, GENERATOR_LATENT, SAMPLE_LATENT, OTHER = range(4)
EVALUATION_LATENT = 4


class GANTraining(keras.Model):
    """Base class: the training of a generator against a discriminator."""

    def compile(
        self,
        d_optimizer: OptimizerLike = None,
        g_optimizer: OptimizerLike = None,
        run_eagerly: bool = False,
        jit_compile: bool | str = "auto",
        steps_per_execution: int = 1,
        auto_scale_loss: bool = True,
    ) -> None:
        """Sets how discriminator and generator are trained.

        Args:
            d_optimizer: of the discriminator; None: Adam of learning rate
                2e-4 and beta_1 0.5.
            g_optimizer: of the generator; None: likewise. It is also the
                `optimizer` of the model, which callbacks find.
            run_eagerly, jit_compile, steps_per_execution, auto_scale_loss: as
                in `keras.Model.compile`; TensorFlow cannot compile (XLA) a
                step of several replicas.

        Raises:
            ValueError: the same optimizer twice, one with `use_ema`,
                `jit_compile=True` under several replicas.
        """
        adam = keras.optimizers.Adam
        critic = keras.optimizers.get(d_optimizer or adam(2e-4, 0.5))
        g_optimizer = keras.optimizers.get(g_optimizer or adam(2e-4, 0.5))
        check_optimizers(
            {"d_optimizer": critic, "g_optimizer": g_optimizer},
            "Give the GAN `ema_momentum` instead.",
        )
        replicas = self.distribute_strategy.num_replicas_in_sync
        if replicas > 1 and jit_compile is True:
            raise ValueError(
                "`jit_compile` must be False under a strategy of several "
                "replicas, whose variables XLA cannot reach from one device. "
                f"Received: jit_compile=True and {replicas} replicas."
            )
        super().compile(
            g_optimizer,
            run_eagerly=run_eagerly,
            jit_compile=jit_compile,
            steps_per_execution=steps_per_execution,
            auto_scale_loss=auto_scale_loss,
        )
        if auto_scale_loss:
            critic = scale_if_half(
                critic, self.discriminator, "d_loss_scale_optimizer"
            )
        self.d_optimizer = critic
        with self.distribute_strategy.scope():
            self.g_optimizer.build(self.generator_variables)
            critic.build(self.discriminator.trainable_variables)

    @property
    def generator_variables(self) -> list[keras.Variable]:
        """What `g_optimizer` trains."""
        return self.generator.trainable_variables

    @property
    def g_optimizer(self) -> keras.optimizers.Optimizer:
        """The optimizer of the generator."""
        return self.optimizer

    def get_compile_config(self) -> Config:
        if not self.compiled:
            return {}
        optimizers = {
            "d_optimizer": self.d_optimizer,
            "g_optimizer": self.g_optimizer,
        }
        return compile_config(super().get_compile_config(), optimizers)

    def compile_from_config(self, config: Config) -> None:
        self.compile(**keras.saving.deserialize_keras_object(config))

    @property
    def metrics(self) -> list[keras.metrics.Metric]:
        return list(self.trackers.values())

    def draw(
        self,
        shape: Sequence[Any],
        purpose: Sequence[int],
        kind: LatentDistribution | None = None,
    ) -> tf.Tensor:
        """Random rows of this step; see `draw_rows`.

        Args:
            shape: list of ints or int tensors, the rows first.
            purpose: int, or tuple of ints: each has draws of its own.
            kind: as `latent_distribution`; None: that of the GAN.

        Returns:
            float32 tensor of that shape.
        """
        kind = kind or self.latent_distribution
        seed = purpose if isinstance(purpose, tuple) else (OTHER, purpose)
        return draw_rows(shape, (self.seed, *seed), self.step, kind)

    def draw_latent(self, rows: Any, *purpose: int) -> tf.Tensor:
        """Latent points of this step.

        Args:
            rows: int or int tensor.
            *purpose: ints: each has draws of its own.

        Returns:
            float32 tensor (rows, latent_dim).
        """
        return self.draw([rows, *self.latent_shape], purpose)

    def train_step(self, data: Any) -> dict[str, Any]:
        """`critic_steps` steps of the discriminator, one of the generator."""
        real = self._unpack(data)
        for index in range(self.critic_steps):
            share = share_rows(real, index, self.critic_steps)
            rows = tf.shape(share)[0]
            latent = self.draw_latent(rows, DISCRIMINATOR_LATENT, index)
            fake = self.generator(latent, training=True)
            self._track(rows, self._discriminate(share, fake, latent))
        latent = self.draw_latent(rows, GENERATOR_LATENT)
        self._track(rows, self._generate(latent))
        self._finish_step()
        return self.get_metrics_result()

    def _discriminate(self, real, fake, latent):
        """A step of the discriminator; what of it is logged."""
        return discriminator_step(self, real, fake)

    def _generate(self, latent):
        """A step of the generator; what of it is logged."""
        return generator_step(self, latent)

    def test_step(self, data: Any) -> dict[str, Any]:
        """The same losses on a batch, of which nothing is trained."""
        real = self._unpack(data)
        rows = tf.shape(real)[0]
        latent = draw_rows(
            [rows, *self.latent_shape],
            (self.seed, EVALUATION_LATENT),
            self.judged,
            self.latent_distribution,
        )
        fake_logits = self.discriminator(self(latent), training=False)
        real_logits = self.discriminator(real, training=False)
        values = {
            "d_loss": self.discriminator_loss(real_logits, fake_logits),
            "g_loss": self.generator_loss(fake_logits),
            "real_score": tf.reduce_mean(tf.cast(real_logits, "float32")),
            "fake_score": tf.reduce_mean(tf.cast(fake_logits, "float32")),
        }
        self._track(rows, values)
        self.judged.assign_add(1)
        # Of what is logged in training alone there is no result.
        return {name: self.trackers[name].result() for name in values}

    def _finish_step(self):
        if self.ema_generator is not None:
            update_average(
                self.ema_generator, self.generator, self.ema_momentum
            )
        self.step.assign_add(1)

    def _unpack(self, data):
        real, labels, weight = keras.utils.unpack_x_y_sample_weight(data)
        if labels is not None or weight is not None:
            raise ValueError(
                "A `GAN` is trained on images alone. Received: batches with "
                f"{'labels' if labels is not None else 'weights'}. Leave them "
                "out, as in `dataset.map(lambda image, label: image)`."
            )
        return real

    def _track(self, rows, values):
        for name, value in values.items():
            value = tf.stop_gradient(value)
            self.trackers[name].update_state(value, sample_weight=rows)
