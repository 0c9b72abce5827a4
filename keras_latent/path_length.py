"""How far images move along a path through the latent space."""

import dataclasses
from collections.abc import Callable
from typing import Any, Literal

import keras
import numpy as np

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import Conditioning, Network, Range
from keras_latent.feature_batches import features_name, range_for
from keras_latent.generator_calls import GeneratorCalls
from keras_latent.image_range import RangeWatch
from keras_latent.path_latents import latent_steps
from keras_latent.slerp import NORMS

SPANS = ("full", "end")
PERCENTILES = 1, 99  # distances beyond are left out


@dataclasses.dataclass(frozen=True)
class PathLengthFindings:
    """The path length of a generator; `float(found)` is the length.

    Attributes:
        length: float from 0, mean of the kept squared speeds.
        standard_error: float, of the mean.
        features: str, name of what distances are measured in.
        samples, kept: int, paths measured, and those between the percentiles.

    Example:
        >>> import keras_latent as kl
        >>> float(kl.PathLengthFindings(2.0, 0.1, "images", 100, 98))
        2.0
    """

    length: float
    standard_error: float
    features: str
    samples: int
    kept: int

    def __float__(self) -> float:
        return self.length


def path_length(
    generator: Network,
    latent_dim: int,
    samples: int = 1000,
    span: Literal["full", "end"] = "full",
    epsilon: float = 1e-4,
    features: Network | None = None,
    distance: Callable[[Any, Any], Any] | None = None,
    conditioning: Conditioning = None,
    norms: Literal["linear", "unit"] = "linear",
    batch_size: int = 64,
    image_range: Range | None = None,
    seed: int = 0,
) -> PathLengthFindings:
    """How much images change per step in the latent space, "PPL".

    mean of d(G(slerp(z, z'; t)), G(slerp(z, z'; t + epsilon))) / epsilon^2
    for z, z' of N(0, I), without the distances below the 1st and above the
    99th percentile. A smooth latent space gives short paths. Only lengths of
    the same distance, features and image range can be compared.

    Args:
        generator: Keras model, called with `training=False`, or function
            from latents (batch, latent_dim) to an array of images. Equal
            latents must give equal images: noise must be fixed.
        latent_dim: int from 2.
        samples: int from 2, pairs of latents.
        span: "full", t in [0, 1]; or "end", t = 0.
        epsilon: float in (0, 0.1], step of t.
        features: Keras model or function from images to features of any
            shape. None: the images themselves.
        distance: function of two batches of features to (batch,) numbers
            from 0 that go with the square of a step. None: mean squared
            difference.
        conditioning: dict of keyword arguments of the generator, the same in
            both calls. Arrays must have a row for each of the `samples`,
            anything else is passed on as it is.
        norms: "linear" or "unit", as for `slerp`.
        batch_size: int from 1; it does not change the latents.
        image_range: None, or (low, high): a warning tells of images in
            another range. None takes that of the extractor, if it has one.
        seed: int from 0, of the latents and t.

    Returns:
        `PathLengthFindings`; equal for equal arguments.

    Raises:
        ValueError: arguments out of range, a generator that gives other
            images for the same latents, outputs that are not finite,
            distances of another shape or below 0.

    Source: Karras et al. 2019, arXiv:1812.04948;
        metrics/perceptual_path_length.py of NVlabs/stylegan.
    Differs from the authors' code: their distance is of VGG16 features on
        cropped faces; latents keep their norm, since few generators
        normalize them; t + epsilon stays on the same pair.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.path_length(lambda z: 0 * z, 3, samples=100)
        >>> float(found), found.features
        (0.0, 'as given')
    """
    check_count("latent_dim", latent_dim, minimum=2)
    check_count("samples", samples, minimum=2)
    check_count("batch_size", batch_size)
    check_count("seed", seed, minimum=0)
    check_choice("span", span, SPANS)
    check_choice("norms", norms, NORMS)
    check_number("epsilon", epsilon, high=0.1, open_low=True)
    watch = RangeWatch("generator", range_for(features, image_range))
    calls = GeneratorCalls(generator, features, conditioning, samples, watch)
    distance = distance or mean_squared_difference
    steps = latent_steps(
        latent_dim, samples, span, epsilon, norms, batch_size, seed
    )
    measured, start = [], 0
    for here, there in steps:
        rows = slice(start, start + len(here))
        if start == 0:
            calls.check_repeats(here, rows)
        found = distance(calls(here, rows), calls(there, rows))
        measured.append(_checked_distances(found, len(here)))
        start = rows.stop
    watch.tell()
    return _summarise(
        np.concatenate(measured) / epsilon**2, features_name(features)
    )


def mean_squared_difference(first, second):
    """Mean over all but the first axis of (first - second)^2, in float64.

    Args:
        first, second: arrays (batch, ...).

    Returns:
        float64 array (batch,).

    Example:
        >>> from keras_latent.path_length import mean_squared_difference
        >>> mean_squared_difference([[1.0, 2.0]], [[1.0, 4.0]]).tolist()
        [2.0]
    """
    first, second = np.asarray(first, "float64"), np.asarray(second, "float64")
    return np.square(first - second).reshape(len(first), -1).mean(axis=1)


def _checked_distances(found, count):
    found = np.asarray(keras.ops.convert_to_numpy(found), "float64")
    if found.shape != (count,) or not np.isfinite(found).all():
        raise ValueError(
            "`distance` must give a finite number for each example. "
            f"Received: shape {found.shape} for {count} examples."
        )
    if found.min() < 0:
        raise ValueError(
            f"`distance` must be at least 0. Received: {found.min():g}."
        )
    return found


def _summarise(speeds, name):
    low = np.percentile(speeds, PERCENTILES[0], method="lower")
    high = np.percentile(speeds, PERCENTILES[1], method="higher")
    kept = speeds[(low <= speeds) & (speeds <= high)]
    error = np.std(kept, ddof=1) / np.sqrt(len(kept))
    return PathLengthFindings(
        float(kept.mean()), float(error), name, len(speeds), len(kept)
    )
