"""Coloured shapes with known factors and exact masks, drawn as wanted."""

import math
from typing import NamedTuple

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent._types import TensorLike

FACTORS = ("hue", "shape", "horizontal", "vertical", "size")
RADII = (0.08, 0.16)  # of the image's width; of a disc of the same area
CENTRES = (0.3, 0.7)  # so that the largest triangle stays inside
BATCH = 1024  # images drawn at once


class ShapesData(NamedTuple):
    """Images of one shape each, from `shapes` or `dsprites`.

    Attributes:
        images: float32 array (count, size, size, channels).
        masks: int32 array (count, size, size), 0 on the background.
        factors: float32 array (count, 5), what each image was drawn by.

    Example:
        >>> import keras_latent as kl
        >>> images, masks, factors = kl.shapes(4, size=16)
        >>> images.shape, masks.shape, factors.shape
        ((4, 16, 16, 3), (4, 16, 16), (4, 5))
    """

    images: np.ndarray
    masks: np.ndarray
    factors: np.ndarray


def shapes(
    count: int, size: int = 32, seed: int = 0, background: float = 0.0
) -> ShapesData:
    """Draws images of one coloured shape each, with masks and factors.

    Hue, position and size are uniform in [0, 1]; the shape is one of three.

    Args:
        count: int from 1, of images.
        size: int from 8, height and width in pixels.
        seed: int from 0. Equal seeds give equal data.
        background: number in [0, 1], black to white.

    Returns:
        `ShapesData`, numpy arrays: `images` float32 (count, size, size, 3) in
        [-1, 1], `masks` int32 (count, size, size) and `factors` float32
        (count, 5), as in `render_shapes`.

    Raises:
        ValueError: as `render_shapes`; a count or seed that is none.

    Source: none. One object in the manner of the CLEVR-Simple set of Peebles
    et al. 2020, arXiv:2008.10599; the factors are those of this drawing.

    Example:
        >>> import keras_latent as kl
        >>> data = kl.shapes(6)
        >>> data.images.shape, data.masks.shape, data.factors.shape
        ((6, 32, 32, 3), (6, 32, 32), (6, 5))
    """
    check_count("count", count)
    check_count("seed", seed, minimum=0)
    draw = np.random.default_rng(seed)
    factors = draw.uniform(size=(count, len(FACTORS))).astype("float32")
    factors[:, FACTORS.index("shape")] = draw.integers(3, size=count) / 2
    parts = [
        render_shapes(factors[start : start + BATCH], size, background)
        for start in range(0, count, BATCH)
    ]
    images, masks = (np.concatenate(part) for part in zip(*parts, strict=True))
    return ShapesData(images, masks, factors)


def render_shapes(
    factors: TensorLike, size: int = 32, background: TensorLike = 0.0
) -> tuple[tf.Tensor, tf.Tensor]:
    """Draws a shape for each row of factors; gradients pass to the factors.

    Args:
        factors: float tensor (n, 5), in [0, 1]. Its columns: hue (red, green
            at 1/3, blue at 2/3, red); shape (circle 0, square 1/2, triangle 1,
            blends between them); horizontal position, from left; vertical
            position, from top; size. Shapes of one size have one area, 2 %
            to 8 % of the image.
        size: int from 8, height and width in pixels.
        background: number in [0, 1], black to white; or float tensor in
            [0, 1], (n,) of levels or (n, size, size, 3) of colours.

    Returns:
        Pair (float32 tensor (n, size, size, 3) of images in [-1, 1], int32
        tensor (n, size, size) of masks). A mask is 0 on the background, else 1
        circle, 2 square or 3 triangle, the nearest to a blend. Edges of the
        images are smooth; a pixel is in the mask where its centre is in the
        shape, which covers half of it or more.

    Raises:
        ValueError: factors of another shape, or outside [0, 1] (seen where
            their values are known, not in a `tf.function`); another size or
            background.

    Source: none; sides of shapes as distances of points from lines.

    Example:
        >>> import keras_latent as kl
        >>> images, masks = kl.render_shapes([[0.0, 0.5, 0.5, 0.5, 1.0]], 8)
        >>> images[0, 4, 4].numpy().tolist(), masks[0, 4, 4].numpy().item()
        ([1.0, -1.0, -1.0], 2)
    """
    check_count("size", size, minimum=8)
    factors = tf.cast(tf.convert_to_tensor(factors), "float32")
    if factors.shape.rank != 2 or factors.shape[1] != len(FACTORS):
        raise ValueError(
            f"`factors` must be of shape (n, {len(FACTORS)}), the columns "
            f"{', '.join(FACTORS)}. Received: shape {factors.shape}."
        )
    _check_values("factors", factors)
    background = _background(background, factors, size)
    hue, shape = factors[:, 0], factors[:, 1]
    distance = _signed_distance(factors, size)
    # A pixel's share of the shape falls from 1 to 0 over a pixel's width.
    cover = tf.clip_by_value(0.5 - size * distance, 0.0, 1.0)[..., None]
    colour = _colour(hue)[:, None, None, :]
    image = background + cover * (colour - background)
    kind = 1 + tf.cast(tf.floor(2 * shape + 0.5), "int32")
    inside = tf.cast(distance <= 0, "int32")
    return 2 * image - 1, inside * kind[:, None, None]


