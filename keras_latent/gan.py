"""A generator and a discriminator, trained against each other by `fit`."""

import keras

from keras_latent.arguments import check_choice, check_count
from keras_latent.gan_latent import DISTRIBUTIONS, draw_rows
from keras_latent.gan_losses import LOSSES
from keras_latent.gan_training import SAMPLE_LATENT, GANTraining

LOGS = ["d_loss", "g_loss", "real_score", "fake_score"]


@keras.saving.register_keras_serializable(package="keras_latent")
class GAN(GANTraining):
    """Generative adversarial network: a `keras.Model` that learns to draw.

    Each step of `fit` trains the discriminator `critic_steps` times, each on
    a batch of its own, and then the generator once.

    Args:
        generator: built `keras.Model` of latent points to examples.
        discriminator: built `keras.Model` of examples to one logit.
        loss: "minimax", "non_saturating", "least_squares", "wasserstein" or
            "hinge".
        regularizers: list of `GANRegularizer`, such as `GradientPenalty()`.
        critic_steps: int from 1, discriminator's steps in each step.
        latent_distribution: "normal", "uniform" ([0, 1)) or "signed_uniform"
            ([-1, 1)).
        seed: int from 0, of the latent points.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    """

    def __init__(
        self,
        generator,
        discriminator,
        loss="non_saturating",
        regularizers=(),
        critic_steps=1,
        latent_distribution="normal",
        seed=0,
        name="gan",
        **kwargs,
    ):
        check_choice("loss", loss, tuple(LOSSES))
        check_choice("latent_distribution", latent_distribution, DISTRIBUTIONS)
        check_count("critic_steps", critic_steps)
        check_count("seed", seed, minimum=0)
        super().__init__(
            name=name, dtype=generator.dtype_policy, autocast=False, **kwargs
        )
        self.generator, self.discriminator = generator, discriminator
        self.loss_name, self.regularizers = loss, list(regularizers)
        self.critic_steps, self.seed = critic_steps, seed
        self.latent_distribution = latent_distribution
        self.latent_shape = tuple(generator.input_shape[1:])
        self.trackers = {key: keras.metrics.Mean(name=key) for key in LOGS}
        self.step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        self.built = True

    @property
    def discriminator_loss(self):
        """Function of (real logits, fake logits) -> scalar."""
        return LOSSES[self.loss_name].discriminator

    @property
    def generator_loss(self):
        """Function of (fake logits) -> scalar."""
        return LOSSES[self.loss_name].generator

    def call(self, inputs, training=None):
        """Examples of latent points."""
        return self.generator(inputs, training=training)

    def sample(self, count, seed=0, batch_size=256):
        """Examples drawn by the generator: array of shape (count, ...)."""
        latent = draw_rows(
            [count, *self.latent_shape],
            (SAMPLE_LATENT, seed),
            0,
            self.latent_distribution,
        )
        return self.predict(latent, batch_size=batch_size, verbose=0)

    def get_config(self):
        serialize = keras.saving.serialize_keras_object
        plain = ("name", "trainable", "critic_steps", "latent_distribution")
        return {
            **{key: getattr(self, key) for key in (*plain, "seed")},
            "loss": self.loss_name,
            "regularizers": [serialize(r) for r in self.regularizers],
            "generator": serialize(self.generator),
            "discriminator": serialize(self.discriminator),
        }

    @classmethod
    def from_config(cls, config, custom_objects=None):
        deserialize = keras.saving.deserialize_keras_object
        given = {
            key: deserialize(value, custom_objects=custom_objects)
            for key, value in config.items()
        }
        return cls(**given)
