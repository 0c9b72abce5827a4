"""A GAN whose generators evolve: several losses, the fittest survives."""

from collections.abc import Callable, Sequence
from typing import Any

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import Config, LatentDistribution, OptimizerLike
from keras_latent.evolution_mutations import find_mutations, mutations_config
from keras_latent.evolution_state import trained_state
from keras_latent.evolution_steps import evolve
from keras_latent.fresh_batches import share_rows
from keras_latent.gan import GAN
from keras_latent.gan_regularizers import GANRegularizer
from keras_latent.gan_steps import discriminator_step

EVOLUTION_LOGS = ("quality", "diversity", "fitness")


@keras.saving.register_keras_serializable(package="keras_latent")
class EvolutionaryGAN(GAN):
    """Trains each generator by several losses and keeps the fittest.

    A step of `fit` is a generation. From each of `population` parents a child
    is made by each of `mutations`: one step of the generator, with its
    parent's weights, moving averages and optimizer's state. The discriminator
    judges all children on the same fresh latent points: fitness = quality +
    `diversity_weight` * diversity. The fittest become the next parents, and
    what they made of these points is what the discriminator then learns from,
    `critic_steps` times. Its loss is cross-entropy whatever the mutations.
    `generator` is the fittest of the last generation.

    All mutations of a parent see the same latent points, parents see
    different ones. Diversity is measured on the real examples the
    discriminator learns from next, the first of them, as many as there are
    evaluation points or fewer.

    Logs: `d_loss`, `real_score` and `fake_score` as for `GAN`; `g_loss`,
    `quality`, `diversity` and `fitness` are means over survivors (`g_loss` of
    the mutation that made each, so it mixes scales); `wins_<mutation>` is the
    share of survivors that a mutation has made. `evaluate` gives `g_loss` by
    the heuristic loss. `wins` counts survivors of each mutation since the
    model was made.

    Args:
        generator: built `keras.Model` of latent points to examples.
        discriminator: built `keras.Model` of examples to one logit.
        mutations: list of "minimax", "heuristic", "least_squares" (on the
            sigmoid), "least_squares_logit", or functions of the logits of
            generated examples -> scalar to minimise. Functions are saved if
            registered with `keras.saving.register_keras_serializable`.
        diversity_weight: number from 0. The authors': 0.01 for CIFAR-10 in
            PyTorch; their Theano code's `beta` (1 for Gaussians, .002 for
            CIFAR-10) is half of ours.
        population: int from 1, parents. `compile` makes all of them copies of
            `generator`.
        evaluation_size: int from 1, latent points that judge each child,
            over all replicas; more where the discriminator needs more.
        regularizers, critic_steps, latent_distribution, ema_momentum, seed,
            name: as for `GAN`. Regularizers count in steps, not in fitness;
            the average is of the fittest of each generation.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: an unknown mutation, a number out of its range, or as
            `GAN`.

    Source: Wang et al. 2018, arXiv:1803.00657; WANG-Chaoyue/EvolutionaryGAN
        and EvolutionaryGAN-pytorch.
    Differs from the authors' code: children share latent points and are so
        compared on equal terms; survivors' samples take turns instead of
        being shuffled, so each batch has each survivor's share; generators
        run in training mode where the first code uses moving averages. As in
        the second, moments of the optimizer belong to their generator.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> dense = keras.layers.Dense
        >>> generator = keras.Sequential([keras.Input((2,)), dense(2)])
        >>> judge = keras.Sequential([keras.Input((2,)), dense(1)])
        >>> gan = kl.EvolutionaryGAN(generator, judge, evaluation_size=8)
        >>> gan.compile()
        >>> logs = gan.fit(np.ones((16, 2)), batch_size=8, verbose=0).history
        >>> int(np.sum(gan.wins.numpy())), gan.sample(3).shape
        (2, (3, 2))
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        mutations: Sequence[str | Callable[[Any], Any]] = (
            "minimax",
            "heuristic",
            "least_squares",
        ),
        diversity_weight: float = 0.1,
        population: int = 1,
        evaluation_size: int = 256,
        regularizers: Sequence[GANRegularizer] = (),
        critic_steps: int = 1,
        latent_distribution: LatentDistribution = "normal",
        ema_momentum: float | None = None,
        seed: int = 0,
        name: str = "evolutionary_gan",
        **kwargs: Any,
    ) -> None:
        names, losses = find_mutations(mutations)
        check_number("diversity_weight", diversity_weight)
        check_count("population", population)
        check_count("evaluation_size", evaluation_size)
        super().__init__(
            generator,
            discriminator,
            regularizers=regularizers,
            critic_steps=critic_steps,
            latent_distribution=latent_distribution,
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
            **kwargs,
        )
        self.mutations = list(mutations)
        self.mutation_names, self.mutation_losses = names, losses
        self.diversity_weight = diversity_weight
        self.population, self.evaluation_size = population, evaluation_size
        shares = [f"wins_{name}" for name in dict.fromkeys(names)]
        for key in (*EVOLUTION_LOGS, *shares):
            self.trackers[key] = keras.metrics.Mean(name=key)
        self.wins = self.add_weight(
            shape=(len(names),),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="wins",
        )
        self.other_parents = [
            [
                self.add_weight(
                    shape=variable.shape,
                    dtype=variable.dtype,
                    initializer="zeros",
                    trainable=False,
                    name=f"parent_{number}_{index}",
                )
                for index, variable in enumerate(generator.variables)
            ]
            for number in range(1, population)
        ]

    def compile(  # type: ignore[override]  # the options of GAN, by name
        self,
        d_optimizer: OptimizerLike = None,
        g_optimizer: OptimizerLike = None,
        **options: Any,
    ) -> None:
        """Sets the optimizers; each parent has one like `g_optimizer`.

        All parents become copies of `generator`, as it is now.

        Args:
            d_optimizer, g_optimizer, **options: as for `GAN.compile`.

        Raises:
            ValueError: as `GAN.compile`.
        """
        super().compile(d_optimizer, g_optimizer, **options)
        kind, config = type(self.optimizer), self.optimizer.get_config()
        with self.distribute_strategy.scope():
            self.other_optimizers = [
                kind.from_config(config) for _ in self.other_parents
            ]
            for optimizer in self.other_optimizers:
                optimizer.build(self.generator.trainable_variables)
            for parent in self.other_parents:
                pairs = zip(parent, self.generator.variables, strict=True)
                for own, first in pairs:
                    own.assign(first)

    @property
    def evolving(self) -> list[list[keras.Variable]]:
        """For each parent, the variables of it and its optimizer."""
        weights = [self.generator.variables, *self.other_parents]
        optimizers = [self.g_optimizer, *self.other_optimizers]
        pairs = zip(weights, optimizers, strict=True)
        return [trained_state(*pair) for pair in pairs]

    def train_step(self, data: Any) -> dict[str, Any]:
        """A generation, then `critic_steps` steps of the discriminator."""
        real = self._unpack(data)
        fakes, survivors, values = evolve(self, real)
        for index in range(self.critic_steps):
            share = share_rows(real, index, self.critic_steps)
            fake = share_rows(fakes, index, self.critic_steps)
            rows = tf.shape(share)[0]
            self._track(rows, discriminator_step(self, share, fake))
        self._track(rows, {**values, **self._count_wins(survivors)})
        self._finish_step()
        return self.get_metrics_result()

    def _count_wins(self, survivors):
        """Adds to `wins`; the share of survivors of each mutation's name."""
        kinds = len(self.mutations)
        won = tf.one_hot(tf.stack(survivors) % kinds, kinds)
        won = tf.reduce_sum(won, 0)
        self.wins.assign_add(tf.cast(won, "int64"))
        shares = dict.fromkeys(self.mutation_names, 0.0)
        for place, name in enumerate(self.mutation_names):
            shares[name] += won[place] / self.population
        return {f"wins_{name}": share for name, share in shares.items()}

    def get_config(self) -> Config:
        config = super().get_config()
        del config["loss"]
        return {
            **config,
            "mutations": mutations_config(self.mutations),
            "diversity_weight": self.diversity_weight,
            "population": self.population,
            "evaluation_size": self.evaluation_size,
        }
