"""Units of a generator that are switched off, or on, for a while."""

import contextlib
from collections.abc import Iterator, Sequence

import numpy as np
import tensorflow as tf

from keras_latent._types import ArrayLike, Conditioning, LayerLike, Network
from keras_latent.layer_edits import edited, find_layer, read_layer
from keras_latent.steered_generator import SteeredGenerator


def replace(outputs, alpha, value):
    """Moves a layer's outputs towards a value: x (1 - alpha) + value alpha.

    Args:
        outputs: float tensor (images, ..., units).
        alpha: float tensor in [0, 1] that broadcasts to `outputs`.
        value: float tensor that broadcasts to `outputs`.

    Returns:
        Tensor as `outputs`; where alpha is 0 its numbers are unchanged.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.2.

    Example:
        >>> from keras_latent.intervention import replace
        >>> replace(tf.constant([4.0, 4.0]), [0.0, 0.5], [9.0, 0.0]).numpy()
        array([4., 2.], dtype=float32)
    """
    alpha = tf.cast(alpha, outputs.dtype)
    return outputs * (1 - alpha) + tf.cast(value, outputs.dtype) * alpha


@contextlib.contextmanager
def intervene(
    generator: Network,
    layer: LayerLike,
    units: int | Sequence[int],
    value: float | Sequence[float] = 0.0,
    alpha: float | Sequence[float] = 1.0,
    where: ArrayLike | None = None,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
) -> Iterator[Network]:
    """Within, units of a layer are ablated, or set to a value.

    Any call of the generator within is changed, `predict` included;
    afterwards the generator is bit for bit what it was, also after an
    exception. Interventions can be nested. What was traced before by another
    `tf.function` is not changed: trace it within.

    Args:
        generator: Keras model, also a subclass; or function, with the layer
            itself in `layer`.
        layer: str, int or `keras.Layer`, called once; its last axis is the
            units.
        units: int or list of int, which ones.
        value: number, or one for each of `units`: 0 ablates, others insert.
        alpha: number in [0, 1], or one for each of `units`: how far towards
            `value`.
        where: None: everywhere; or array in [0, 1] of the layer's maps: of
            shape (height, width), or (images, height, width) for calls of so
            many images.
        conditioning: dict of keyword arguments of the generator, for one
            trial call; or None.
        latent_dim: int from 1, needed for a function alone.

    Yields:
        The generator.

    Raises:
        ValueError: no such layer or units, numbers of another count or out
            of range, maps of another size.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.2;
        `netdissect/nethook.py` of CSAILVision/gandissect.
    Differs from the authors' code: the change ends by itself.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> identity = keras.layers.Identity(name="units")
        >>> generator = keras.Sequential([keras.Input((3,)), identity])
        >>> with kl.intervene(generator, "units", [0, 2], value=[0.0, 7.0]):
        ...     generator(np.ones((1, 3))).numpy().tolist()
        [[0.0, 1.0, 7.0]]
        >>> generator(np.ones((1, 3))).numpy().tolist()
        [[1.0, 1.0, 1.0]]
    """
    layer = find_layer(generator, layer)
    steered = SteeredGenerator(generator, latent_dim)
    point = np.zeros((1, steered.latent_dim), "float32")
    _, trial = read_layer(
        generator, layer, lambda: steered(point, conditioning)
    )
    units = check_units(units, trial.shape[-1])
    values = _per_unit("value", value, units, trial.shape[-1])
    shares = _per_unit("alpha", alpha, units, trial.shape[-1])
    if shares.min() < 0 or shares.max() > 1:
        raise ValueError(
            "`alpha` must be in [0, 1]. Received: "
            f"{shares.min():g} to {shares.max():g}."
        )
    if where is not None:
        shares = shares * _places(where, trial.shape)
    with edited(generator, layer, lambda x: replace(x, shares, values)):
        yield generator


def check_units(units, count):
    """Units as a list of different ints from 0 and less than `count`.

    Raises:
        ValueError: anything else.
    """
    listed = np.atleast_1d(np.asarray(units))
    whole = listed.ndim == 1 and listed.dtype.kind in "iu"
    inside = whole and len(listed) and 0 <= listed.min()
    if not inside or listed.max() >= count:
        raise ValueError(
            f"`units` must be ints from 0, less than {count}, the units of "
            f"the layer. Received: units={units!r}."
        )
    if len(set(listed.tolist())) < len(listed):
        raise ValueError(
            f"`units` must be different. Received: units={units!r}."
        )
    return listed.tolist()


def _per_unit(name, numbers, units, count):
    """One number for each unit of the layer, 0 for those not in `units`."""
    numbers = np.asarray(numbers, "float32")
    if numbers.shape not in ((), (len(units),)) or not np.all(
        np.isfinite(numbers)
    ):
        raise ValueError(
            f"`{name}` must be a finite number, or one for each of "
            f"{len(units)} units. Received: {name} of shape {numbers.shape}, "
            f"{numbers.ravel()[:5].tolist()}."
        )
    full = np.zeros(count, "float32")
    full[units] = numbers
    return full


def _places(where, shape):
    """`where` with an axis for the units."""
    where = np.asarray(where, "float32")
    known = len(shape) == 4 and where.ndim in (2, 3)
    if not known or where.shape[-2:] != tuple(shape[1:3]):
        raise ValueError(
            "`where` must be of shape (height, width) or (images, height, "
            f"width) of the layer's maps, here {tuple(shape[1:-1])}. "
            f"Received: shape {where.shape}."
        )
    if not where.size or not (where.min() >= 0 and where.max() <= 1):
        raise ValueError(
            "`where` must be in [0, 1]. Received: values outside of it, or "
            "none."
        )
    return where[..., None]
