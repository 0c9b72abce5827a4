"""Interpolation of latent vectors along a great circle."""

import math
from typing import Literal

import numpy as np
import tensorflow as tf
from keras import ops

from _keras_sparse_common.arguments import check_choice
from keras_latent._types import TensorLike

NORMS = ("linear", "unit")


def slerp(
    a: TensorLike,
    b: TensorLike,
    t: TensorLike,
    norms: Literal["linear", "unit"] = "linear",
) -> TensorLike:
    """Goes from the direction of `a` to that of `b` on the shortest arc.

    Draws of N(0, I) in d dimensions have norms near sqrt(d). A straight line
    between two of them passes through norms that a generator has never seen;
    here the norm goes linearly from that of `a` to that of `b`.

    At t = 0 the result is `a`, and at t = 1 `b`, to the last bit. Rows of the
    same direction are joined by a line. Of opposite rows every great circle
    is a shortest one: the one towards the axis that is most across is taken.

    Args:
        a: float tensor (..., d), d from 2, no row of zeros.
        b: float tensor of the same shape.
        t: number, or float tensor of shape (...) or (..., 1); beyond [0, 1]
            the circle is followed further.
        norms: "linear"; or "unit", every row of the result has norm 1.

    Returns:
        Tensor like `a`.

    Raises:
        ValueError: other shapes, another `norms`; outside a compiled
            function also rows of zeros.

    Source: `slerp` in metrics/perceptual_path_length.py of NVlabs/stylegan,
        the code of Karras et al. 2019, arXiv:1812.04948.
    Differs from the authors' code: end points are exact, parallel and
        opposite rows are no NaN, and norms are kept unless `norms` is "unit",
        which is theirs: their generator normalizes what it is given.

    Example:
        >>> import keras_latent as kl
        >>> kl.slerp([[3.0, 0.0]], [[0.0, 1.0]], 1.0).numpy().tolist()
        [[0.0, 1.0]]
    """
    check_choice("norms", norms, NORMS)
    a, b = _floats(a), _floats(b)
    same = a.shape == b.shape and a.dtype == b.dtype
    if not same or len(a.shape) < 1 or (a.shape[-1] or 2) < 2:
        raise ValueError(
            "`a` and `b` must have the same dtype and shape (..., d) with d "
            f"from 2. Received: {a.dtype.name} {tuple(a.shape)} and "
            f"{b.dtype.name} {tuple(b.shape)}."
        )
    # Half precision is too coarse for angles.
    wide = "float64" if a.dtype == tf.float64 else "float32"
    return ops.cast(
        _slerp(ops.cast(a, wide), ops.cast(b, wide), t, norms), a.dtype
    )


def _slerp(a, b, t, norms):
    t = _fractions(t, a)
    size_a = ops.norm(a, axis=-1, keepdims=True)
    size_b = ops.norm(b, axis=-1, keepdims=True)
    _check_sizes(a=size_a, b=size_b)
    unit_a, unit_b = a / size_a, b / size_b
    share_a, share_b, across = _shares(unit_a, unit_b, t)
    if norms == "unit":
        return share_a * unit_a + share_b * unit_b + across
    size = (1 - t) * size_a + t * size_b
    # The norms are divided first: at the end points the quotient is just 1.
    a, b = a * (size / size_a), b * (size / size_b)
    return share_a * a + share_b * b + size * across


def _shares(a, b, t):
    """Weights of unit rows `a` and `b`, and what is added across them."""
    # The half-angle form is exact to rounding where acos(a.b) is not.
    angle = 2 * ops.arctan2(
        ops.norm(a - b, axis=-1, keepdims=True),
        ops.norm(a + b, axis=-1, keepdims=True),
    )
    least = math.sqrt(np.finfo(a.dtype.as_numpy_dtype).eps)
    opposite = angle > math.pi - least
    plain = ops.logical_or(opposite, angle < least)
    # A safe angle in the branch not taken keeps NaN out of gradients.
    safe = ops.where(plain, ops.full_like(angle, 1.0), angle)
    first = ops.where(plain, 1 - t, ops.sin((1 - t) * safe) / ops.sin(safe))
    second = ops.where(plain, t, ops.sin(t * safe) / ops.sin(safe))
    cosine = ops.cos(math.pi * t)
    first = ops.where(opposite, ops.maximum(cosine, 0), first)
    second = ops.where(opposite, ops.maximum(-cosine, 0), second)
    # sin(pi) is not 0 in floats, but sin(0) is.
    sine = ops.sin(math.pi * ops.minimum(t, 1 - t))
    across = ops.where(opposite, sine * _perpendicular(a), ops.zeros_like(a))
    return first, second, across


def _perpendicular(a):
    """A unit row across each unit row, near the axis where `a` is least."""
    axis = ops.one_hot(
        ops.argmin(ops.abs(a), axis=-1), a.shape[-1], dtype=a.dtype
    )
    axis = axis - ops.sum(axis * a, axis=-1, keepdims=True) * a
    return axis / ops.norm(axis, axis=-1, keepdims=True)


def _floats(value):
    value = ops.convert_to_tensor(value)
    return value if value.dtype.is_floating else ops.cast(value, "float32")


def _fractions(t, a):
    t = ops.cast(t, a.dtype)
    if len(t.shape) in (0, len(a.shape)):
        shape = tuple(t.shape)
        fits = not shape or shape[-1] == 1
    else:
        fits = len(t.shape) == len(a.shape) - 1
        t = ops.expand_dims(t, -1)
    if not fits:
        raise ValueError(
            "`t` must be a number, or have a number for each row of `a`. "
            f"Received: shape {tuple(t.shape)} for rows of "
            f"{tuple(a.shape)}."
        )
    return t


def _check_sizes(**sizes):
    if not tf.executing_eagerly():
        return
    for name, size in sizes.items():
        if not ops.convert_to_numpy(size).all():
            raise ValueError(
                f"`{name}` must have no row of zeros, which has no direction. "
                f"Received: {int(ops.sum(size == 0))} of them."
            )
