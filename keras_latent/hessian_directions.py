"""Directions along which a generator's Hessian is diagonal, by `fit`."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import keras
import tensorflow as tf

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from _keras_sparse_common.nested_config import from_nested_config
from keras_latent._types import (
    Conditioning,
    Config,
    DrawConditioning,
    LatentDistribution,
    Network,
)
from keras_latent.deformators import STARTS
from keras_latent.direction_pairs import draw_conditions
from keras_latent.directions import Directions
from keras_latent.discovery_checks import config_of
from keras_latent.gan_latent import DISTRIBUTIONS, draw_rows
from keras_latent.hessian_direction_training import (
    HessianDirectionTraining,
    check_slice,
    first_rows,
)
from keras_latent.hessian_penalty import hessian_penalty
from keras_latent.orthonormal_rows import orthonormal_rows
from keras_latent.second_differences import random_signs
from keras_latent.steered_generator import SteeredGenerator

LATENT, DIRECTION, SHIFT, SIGNS = range(4)
OBJECTS = ("generator", "conditioning")
PLAIN = (
    "num_directions",
    "latent_dim",
    "orthonormal",
    "start",
    "latent_slice",
    "shift_scale",
    "num_vectors",
    "epsilon",
    "reduction",
    "latent_distribution",
    "seed",
    "name",
    "trainable",
)


@keras.saving.register_keras_serializable(package="keras_latent")
class HessianDirections(HessianDirectionTraining):
    """Learns directions of a trained generator that act apart from each other.

    Images of z + w Q, with rows of Q as directions, have a Hessian with
    respect to w; its penalty is minimised over Q. Here w is a shift along one
    direction, drawn anew for each z. The generator, in inference mode, stays
    as it is.

    `fit` takes no data. Logs: `loss`, the penalty.

    Args:
        generator: Keras model, or function of latent points and keyword
            arguments, made of TensorFlow operations; a registered one, if
            this is to be saved.
        num_directions: int from 2; orthonormal ones at most the numbers of
            the latent space, or slice.
        latent_dim: int from 1, needed for a function alone.
        orthonormal: bool. False leaves length and angles free: the penalty
            then falls as directions shrink.
        start: "random" or "coordinates" (the first `num_directions`).
        latent_slice: None, or (first, last + 1): directions move these
            numbers of z alone, as those that enter a generator's early,
            middle or late layers.
        conditioning: None, dict of keyword arguments of the generator, or
            function of (rows, seed) that gives one for each batch, as for
            `DirectionDiscovery`.
        shift_scale: number from 0; shifts are uniform in +-shift_scale.
        num_vectors, epsilon: as for `hessian_penalty`.
        reduction: "max", "mean" or "sum".
        latent_distribution: as for `GAN`.
        seed: int from 0, of all draws and the first directions.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: arguments out of range, more directions than numbers.

    Source: Peebles et al. 2020, arXiv:2008.10599, section 5; discover.py of
        wpeebles/hessian_penalty, biggan_discovery.
    Differs from the authors' code: QR instead of Gram-Schmidt; a slice may
        have fewer directions than numbers.

    Example:
        >>> import keras_latent as kl
        >>> def generator(z):  # curved along both diagonals
        ...     return tf.sin(z @ [[1.0, 1.0], [1.0, -1.0]])
        >>> found = kl.HessianDirections(generator, 2, latent_dim=2)
        >>> found.compile()
        >>> logs = found.fit(100, batch_size=32, verbose=0).history
        >>> (abs(found.directions().matrix) > 0.69).tolist()
        [[True, True], [True, True]]
    """

    def __init__(
        self,
        generator: Network,
        num_directions: int,
        latent_dim: int | None = None,
        orthonormal: bool = True,
        start: Literal["random", "coordinates"] = "random",
        latent_slice: tuple[int, int] | None = None,
        conditioning: Conditioning | DrawConditioning = None,
        shift_scale: float = 5.0,
        num_vectors: int = 2,
        epsilon: float = 0.1,
        reduction: Literal["max", "mean", "sum"] = "max",
        latent_distribution: LatentDistribution = "normal",
        seed: int = 0,
        name: str = "hessian_directions",
        **kwargs: Any,
    ) -> None:
        steered = SteeredGenerator(generator, latent_dim)
        check_count("num_directions", num_directions, minimum=2)
        check_count("num_vectors", num_vectors, minimum=2)
        check_count("seed", seed, minimum=0)
        check_number("shift_scale", shift_scale)
        check_number("epsilon", epsilon, open_low=True)
        check_choice("start", start, STARTS)
        check_choice("reduction", reduction, ("max", "mean", "sum"))
        check_choice("latent_distribution", latent_distribution, DISTRIBUTIONS)
        first, stop = check_slice(latent_slice, steered.latent_dim)
        limited = orthonormal or start == "coordinates"
        if limited and num_directions > stop - first:
            raise ValueError(
                "`num_directions` must be at most the numbers that the "
                f"directions can move, {stop - first}, unless they are "
                "neither orthonormal nor start at coordinates. Received: "
                f"num_directions={num_directions}."
            )
        super().__init__(name=name, **kwargs)
        self.generator, self.steered = generator, steered
        self.latent_dim = steered.latent_dim
        self.num_directions = num_directions
        self.orthonormal, self.start = bool(orthonormal), start
        self.latent_slice, self.conditioning = latent_slice, conditioning
        self.shift_scale, self.num_vectors = shift_scale, num_vectors
        self.epsilon, self.reduction = epsilon, reduction
        self.latent_distribution, self.seed = latent_distribution, seed
        self.margins = first, steered.latent_dim - stop
        self.parameter = self.add_weight(
            shape=(num_directions, stop - first),
            initializer=first_rows(start, seed),
            name="parameter",
        )
        self.step = self.add_weight(
            shape=(),
            dtype="int64",
            initializer="zeros",
            trainable=False,
            aggregation="only_first_replica",
            name="step",
        )
        self.tracker = keras.metrics.Mean(name="loss")
        self.built = True

    def matrix(self) -> tf.Tensor:
        """The directions, float32 tensor (num_directions, latent_dim)."""
        rows = tf.convert_to_tensor(self.parameter)
        rows = orthonormal_rows(rows) if self.orthonormal else rows
        return tf.pad(rows, [(0, 0), self.margins])

    def penalty(self, rows: Any) -> tf.Tensor:
        """The penalty of this step's draws; gradients pass to `parameter`.

        Args:
            rows: int or int tensor, latent points of this replica.

        Returns:
            float32 scalar tensor.
        """
        count, draw = self.num_directions, self._draw
        z = draw([rows, self.latent_dim], LATENT, self.latent_distribution)
        place = count * draw([rows], DIRECTION, "uniform")
        chosen = tf.minimum(tf.cast(place, "int64"), count - 1)
        shifts = self.shift_scale * draw([rows], SHIFT, "signed_uniform")
        signs = random_signs(
            [rows, self.num_vectors, count], (self.seed, SIGNS), self.step
        )
        conditions = draw_conditions(
            self.conditioning, rows, self.seed, self.step
        )
        matrix = self.matrix()
        return hessian_penalty(
            lambda weights: self.steered(z + weights @ matrix, conditions),
            shifts[:, None] * tf.one_hot(chosen, count),
            epsilon=self.epsilon,
            reduction=self.reduction,
            vectors=tf.unstack(signs, axis=1),
        )

    def _draw(self, shape, purpose, kind):
        return draw_rows(shape, (self.seed, purpose), self.step, kind)

    def directions(self) -> Directions:
        """What was learned, as `Directions`."""
        return Directions(self.matrix().numpy())

    def get_config(self) -> Config:
        return {
            **{name: getattr(self, name) for name in PLAIN},
            **{name: config_of(name, getattr(self, name)) for name in OBJECTS},
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        return from_nested_config(cls, config, custom_objects)
