"""A generator and a discriminator, trained against each other by `fit`."""

import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, Self

import keras
import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_choice, check_count
from _keras_sparse_common.nested_config import from_nested_config
from keras_latent._types import Config, LatentDistribution, TensorLike
from keras_latent.fader_checks import refuse_weights
from keras_latent.fresh_batches import IMAGES, check_arrays, group_batches
from keras_latent.gan_average import averaged_clone
from keras_latent.gan_checks import (
    FiniteLosses,
    as_loss,
    check_examples,
    check_last_step,
    check_latent,
    check_networks,
    check_regularizers,
    check_share,
    loss_config,
    warn_of_free_critic,
)
from keras_latent.gan_latent import DISTRIBUTIONS, draw_rows
from keras_latent.gan_losses import GANLoss
from keras_latent.gan_regularizers import GANRegularizer, overrides
from keras_latent.gan_training import SAMPLE_LATENT, GANTraining

LOGS = ["d_loss", "g_loss", "real_score", "fake_score"]


@keras.saving.register_keras_serializable(package="keras_latent")
class GAN(GANTraining):
    """Generative adversarial network: a `keras.Model` that learns to draw.

    Each step of `fit` trains the discriminator `critic_steps` times, each on
    a batch of its own, and then the generator once. So a step takes
    `critic_steps` batches of `batch_size` rows, or of a dataset's batches;
    `steps_per_epoch` and the progress bar count steps. Nothing is dropped:
    the last rows of an epoch are shared out, as is what `train_on_batch`
    gets. Each replica of a strategy shares out its rows, and needs a row.

    Logs: `d_loss` and `g_loss`, what each network minimised, penalties and
    the networks' own regularizers included; `d_penalty` and `g_penalty`, the
    part of `regularizers`, where these have such a side; `real_score` and
    `fake_score`, mean logits of the discriminator. `evaluate` gives losses
    without penalties, of the generator that `sample` uses.

    Args:
        generator: built `keras.Model` of latent points to examples.
        discriminator: built `keras.Model` of examples to one logit, or to a
            map of logits, not probabilities.
        loss: "minimax", "non_saturating", "least_squares", "wasserstein" or
            "hinge"; or `GANLoss(discriminator, generator)`.
        regularizers: list of `GANRegularizer`, such as `GradientPenalty()`.
        critic_steps: int from 1, discriminator's steps in each step.
        latent_distribution: "normal" (mean 0, variance 1), "uniform" (from 0
            to 1) or "signed_uniform" (from -1 to 1).
        ema_momentum: None, or number in (0, 1), such as 0.999: what each step
            keeps of `ema_generator`, an average of the generator's weights
            over steps, which then draws outside of training.
        seed: int from 0, of the latent points.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: networks that do not meet or are not built, and arguments
            out of range; in `fit`: data with labels, not finite or of another
            shape, losses that are not finite after an epoch.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1; the average
        of weights: Karras et al. 2018, arXiv:1710.10196.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> images = np.random.default_rng(0).uniform(-1, 1, (24, 2))
        >>> gan = kl.GAN(*kl.mlp_gan_networks((2,), 2, width=8))
        >>> gan.compile()
        >>> logs = gan.fit(images, batch_size=8, verbose=0)
        >>> gan.sample(5).shape
        (5, 2)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        loss: str | GANLoss = "non_saturating",
        regularizers: Sequence[GANRegularizer] = (),
        critic_steps: int = 1,
        latent_distribution: LatentDistribution = "normal",
        ema_momentum: float | None = None,
        seed: int = 0,
        name: str = "gan",
        **kwargs: Any,
    ) -> None:
        check_networks(generator, discriminator)
        check_regularizers(regularizers)
        check_choice("latent_distribution", latent_distribution, DISTRIBUTIONS)
        check_count("critic_steps", critic_steps)
        check_count("seed", seed, minimum=0)
        if ema_momentum is not None:
            check_share("ema_momentum", ema_momentum)
        super().__init__(
            name=name, dtype=generator.dtype_policy, autocast=False, **kwargs
        )
        self.generator, self.discriminator = generator, discriminator
        self.loss_name, self.loss_pair = loss, as_loss(loss)
        self.regularizers = list(regularizers)
        self.critic_steps, self.seed = critic_steps, seed
        self.latent_distribution = latent_distribution
        self.ema_momentum = ema_momentum
        self.ema_generator = None
        if ema_momentum is not None:
            self.ema_generator = averaged_clone(generator)
        self.latent_shape = tuple(generator.input_shape[1:])
        self.trackers = {
            key: keras.metrics.Mean(name=key) for key in self._log_names()
        }
        self.step = self._counter("step")
        self.judged = self._counter("judged")
        self.built = True
        warn_of_free_critic(loss, discriminator, self.regularizers)

    def _log_names(self):
        sides = {"d_penalty": "discriminator", "g_penalty": "generator"}
        given = [
            name
            for name, side in sides.items()
            if any(overrides(r, f"{side}_penalty") for r in self.regularizers)
        ]
        return LOGS + given

    def _counter(self, name):
        return self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name=name,
        )

    @property
    def discriminator_loss(self) -> Callable[[Any, Any], Any]:
        """Function of (real logits, fake logits) -> scalar."""
        return self.loss_pair.discriminator

    @property
    def generator_loss(self) -> Callable[[Any], Any]:
        """Function of (fake logits) -> scalar."""
        return self.loss_pair.generator

    def call(
        self, inputs: TensorLike, training: bool | None = None
    ) -> TensorLike:
        """Examples of latent points; others give a `ValueError`."""
        check_latent(self, inputs)
        average = self.ema_generator
        network = self.generator if training or average is None else average
        return network(inputs, training=training)

    def sample(
        self, count: int, seed: int = 0, batch_size: int = 256
    ) -> np.ndarray:
        """Examples drawn by the generator, by `ema_generator` if there is one.

        Args:
            count: int from 1, examples.
            seed: int from 0; the same seed and count draw the same examples.
            batch_size: int from 1, examples at once.

        Returns:
            Array of shape (count, ...).

        Raises:
            ValueError: a count or seed that is none.
        """
        check_count("count", count)
        check_count("seed", seed, minimum=0)
        check_count("batch_size", batch_size)
        latent = draw_rows(
            [count, *self.latent_shape],
            (SAMPLE_LATENT, seed),
            0,
            self.latent_distribution,
        )
        return self.predict(latent, batch_size=batch_size, verbose=0)

    def fit(
        self,
        x: Any = None,
        y: None = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does; see the class for `batch_size`.

        Args:
            x: array of examples, or `tf.data.Dataset` or
                `keras.utils.PyDataset` of batches of examples.
            y: None.
            batch_size: int or None (32), of one discriminator step, for
                arrays.
            **options: other arguments of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: see the class. Of a `tf.data.Dataset` the same
                messages arrive in a `tf.errors.OpError`.
        """
        refuse_weights(options, "GAN")
        options.setdefault("validation_batch_size", batch_size)
        parts = self.critic_steps
        x, y, size = group_batches(
            x, y, batch_size, parts, self._check, names=IMAGES
        )
        if size is not None:
            replicas = self.distribute_strategy.num_replicas_in_sync
            kept = 1.0 - options.get("validation_split", 0.0)
            check_last_step(math.floor(kept * len(x)), size, replicas)
        if isinstance(x, tf.data.Dataset):
            options.setdefault("shuffle", False)  # True makes Keras warn
        given = options.pop("callbacks", None) or []
        # First, so that no other callback saves what has diverged.
        if isinstance(given, keras.callbacks.CallbackList):
            given.callbacks.insert(0, FiniteLosses())
        else:
            given = [FiniteLosses(), *keras.tree.flatten(given)]
        return super().fit(x, y, batch_size=size, callbacks=given, **options)

    def evaluate(
        self,
        x: Any = None,
        y: None = None,
        return_dict: bool = False,
        **options: Any,
    ) -> Any:
        """Losses and scores, as `keras.Model.evaluate` gives them.

        Args:
            x: as for `fit`; latent points are drawn, the same each time.
            y: None.
            return_dict: bool, a dict of names to numbers or their list.
            **options: other arguments of `keras.Model.evaluate`.

        Returns:
            Dict or list of floats.

        Raises:
            ValueError: data that does not fit.
        """
        refuse_weights(options, "GAN")
        if hasattr(x, "shape"):
            check_arrays(x, y, IMAGES)
            self._check(x)
        self.judged.assign(0)
        names = super().evaluate(x, y, return_dict=True, **options)
        values = {n: float(self.trackers[n].result()) for n in names}
        return values if return_dict else list(values.values())

    def predict(self, x: Any, **options: Any) -> np.ndarray:
        """As `keras.Model.predict`, of latent points; else a `ValueError`."""
        if hasattr(x, "shape"):
            check_latent(self, x)
        return super().predict(x, **options)

    def _check(self, images):
        """Raises unless images fit; a subclass may take others."""
        check_examples(self, images)

    def get_config(self) -> Config:
        serialize = keras.saving.serialize_keras_object
        plain = ["name", "trainable", "critic_steps", "latent_distribution"]
        plain += ["ema_momentum", "seed"]
        return {
            **{key: getattr(self, key) for key in plain},
            "loss": loss_config(self.loss_name),
            "regularizers": [serialize(r) for r in self.regularizers],
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        return from_nested_config(cls, config, custom_objects)
