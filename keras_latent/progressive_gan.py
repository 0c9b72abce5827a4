"""A GAN whose images double in size as it is trained."""

from collections.abc import Sequence
from typing import Any

import keras

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import Config, Dtype, LatentDistribution
from keras_latent.gan_checks import loss_config
from keras_latent.gan_losses import GANLoss
from keras_latent.gan_regularizers import GANRegularizer, GradientPenalty
from keras_latent.progressive_networks import (
    SMALLEST,
    check_size,
    copy_weights,
    progressive_networks,
)
from keras_latent.progressive_stages import fit_stages
from keras_latent.progressive_training import ProgressiveTraining

NETWORK = (
    "channels",
    "latent_dim",
    "channel_base",
    "channel_max",
    "group_size",
    "seed",
)


@keras.saving.register_keras_serializable(package="keras_latent")
class ProgressiveGAN(ProgressiveTraining):
    """GAN that begins with images of 4 x 4 pixels and grows by doubling.

    `grow` returns a GAN of twice the size that has all weights of this one
    and draws, at first, what this one draws. In its first `fade_steps` steps
    `alpha` rises from 0 to 1: the new block is blended in, in generator and
    discriminator, and the real images are blended from half resolution to
    full. A stage ends `stable_steps` steps later:

        gan = gan.grow()        # after gan.fit(images)
        gan, history = gan.fit_stages(images)        # or all stages at once

    `fit` and `evaluate` take images of the final size, or of any power of two
    from the present size on; they are shrunk by area averages. The generator
    has no activation at the end; images should be in [-1, 1]. Saved in the
    midst of a stage and loaded, a GAN goes on as if it had not stopped.

    Args:
        image_size: int, pixels of a side at the end, a power of two from 4.
        channels: int from 1, of an image.
        latent_dim: int from 1.
        size: int, pixels of a side at present, a power of two from 4 to
            `image_size`. What is built at a size has nothing to fade in.
        fade_steps: int from 0, steps in which a new block is faded in; the
            authors' code has 600,000 images in batches of 16.
        stable_steps: int from 1, steps of a stage after these; the same.
        channel_base, channel_max, group_size: see `progressive_networks`.
        drift_weight: number from 0, of the mean of the squared real scores,
            which is part of the discriminator's loss.
        loss, critic_steps, latent_distribution, ema_momentum: see `GAN`.
        regularizers: list of `GANRegularizer`; None: `GradientPenalty()`.
        seed: int from 0, of the first weights and of the latent points.
        dtype: dtype policy or its name; None: the global one.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: an argument out of range; images that do not fit.

    Source: Karras et al. 2018, arXiv:1710.10196, sections 2 to 4 and appendix
        A; `networks.py` and `train.py` of
        tkarras/progressive_growing_of_gans.
    Differs from the authors' code: the optimizers begin anew when the size
        doubles, not also when a fade-in ends; `alpha` rises in each step, not
        in each fourth.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> images = np.random.default_rng(0).uniform(-1, 1, (8, 8, 8, 1))
        >>> small = dict(latent_dim=8, channel_max=8, stable_steps=1)
        >>> gan = kl.ProgressiveGAN(8, 1, fade_steps=1, **small)
        >>> gan.compile(run_eagerly=True)
        >>> gan, history = gan.fit_stages(images, batch_size=4, verbose=0)
        >>> list(history), gan.sample(3).shape
        ([4, 8], (3, 8, 8, 1))
    """

    def __init__(
        self,
        image_size: int = 128,
        channels: int = 3,
        latent_dim: int = 512,
        size: int = SMALLEST,
        fade_steps: int = 37_500,
        stable_steps: int = 37_500,
        channel_base: int = 8192,
        channel_max: int = 512,
        group_size: int = 4,
        drift_weight: float = 0.001,
        loss: str | GANLoss = "wasserstein",
        regularizers: Sequence[GANRegularizer] | None = None,
        critic_steps: int = 1,
        latent_distribution: LatentDistribution = "normal",
        ema_momentum: float | None = 0.999,
        seed: int = 0,
        dtype: Dtype | None = None,
        name: str = "progressive_gan",
        **kwargs: Any,
    ) -> None:
        check_size("image_size", image_size)
        check_size("size", size)
        if size > image_size:
            raise ValueError(
                "`size` must be at most `image_size`, where growth ends. "
                f"Received: size={size}, image_size={image_size}."
            )
        check_count("fade_steps", fade_steps, minimum=0)
        check_count("stable_steps", stable_steps)
        check_number("drift_weight", drift_weight)
        networks = progressive_networks(
            size,
            channels,
            latent_dim,
            channel_base,
            channel_max,
            group_size,
            seed,
            dtype,
        )
        super().__init__(
            *networks,
            loss=loss,
            regularizers=(
                [GradientPenalty()] if regularizers is None else regularizers
            ),
            critic_steps=critic_steps,
            latent_distribution=latent_distribution,
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
            **kwargs,
        )
        self.image_size, self.channels, self.size = image_size, channels, size
        self.latent_dim, self.group_size = latent_dim, group_size
        self.channel_base, self.channel_max = channel_base, channel_max
        self.fade_steps, self.stable_steps = fade_steps, stable_steps
        self.drift_weight = drift_weight
        self.stage_step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer=keras.initializers.Constant(fade_steps),
            trainable=False,
            aggregation="only_first_replica",
            name="stage_step",
        )

    def grow(self) -> "ProgressiveGAN":
        """A GAN of twice the size, at the begin of its fade-in.

        It has this one's weights and settings; its optimizers are new, with
        the same settings. This one stays as it is.

        Returns:
            `ProgressiveGAN`, compiled if this one is.

        Raises:
            ValueError: the images have their final size.
        """
        if self.size == self.image_size:
            raise ValueError(
                "`grow` needs a GAN whose images are smaller than "
                f"`image_size`. Received: size={self.size} = image_size. "
                "Build it with a larger `image_size`."
            )
        with self.distribute_strategy.scope():
            grown = type(self)(**{**self._arguments(), "size": 2 * self.size})
        pairs = zip(self.networks, grown.networks, strict=True)
        for ours, theirs in pairs:
            copy_weights(ours, theirs)
        grown.step.assign(self.step)
        grown.stage_step.assign(0)
        grown.set_alpha()
        if self.compiled:
            grown.compile_from_config(self.get_compile_config())
        return grown

    def fit_stages(
        self,
        x: Any,
        batch_size: int | None = None,
        steps_per_epoch: int | None = None,
        seed: int = 0,
        **options: Any,
    ) -> tuple["ProgressiveGAN", dict[int, dict[str, list[float]]]]:
        """Trains to the end of this stage and of all that follow.

        Args:
            x: array of images, or `tf.data.Dataset` of batches of images;
                repeated without end. The order of an array depends on `seed`
                and the step alone: a GAN that is loaded and goes on sees what
                it would have seen. A dataset begins anew in each stage.
            batch_size: int, rows of a batch of an array; None: 16.
            steps_per_epoch: int, steps of an epoch, the last of a stage may
                be shorter; None: a stage is an epoch.
            seed: int from 0, of the order of an array.
            **options: `callbacks`, `verbose` and others of `fit`.

        Returns:
            Tuple (gan, history): the `ProgressiveGAN` of the final size, and
            a dict of each size to the logs of its epochs.

        Raises:
            ValueError: images that do not fit.
        """
        if steps_per_epoch is not None:
            check_count("steps_per_epoch", steps_per_epoch)
        return fit_stages(self, x, batch_size, steps_per_epoch, seed, options)

    def _arguments(self):
        plain = ("image_size", "size", "fade_steps", "stable_steps", "name")
        plain += ("drift_weight", "critic_steps", "latent_distribution")
        plain += ("ema_momentum",)
        return {
            **{k: getattr(self, k) for k in (*NETWORK, *plain, "trainable")},
            "loss": self.loss_name,
            "regularizers": list(self.regularizers),
            "dtype": self.generator.dtype_policy.name,
        }

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        return {
            **self._arguments(),
            "loss": loss_config(self.loss_name),
            "regularizers": [serialize(r) for r in self.regularizers],
        }
