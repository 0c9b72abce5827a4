"""A GAN some of whose latent numbers can be read back from the images."""

from collections.abc import Sequence
from typing import Any

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import ArrayLike, Config, LatentDistribution
from keras_latent.gan_losses import GANLoss
from keras_latent.gan_regularizers import GANRegularizer
from keras_latent.gan_training import SAMPLE_LATENT
from keras_latent.info_gan_checks import check_recognizer, with_features
from keras_latent.info_gan_codes import check_codes, set_codes
from keras_latent.info_gan_losses import score_names
from keras_latent.info_gan_training import InfoGANTraining


@keras.saving.register_keras_serializable(package="keras_latent")
class InfoGAN(InfoGANTraining):
    """GAN that learns codes: latent numbers which a recognizer reads back.

    A latent point is [noise, a one-hot code for each of `categorical`,
    `continuous` numbers in [-1, 1)], as wide as the generator's input. The
    recognizer reads the codes from images; the generator is rewarded for
    codes that can be read, which bounds their mutual information with the
    images from below.

    The recognizer is a network of images, or shares layers with the
    discriminator: then `features` makes features of images, and discriminator
    and recognizer are heads that take features. Generator and recognizer are
    trained together; shared features are the discriminator's, and in its step
    learn to read the codes as well.

    Logs, beside those of `GAN`, of the generator's step: `information_loss`,
    the mean of -log Q(c | x); `code_<i>_accuracy` of a categorical code,
    `code_<i>_error` (mean squared) of a continuous one. `g_loss`, and `d_loss`
    where features are shared, include the information loss.

    Args:
        generator: built `keras.Model` of (batch, latent_dim) to examples.
        discriminator: built `keras.Model` of examples, or of features, to one
            logit.
        recognizer: built `keras.Model` of examples, or of features, to
            sum(categorical) logits, `continuous` means and, with
            `learned_variance`, `continuous` logarithms of variances.
        features: built `keras.Model` of examples to features, or None.
        categorical: list of int from 2, classes of each categorical code.
        continuous: int from 0, number of continuous codes.
        information_weight: number from 0, lambda of the paper.
        learned_variance: bool; False: continuous codes have variance 1, as in
            the authors' runs.
        loss, regularizers, critic_steps, ema_momentum, seed: see `GAN`.
        latent_distribution: of the noise, see `GAN`.
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: networks that do not meet, arguments out of range.

    Source: Chen et al. 2016, arXiv:1606.03657, equation 6;
        `infogan/algos/infogan_trainer.py` of openai/InfoGAN.
    Differs from the authors' code: the recognizer's own layers are trained in
        the generator's step, as in the paper, not in the discriminator's.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> dense = keras.layers.Dense
        >>> sizes = dict(generator=(5, 2), discriminator=(2, 1))
        >>> sizes["recognizer"] = (2, 3)
        >>> gan = kl.InfoGAN(
        ...     **{k: keras.Sequential([keras.Input((n,)), dense(m)])
        ...        for k, (n, m) in sizes.items()},
        ...     categorical=[3], continuous=0)
        >>> gan.sample(4, codes=[[0, 1, 2, 2]]).shape
        (4, 2)
    """

    def __init__(
        self,
        generator: keras.Model,
        discriminator: keras.Model,
        recognizer: keras.Model,
        features: keras.Model | None = None,
        categorical: Sequence[int] = (10,),
        continuous: int = 2,
        information_weight: float = 1.0,
        learned_variance: bool = False,
        loss: str | GANLoss = "non_saturating",
        regularizers: Sequence[GANRegularizer] = (),
        critic_steps: int = 1,
        latent_distribution: LatentDistribution = "normal",
        ema_momentum: float | None = None,
        seed: int = 0,
        name: str = "info_gan",
        **kwargs: Any,
    ) -> None:
        categorical = check_codes(categorical, continuous)
        check_number("information_weight", information_weight)
        whole = discriminator
        if features is not None:
            whole = with_features(features, discriminator, "discriminator")
        super().__init__(
            generator,
            whole,
            loss=loss,
            regularizers=regularizers,
            critic_steps=critic_steps,
            latent_distribution=latent_distribution,
            ema_momentum=ema_momentum,
            seed=seed,
            name=name,
            **kwargs,
        )
        self.categorical, self.continuous = categorical, continuous
        self.learned_variance = bool(learned_variance)
        self.information_weight = information_weight
        check_recognizer(self, recognizer, features)
        self.head, self.recognizer = discriminator, recognizer
        self.features, self.reader = features, recognizer
        if features is not None:
            self.reader = with_features(features, recognizer, "recognizer")
        names = ["information_loss", *score_names(categorical, continuous)]
        self.trackers.update({n: keras.metrics.Mean(name=n) for n in names})

    def sample(
        self,
        count: int,
        seed: int = 0,
        batch_size: int = 256,
        codes: Sequence[Any] | None = None,
    ) -> np.ndarray:
        """Examples drawn by the generator, with codes of one's choice.

        Args:
            count: int from 1, examples.
            seed: int from 0; the same seed and count draw the same examples.
            batch_size: int from 1, examples at once.
            codes: None, or a list of a value for each code, the categorical
                ones first: None (it is drawn), a number, or an array of
                `count` numbers.

        Returns:
            Array of shape (count, ...).

        Raises:
            ValueError: an argument out of range, a class that does not exist.
        """
        latent = self._sample_latent(count, seed)
        check_count("batch_size", batch_size)
        if codes is not None:
            given = self.categorical, self.continuous
            latent = set_codes(latent, codes, *given)
        return self.predict(latent, batch_size=batch_size, verbose=0)

    def traverse(
        self,
        code: int,
        values: Sequence[float] | None = None,
        count: int = 8,
        seed: int = 0,
        batch_size: int = 256,
    ) -> np.ndarray:
        """Examples that differ in one code alone.

        Args:
            code: int, number of the code, the categorical ones first.
            values: list of the code's values; None: all classes, or 10 even
                steps from -1 to 1.
            count: int from 1, latent points.
            seed: int from 0, of the latent points.
            batch_size: int from 1, examples at once.

        Returns:
            Array of shape (count, values, ...).

        Raises:
            ValueError: an argument out of range, a class that does not exist.

        Source: Chen et al. 2016, arXiv:1606.03657, figure 2.
        """
        number = len(self.categorical) + self.continuous
        check_count("code", code, minimum=0)
        if code >= number:
            raise ValueError(
                f"`code` must be less than {number}, the number of codes. "
                f"Received: code={code}."
            )
        if values is None and code < len(self.categorical):
            values = range(self.categorical[code])
        numbers = np.linspace(-1, 1, 10) if values is None else values
        latent = np.repeat(self._sample_latent(count, seed), len(numbers), 0)
        codes: list[np.ndarray | None] = [None] * number
        codes[code] = np.tile(numbers, count)
        latent = set_codes(latent, codes, self.categorical, self.continuous)
        made = self.predict(latent, batch_size=batch_size, verbose=0)
        return made.reshape(count, len(numbers), *made.shape[1:])

    def read(
        self, examples: ArrayLike, batch_size: int = 256
    ) -> list[np.ndarray]:
        """Codes that the recognizer reads from examples.

        Args:
            examples: array of shape (batch, ...).
            batch_size: int from 1, examples at once.

        Returns:
            List of an array (batch,) for each code: the likeliest class of a
            categorical one, the mean of a continuous one.

        Raises:
            ValueError: examples that are not finite or of another shape.
        """
        self._check(examples)
        read = self.reader.predict(examples, batch_size=batch_size, verbose=0)
        codes, start = [], 0
        for classes in self.categorical:
            part = read[:, start : start + classes]
            codes.append(np.argmax(part, axis=1))
            start += classes
        means = read[:, start : start + self.continuous]
        return codes + list(np.asarray(means, "float32").T)

    def _sample_latent(self, count, seed):
        check_count("count", count)
        check_count("seed", seed, minimum=0)
        return self.draw_codes(count, (SAMPLE_LATENT, seed), 0)

    def get_config(self) -> Config:
        own = ("categorical", "continuous", "information_weight")
        serialize = keras.saving.serialize_keras_object
        networks = dict(discriminator=self.head, recognizer=self.recognizer)
        networks["features"] = self.features
        return {
            **super().get_config(),
            **{key: getattr(self, key) for key in (*own, "learned_variance")},
            **{key: serialize(value) for key, value in networks.items()},
        }