def _signed_distance(factors, size):
    """Distances of pixels from the outline, negative inside; widths are 1."""
    _, shape, horizontal, vertical, extent = (
        column[:, None, None] for column in tf.unstack(factors, axis=1)
    )
    ticks = (tf.range(size, dtype="float32") + 0.5) / size
    low, high = CENTRES
    x = ticks[None, None, :] - (low + (high - low) * horizontal)
    y = ticks[None, :, None] - (low + (high - low) * vertical)
    radius = RADII[0] + (RADII[1] - RADII[0]) * extent
    circle = tf.sqrt(x**2 + y**2 + 1e-12) - radius  # a slope at the centre
    square = _polygon(x, y, radius, 4)
    triangle = _polygon(x, y, radius, 3)
    towards = tf.clip_by_value(2 * shape, 0.0, 1.0)
    beyond = tf.clip_by_value(2 * shape - 1, 0.0, 1.0)
    first = circle + towards * (square - circle)
    return first + beyond * (triangle - first)


def _polygon(x, y, radius, sides):
    """Distance from the sides of a polygon on its base, of a disc's area."""
    turns = [math.pi / 2 + 2 * math.pi * k / sides for k in range(sides)]
    along = [math.cos(turn) * x + math.sin(turn) * y for turn in turns]
    apothem = math.sqrt(math.pi / (sides * math.tan(math.pi / sides)))
    return tf.reduce_max(tf.stack(along), axis=0) - apothem * radius


def _colour(hue):
    """Full colours (n, 3) in [0, 1] of hues (n,)."""
    sixths = (6 * hue[:, None] + tf.constant([0.0, 4.0, 2.0])) % 6
    return tf.clip_by_value(tf.abs(sixths - 3) - 1, 0.0, 1.0)


def _background(background, factors, size):
    """Colours that broadcast to (n, size, size, 3)."""
    background = tf.cast(tf.convert_to_tensor(background), "float32")
    count, rank = factors.shape[0], background.shape.rank
    wanted = {0: (), 1: (count,), 4: (count, size, size, 3)}.get(rank)
    if wanted is None or not background.shape.is_compatible_with(wanted):
        raise ValueError(
            "`background` must be a number, or of shape (n,) or (n, size, "
            f"size, 3), for n={count} and size={size}. Received: shape "
            f"{background.shape}."
        )
    _check_values("background", background)
    return background[:, None, None, None] if rank == 1 else background


def _check_values(name, values):
    """Raises for known values outside [0, 1]."""
    if tf.is_symbolic_tensor(values):
        return
    outside = ~((values >= 0) & (values <= 1)).numpy()
    if outside.any():
        raise ValueError(
            f"`{name}` must be in [0, 1]. Received: {outside.sum()} of "
            f"{outside.size} values that are not, the first of them "
            f"{values.numpy()[outside][0]:g}. A sigmoid brings numbers there."
        )
