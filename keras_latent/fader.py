"""An autoencoder whose code has lost an attribute, which its decoder gets."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal, Self

import keras
import numpy as np
from keras import ops

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from _keras_sparse_common.nested_config import from_nested_config
from keras_latent._types import ArrayLike, Config, Sizes, TensorLike
from keras_latent.fader_attributes import (
    check_attribute_sizes,
    one_hot_attributes,
)
from keras_latent.fader_checks import (
    check_built,
    check_images,
    check_networks,
    check_pairs,
    refuse_weights,
)
from keras_latent.fader_training import FaderTraining
from keras_latent.fresh_batches import group_batches

LOGS = ["loss", "reconstruction_loss", "classifier_loss"]
LOGS += ["classifier_accuracy", "beta"]


@keras.saving.register_keras_serializable(package="keras_latent")
class Fader(FaderTraining):
    """Trains an encoder to hide an attribute, a decoder to put it back.

    A classifier learns to read the attribute from the code, the encoder to
    mislead it: `loss` = `reconstruction_loss` + `beta` times the loss of
    `adversarial`. In each step the classifier is updated `critic_steps` times,
    each on a batch of its own, and then encoder and decoder once, on another.
    So a step of `fit` takes `critic_steps + 1` batches of `batch_size` rows,
    or of a dataset's batches; `steps_per_epoch` and the progress bar count
    steps. Nothing is dropped: the last rows of an epoch are shared out, as is
    what `train_on_batch` gets, and each replica shares out its rows.

    `classifier_loss` and `classifier_accuracy`, from before each update, do
    not tell whether the attribute is gone: an encoder can outrun this one
    classifier and not the next. `keras_latent.probe_accuracy` tells.

    Args:
        encoder: built `keras.Model` of an image to a code; it should
            normalize the code, as that of `fader_networks` does.
        decoder: built `keras.Model` of [code, one-hot attributes] to an image.
        classifier: built `keras.Model` of a code to logits, not
            probabilities, as wide as all attributes' classes together.
        beta: number from 0, weight of hiding the attribute against the
            reconstruction error; 0: only an autoencoder.
        adversarial: "negative": minus the classifier's loss, which has no
            bound; "flip": its loss on a wrong class, drawn at random;
            "entropy": its loss on all classes equally.
        critic_steps: int from 1, updates of the classifier in each step.
        ramp_steps: int from 0, steps in which `beta` rises from 0, evenly.
        attribute_sizes: int or list of int, classes of each attribute (binary
            ones have 2); None: one attribute, as wide as the classifier.
        seed: int from 0, of the wrong classes of "flip".
        name: string.
        **kwargs: `trainable`, as for every `keras.Model`.

    Raises:
        ValueError: networks that do not meet or are not built; in `fit`,
            `evaluate` and `predict`: images or attributes that are not
            finite, of another shape, or of classes that do not exist.

    Source: Lample et al. 2017, arXiv:1706.00409, sections 3 and 4;
        `src/training.py` of facebookresearch/FaderNetworks ("flip").
    Differs from the authors' in several classifier steps, each on fresh
        images, and in "negative" as default.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> images = np.random.default_rng(0).uniform(size=(24, 8, 8, 1))
        >>> labels = np.arange(24) % 3
        >>> fader = kl.Fader(*kl.fader_networks((8, 8, 1), 3), critic_steps=2)
        >>> fader.compile()
        >>> logs = fader.fit(images, labels, batch_size=4, verbose=0)
        >>> fader.reconstruct(images[:5], [0, 1, 2, 0, 1]).shape
        (5, 8, 8, 1)
    """

    def __init__(
        self,
        encoder: keras.Model,
        decoder: keras.Model,
        classifier: keras.Model,
        beta: float = 0.02,
        adversarial: Literal["negative", "flip", "entropy"] = "negative",
        critic_steps: int = 5,
        ramp_steps: int = 450,
        attribute_sizes: Sizes | None = None,
        seed: int = 0,
        name: str = "fader",
        **kwargs: Any,
    ) -> None:
        check_number("beta", beta)
        choices = ("negative", "flip", "entropy")
        check_choice("adversarial", adversarial, choices)
        check_count("critic_steps", critic_steps)
        check_count("ramp_steps", ramp_steps, minimum=0)
        check_count("seed", seed, minimum=0)
        if attribute_sizes is None:
            check_built("classifier", classifier)
            attribute_sizes = classifier.output_shape[-1]
        sizes = check_attribute_sizes(attribute_sizes)
        check_networks(encoder, decoder, classifier, sizes)
        super().__init__(
            name=name, dtype=encoder.dtype_policy, autocast=False, **kwargs
        )
        self.encoder, self.decoder = encoder, decoder
        self.classifier = classifier
        self.beta, self.adversarial = beta, adversarial
        self.critic_steps, self.ramp_steps = critic_steps, ramp_steps
        self.attribute_sizes, self.seed = sizes, seed
        self.trackers = {key: keras.metrics.Mean(name=key) for key in LOGS}
        self.built = True

    def call(
        self, inputs: Sequence[TensorLike], training: bool | None = None
    ) -> TensorLike:
        """Reconstructs images with attributes.

        Args:
            inputs: pair (images, attributes), as for `reconstruct`.
            training: bool or None.

        Returns:
            Tensor like the images.
        """
        images, attributes = inputs
        targets = one_hot_attributes(attributes, self.attribute_sizes)
        code = self.encoder(images, training=training)
        return self.decode(code, targets, training=training)

    def decode(
        self,
        code: TensorLike,
        targets: TensorLike,
        training: bool | None = False,
    ) -> TensorLike:
        """Images of codes and attributes.

        Args:
            code: tensor of codes, as from `encoder`.
            targets: tensor (batch, columns), one-hot.
            training: bool or None.

        Returns:
            Tensor of images.
        """
        targets = ops.cast(targets, self.decoder.inputs[1].dtype)
        return self.decoder([code, targets], training=training)

    def encode(self, images: ArrayLike, batch_size: int = 256) -> np.ndarray:
        """Codes of images.

        Args:
            images: array of shape (batch, ...).
            batch_size: int, images at once.

        Returns:
            Array of shape (batch, ...).

        Raises:
            ValueError: images of another shape, or not finite.
        """
        check_images(images, self.encoder, self.decoder)
        return self.encoder.predict(images, batch_size=batch_size, verbose=0)

    def reconstruct(
        self, images: ArrayLike, attributes: ArrayLike, batch_size: int = 256
    ) -> np.ndarray:
        """Images as they would be with other attributes.

        Args:
            images: array of shape (batch, ...).
            attributes: array of a row for each image: integers, or columns
                of any finite numbers, such as [1 - alpha, alpha] to go from
                one class of a binary attribute to, and beyond, the other.
            batch_size: int, images at once.

        Returns:
            Array like `images`.

        Raises:
            ValueError: images or attributes that do not fit.
        """
        self._check(images, attributes, one_hot=False)
        inputs = [images, one_hot_attributes(attributes, self.attribute_sizes)]
        return super().predict(inputs, batch_size=batch_size, verbose=0)

    def fit(
        self,
        x: Any = None,
        y: Any = None,
        batch_size: int | None = None,
        **options: Any,
    ) -> keras.callbacks.History:
        """Trains as `keras.Model.fit` does.

        Args:
            x: array of images, or a data set of batches (images, attributes).
            y: array of attributes, of a row for each image.
            batch_size: int or None; see the class.
            **options: other arguments of `keras.Model.fit`.

        Returns:
            `keras.callbacks.History`.

        Raises:
            ValueError: images or attributes that do not fit, other kinds of
                data, weights of examples or classes.
        """
        refuse_weights(options)
        options.setdefault("validation_batch_size", batch_size)
        parts = self.critic_steps + 1
        x, y, size = group_batches(x, y, batch_size, parts, self._check)
        return super().fit(x, y, batch_size=size, **options)

    def evaluate(self, x: Any = None, y: Any = None, **options: Any) -> Any:
        """The logs of data, as `keras.Model.evaluate` gives them.

        Args:
            x, y: as for `fit`.
            **options: other arguments of `keras.Model.evaluate`.

        Returns:
            List or dict of floats.

        Raises:
            ValueError: images or attributes that do not fit, weights.
        """
        refuse_weights(options)
        if y is not None:
            self._check(x, y)
        return super().evaluate(x, y, **options)

    def predict(self, x: Any, **options: Any) -> np.ndarray:
        """Reconstructions, as `keras.Model.predict` gives them.

        Args:
            x: [images, attributes], or a data set of batches of both.
            **options: other arguments of `keras.Model.predict`.

        Returns:
            Array like the images.

        Raises:
            ValueError: images or attributes that do not fit.
        """
        if isinstance(x, (list, tuple)):
            self._check(*x)
        return super().predict(x, **options)

    def predict_step(self, data: Any) -> Any:
        images, attributes, _ = keras.utils.unpack_x_y_sample_weight(data)
        if attributes is not None:
            images = (images, attributes)
        return self(images, training=False)

    def _check(self, images, attributes, one_hot=True):
        check_pairs(self, images, attributes, one_hot)

    def get_config(self) -> Config:
        plain = ["name", "trainable", "beta", "adversarial", "critic_steps"]
        plain += ["ramp_steps", "attribute_sizes", "seed"]
        serialize = keras.saving.serialize_keras_object
        networks = ("encoder", "decoder", "classifier")
        return {
            **{key: getattr(self, key) for key in plain},
            **{key: serialize(getattr(self, key)) for key in networks},
        }

    @classmethod
    def from_config(
        cls, config: Config, custom_objects: Mapping[str, Any] | None = None
    ) -> Self:
        return from_nested_config(cls, config, custom_objects)
