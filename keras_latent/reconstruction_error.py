"""How far decoded images are from the images."""

import dataclasses
import numbers
from typing import Any

import numpy as np

from _keras_sparse_common.arguments import check_number
from keras_latent._types import FaderLike, LabelledData, Sizes
from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.frozen_networks import call_frozen, encoder_and_decoder
from keras_latent.labelled_data import attribute_table, labelled_batches


@dataclasses.dataclass(frozen=True)
class ReconstructionFindings:
    """Mean squared error of images; `float(found)` is `error`.

    Attributes:
        error: float from 0, mean over images, pixels and channels, in the
            squared units of the images.
        baseline_error: float from 0, the same of the baseline, or None.
        image_range: (smallest, largest) value of the images.

    Example:
        >>> import keras_latent as kl
        >>> kl.ReconstructionFindings(0.5, 0.25, (0.0, 1.0)).ratio
        2.0
    """

    error: float
    baseline_error: float | None
    image_range: tuple[float, float]

    @property
    def ratio(self) -> float | None:
        """`error / baseline_error`; None without a baseline."""
        if self.baseline_error is None:
            return None
        return self.error / self.baseline_error

    def __float__(self) -> float:
        return self.error


def reconstruction_error(
    model: FaderLike,
    data: LabelledData,
    attribute_sizes: Sizes | None = None,
    baseline: Any = None,
    batch_size: int = 256,
) -> ReconstructionFindings:
    """Mean squared error of images decoded with their own label.

    Args:
        model: `Fader`, or a pair (encoder, decoder) whose decoder takes
            [code, one-hot attributes]. It is not changed.
        data: (images, labels) as for `probe_accuracy`, read once.
        attribute_sizes: int or list of int, classes of each attribute. None:
            those of the `Fader`; else from the width of the decoder's input.
        baseline: what to compare with, an autoencoder without an adversary:
            its error as a number above 0, a Keras model or function from
            images to images, a `Fader`, or a pair like `model`.
        batch_size: int from 1, for arrays.

    Returns:
        `ReconstructionFindings`.

    Raises:
        ValueError: reconstructions of another shape than the images, labels
            out of range, unknown sizes, a `baseline` of another kind.

    Source: Lample et al. 2017, arXiv:1706.00409, equation 1.

    Example:
        >>> import keras_latent as kl
        >>> data = np.ones((4, 2, 2, 1)), np.arange(4) % 2
        >>> def darker(inputs):
        ...     return inputs[0] - 0.5
        >>> networks = np.copy, darker
        >>> float(kl.reconstruction_error(networks, data, 2))
        0.25
    """
    sizes = attribute_sizes or attribute_sizes_of(model)
    numeric = isinstance(baseline, numbers.Real)
    if numeric:
        check_number("baseline", baseline, open_low=True)
    rebuilds = [_rebuild(model, sizes)]
    if baseline is not None and not numeric:
        rebuilds.append(_rebuild(baseline, sizes))
    sums, count = np.zeros(len(rebuilds)), 0
    low, high = np.inf, -np.inf
    for images, labels in labelled_batches(data, batch_size):
        for index, rebuild in enumerate(rebuilds):
            sums[index] += _squares(images, rebuild(images, labels))
        count += images.size
        low, high = min(low, images.min()), max(high, images.max())
    errors = [float(total / count) for total in sums]
    other = float(baseline) if numeric else (errors + [None])[1]
    return ReconstructionFindings(errors[0], other, (float(low), float(high)))


def attribute_sizes_of(model):
    """Sizes that a `Fader` declares, or one from the decoder's input."""
    sizes = getattr(model, "attribute_sizes", None)
    if sizes is None:
        decoder = encoder_and_decoder(model)[1]
        inputs = getattr(decoder, "inputs", None)
        if not inputs or len(inputs) != 2:
            raise ValueError(
                "`attribute_sizes` must be given where `model` is neither a "
                "`Fader` nor has a decoder with two known inputs. Received: "
                f"attribute_sizes=None and {type(decoder).__name__}."
            )
        sizes = inputs[1].shape[-1]
    return sizes


def _rebuild(model, sizes):
    """Function of (images, labels) that returns reconstructions."""
    pair = isinstance(model, (tuple, list))
    if callable(model) and not hasattr(model, "decoder"):
        return lambda images, labels: call_frozen(model, images)
    if not pair and not hasattr(model, "decoder"):
        raise ValueError(
            "`baseline` must be a number, a model from images to images, a "
            f"`Fader` or (encoder, decoder). Received: {model!r}."
        )
    encoder, decoder = encoder_and_decoder(model)

    def rebuild(images, labels):
        table, listed = attribute_table(labels, sizes)
        told = np.asarray(one_hot_attributes(table, listed))
        return call_frozen(decoder, [call_frozen(encoder, images), told])

    return rebuild


def _squares(images, rebuilt):
    if images.shape != rebuilt.shape:
        raise ValueError(
            "Reconstructions must have the shape of the images. Received: "
            f"{rebuilt.shape} for images of shape {images.shape}. A channel "
            "axis comes by `images[..., None]`."
        )
    return np.sum((images.astype("float64") - rebuilt) ** 2)
