"""Directions that a second network can tell apart, learned by `fit`."""

from collections.abc import Mapping
from typing import Any, Literal, Self

import keras

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
from keras_latent.deformators import (
    LEARNED,
    NORMALIZATIONS,
    STARTS,
    first_parameter,
)
from keras_latent.direction_losses import DirectionAccuracy
from keras_latent.direction_pairs import SHIFTS
from keras_latent.directions import Directions
from keras_latent.discovery_checks import (
    check_pairs,
    check_reconstructor,
    config_of,
)
from keras_latent.discovery_training import DiscoveryTraining
from keras_latent.gan_latent import DISTRIBUTIONS
from keras_latent.reconstruction_accuracy import reconstruction_accuracy
from keras_latent.steered_generator import SteeredGenerator

OBJECTS = ("generator", "reconstructor", "conditioning")
PLAIN = (
    "num_directions",
    "latent_dim",
    "normalization",
    "start",
    "shift_scale",
    "min_shift",
    "shift_distribution",
    "label_weight",
    "shift_weight",
    "latent_distribution",
    "seed",
    "name",
    "trainable",
)


@keras.saving.register_keras_serializable(package="keras_latent")
class DirectionDiscovery(DiscoveryTraining):
    """Learns directions of a latent space, without any labels or images.

    A latent point z and z + shift * a_k give two images; a reconstructor
    reads from them which k was taken, and the shift. Directions and
    reconstructor are trained together, so that directions become easy to
    tell apart. The generator, in inference mode, stays as it is.

    `fit` takes no data: it draws latent points, directions and shifts, and
    trains for `epochs` of `steps_per_epoch`. After each it measures the
    reconstructor's accuracy (RCA) on pairs not trained on: `val_accuracy`,
    for `keras.callbacks.EarlyStopping("val_accuracy", mode="max")`. Logs:
    `loss`, which is `label_loss` (cross-entropy) and `shift_error` (mean
    absolute error) by their weights, and `accuracy`.

    Args:
        generator: Keras model, or function of latent points and keyword
            arguments; a registered one, if the discovery is to be saved.
        reconstructor: built `keras.Model`, such as `lenet_reconstructor`,
            from two images, one after the other along the last axis, to two
            outputs: logits (batch, num_directions) and the shift (batch, 1).
        num_directions: int from 1; more than `latent_dim` is possible for
            "unit" and "linear" from a random start.
        latent_dim: int from 1, needed for a function alone.
        normalization: "orthonormal" (the exponential of a skew-symmetric
            matrix), "unit" (columns of length 1), "linear" (any columns, and
            a bias), or "fixed" (not learned; the baseline).
        start: "random" or "coordinates", see `first_parameter`.
        conditioning: None, dict of keyword arguments of the generator, or
            function of (rows, seed) that gives one for each batch, `seed` an
            int64 tensor (2,) for `tf.random.stateless_uniform`. Both images
            of a pair get the same.
        shift_scale: number above 0; shifts are uniform in +-shift_scale, or
            normal of this deviation.
        min_shift: number from 0; smaller shifts become this long.
        shift_distribution: "uniform" or "normal".
        label_weight, shift_weight: numbers from 0, of the losses' parts.
        latent_distribution: as for `GAN`.
        seed: int from 0, of all draws and the first directions.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: arguments out of range, a reconstructor of other shapes,
            a generator that gives other images for the same latent points.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 3; trainer.py and
        latent_deformator.py of anvoynov/GANLatentDiscovery.
    Differs from the authors' code: the accuracy is measured with the same
        conditioning for both images of a pair, theirs draws a class for
        each; and on each direction equally often, the same pairs each time.

    Example:
        >>> import keras, keras_latent as kl
        >>> pair = keras.Input((4,))
        >>> heads = [keras.layers.Dense(n)(pair) for n in (2, 1)]
        >>> reconstructor = keras.Model(pair, heads)
        >>> found = kl.DirectionDiscovery(lambda z: z, reconstructor, 2, 2)
        >>> found.compile()
        >>> logs = found.fit(2, validation_samples=64, verbose=0).history
        >>> "val_accuracy" in logs, found.directions(64).matrix.shape
        (True, (2, 2))
    """

    def __init__(
        self,
        generator: Network,
        reconstructor: keras.Model,
        num_directions: int,
        latent_dim: int | None = None,
        normalization: Literal[
            "orthonormal", "unit", "linear", "fixed"
        ] = "orthonormal",
        start: Literal["random", "coordinates"] = "random",
        conditioning: Conditioning | DrawConditioning = None,
        shift_scale: float = 6.0,
        min_shift: float = 0.5,
        shift_distribution: Literal["uniform", "normal"] = "uniform",
        label_weight: float = 1.0,
        shift_weight: float = 0.25,
        latent_distribution: LatentDistribution = "normal",
        seed: int = 0,
        name: str = "direction_discovery",
        **kwargs: Any,
    ) -> None:
        steered = SteeredGenerator(generator, latent_dim)
        check_count("num_directions", num_directions)
        check_count("seed", seed, minimum=0)
        check_choice("normalization", normalization, NORMALIZATIONS)
        check_choice("start", start, STARTS)
        check_choice("shift_distribution", shift_distribution, SHIFTS)
        check_choice("latent_distribution", latent_distribution, DISTRIBUTIONS)
        check_number("shift_scale", shift_scale, open_low=True)
        check_number("min_shift", min_shift, high=shift_scale)
        check_number("label_weight", label_weight)
        check_number("shift_weight", shift_weight)
        check_reconstructor(reconstructor, num_directions)
        first = first_parameter(
            normalization, start, steered.latent_dim, num_directions, seed
        )
        super().__init__(name=name, **kwargs)
        self.generator, self.reconstructor = generator, reconstructor
        self.steered, self.conditioning = steered, conditioning
        self.latent_dim, self.num_directions = (
            steered.latent_dim,
            num_directions,
        )
        self.normalization, self.start = normalization, start
        self.shift_scale, self.min_shift = shift_scale, min_shift
        self.shift_distribution = shift_distribution
        self.label_weight, self.shift_weight = label_weight, shift_weight
        self.latent_distribution, self.seed = latent_distribution, seed
        self.learned = normalization in LEARNED
        self.parameter = self._weight(first.shape, "parameter", self.learned)
        self.parameter.assign(first)
        self.bias = None
        if normalization == "linear":
            self.bias = self._weight((self.latent_dim,), "bias", True)
        self.step, self.judged = (
            self._weight((), name, False, "int64")
            for name in ("step", "judged")
        )
        self.trackers = {
            key: keras.metrics.Mean(name=key)
            for key in ("loss", "label_loss", "shift_error")
        }
        self.trackers["accuracy"] = DirectionAccuracy(num_directions)
        self.built = True
        check_pairs(self)

    def _weight(self, shape, name, trainable, dtype="float32"):
        return self.add_weight(
            shape=shape,
            dtype=dtype,
            initializer="zeros",
            trainable=trainable,
            aggregation="none" if trainable else "only_first_replica",
            name=name,
        )

    def directions(
        self, samples: int = 3200, batch_size: int = 32
    ) -> Directions:
        """What was learned, with the accuracy of each direction.

        Args:
            samples: int from 1, pairs to measure by, spread evenly.
            batch_size: int from 1.

        Returns:
            `Directions`, the columns of the matrix as its rows; scores
            "accuracy". The bias of "linear" is not part of it.
        """
        found = reconstruction_accuracy(self, samples, batch_size)
        matrix = self.matrix().numpy().T
        return Directions(matrix, scores={"accuracy": found.accuracies})

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
