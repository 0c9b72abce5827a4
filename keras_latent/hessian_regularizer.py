"""The Hessian Penalty as a part of a GAN's training."""

from collections.abc import Sequence
from typing import Any, Literal

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import Config, TensorLike
from keras_latent.gan_regularizers import GANRegularizer
from keras_latent.gan_training import OTHER
from keras_latent.hessian_penalty import hessian_penalty
from keras_latent.layer_outputs import layer_names
from keras_latent.second_differences import as_signs

SIGNS = 1  # the number of this kind of draw


@keras.saving.register_keras_serializable(package="keras_latent")
class HessianPenaltyRegularizer(GANRegularizer):
    """Teaches a generator to give each latent number an effect of its own.

    Adds weight_t * `hessian_penalty` to the generator's loss, on the latent
    points of its step, with

        weight_t = weight * min(1, (step - start_step) / warmup_steps)

    from `start_step` on and 0 before. To fine-tune a trained generator, make
    a new `GAN` of it, whose steps count from 0, and warm up.

    The generator is called with `training=False`: dropout rests, batch
    normalization uses its moving statistics and does not change them. These
    follow the weights only later; normalizations of each example, such as
    `PixelNormalization`, are penalised as they are. Under several replicas
    "max" is that of each replica's rows, averaged.

    Args:
        weight: number from 0. The authors' 0.1 is of a biased variance of 2
            vectors, and so 0.05 here.
        warmup_steps: int from 0, steps in which the weight grows.
        start_step: int from 0, the step of the GAN at which it begins.
        num_vectors: int from 2.
        epsilon: number above 0.
        reduction: "max", "mean" or "sum".
        unbiased: bool.
        layers: list of names of the generator's layers, or None: its output.
        seed: int from 0, of the vectors.

    Raises:
        ValueError: an argument out of range; in `fit`: unknown layers.

    Source: Peebles et al. 2020, arXiv:2008.10599, section 3.2;
        progan_experiments/training/loss.py of wpeebles/hessian_penalty.
    Differs from the authors' code: the variance is unbiased; the weight goes
        by steps and not by thousands of images.

    Example:
        >>> import keras_latent as kl
        >>> networks = kl.mlp_gan_networks((2,), 2, width=8)
        >>> smooth = kl.HessianPenaltyRegularizer(warmup_steps=100)
        >>> gan = kl.GAN(*networks, regularizers=[smooth])
        >>> gan.compile()
        >>> logs = gan.fit(tf.ones((8, 2)), batch_size=8, verbose=0).history
        >>> logs["g_penalty"]  # of step 0
        [0.0]
    """

    def __init__(
        self,
        weight: float = 0.05,
        warmup_steps: int = 0,
        start_step: int = 0,
        num_vectors: int = 2,
        epsilon: float = 0.1,
        reduction: Literal["max", "mean", "sum"] = "max",
        unbiased: bool = True,
        layers: Sequence[str] | None = None,
        seed: int = 0,
    ) -> None:
        check_number("weight", weight)
        check_count("warmup_steps", warmup_steps, minimum=0)
        check_count("start_step", start_step, minimum=0)
        check_count("num_vectors", num_vectors, minimum=2)
        check_number("epsilon", epsilon, open_low=True)
        check_choice("reduction", reduction, ("max", "mean", "sum"))
        check_count("seed", seed, minimum=0)
        self.weight, self.warmup_steps = weight, warmup_steps
        self.start_step, self.num_vectors = start_step, num_vectors
        self.epsilon, self.reduction = epsilon, reduction
        self.unbiased, self.seed = bool(unbiased), seed
        self.layers = None if layers is None else layer_names(layers)

    def generator_penalty(
        self, gan: keras.Model, latent: TensorLike, fake: TensorLike
    ) -> TensorLike:
        shape = [tf.shape(latent)[0], self.num_vectors, *latent.shape[1:]]
        drawn = gan.draw(shape, (OTHER, self.seed, SIGNS), "signed_uniform")
        penalty = hessian_penalty(
            gan.generator,
            latent,
            epsilon=self.epsilon,
            reduction=self.reduction,
            unbiased=self.unbiased,
            layers=self.layers,
            vectors=tf.unstack(as_signs(drawn), axis=1),
        )
        return self.weight_at(gan.step) * penalty

    def weight_at(self, step: Any) -> tf.Tensor:
        """The weight at a step of the GAN.

        Args:
            step: int, or int scalar tensor.

        Returns:
            float32 scalar tensor.
        """
        past = tf.cast(step, "float32") - float(self.start_step)
        if not self.warmup_steps:
            return self.weight * tf.cast(past >= 0.0, "float32")
        ramp = tf.clip_by_value(past / self.warmup_steps, 0.0, 1.0)
        return self.weight * ramp

    def get_config(self) -> Config:
        names = ["weight", "warmup_steps", "start_step", "num_vectors"]
        names += ["epsilon", "reduction", "unbiased", "layers", "seed"]
        return {name: getattr(self, name) for name in names}
