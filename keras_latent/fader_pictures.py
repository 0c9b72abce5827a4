"""The grid of swapped labels, and strips that go beyond them."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.drawing import draw
from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import ArrayLike, FaderLike, PathLike, Sizes
from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.pictures import as_shades, image_limits, tile
from keras_latent.swap_case import SwapCase, first_of_each

MARK = "#d1495b"
INCHES = 0.62  # of an image in a picture
ROWS = 8
LONG = 6  # letters of a name that no longer fits above an image


def fader_grid(
    model: FaderLike,
    images: ArrayLike,
    labels: ArrayLike,
    path: PathLike | None = None,
    attribute_sizes: Sizes | None = None,
    attribute: int = 0,
    class_names: Sequence[Any] | None = None,
    rows_per_class: int | None = None,
) -> bytes:
    """Draws images decoded with every label: sources down, targets across.

    The first column holds the images as they are; then come the targets, of
    which the image's own label, the reconstruction, has a red frame.

    Args:
        model: `Fader`, or a pair (encoder, decoder), as for `swap_accuracy`.
        images: array (examples, height, width, 1 or 3), float or uint8.
        labels: ints (examples,) or (examples, attributes), or one-hot.
        path: file to write, or None.
        attribute_sizes: as for `reconstruction_error`.
        attribute: int from 0, the one to change, where there are several.
        class_names: list of str for the labels of `attribute`, or None.
        rows_per_class: int from 1, images of each label: the first ones.
            None: as many as make about eight rows, at least one.

    Returns:
        bytes of a PNG.

    Raises:
        ValueError: images, labels or names that do not fit.

    Source: the project's recipe for MNIST, whose grid has a row for each
        digit and a column for each label; as in the authors' interpolate.py.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> labels = np.arange(4)
        >>> def decode(inputs):
        ...     return inputs[0] * inputs[1].argmax(-1)[:, None, None, None]
        >>> networks, images = (np.copy, decode), np.ones((4, 8, 8, 1))
        >>> kl.fader_grid(networks, images, labels, attribute_sizes=4)[1:4]
        b'PNG'
    """
    case = SwapCase(
        model, images, labels, attribute_sizes, attribute, class_names
    )
    if rows_per_class is None:
        rows_per_class = case.rows_to_fill(ROWS)
    check_count("rows_per_class", rows_per_class)
    rows = first_of_each(case.own, rows_per_class)
    told = np.repeat(case.table[rows], case.size, axis=0)
    told[:, attribute] = np.tile(np.arange(case.size), len(rows))
    columns = np.asarray(one_hot_attributes(told, case.sizes))
    decoded = case.decode(rows, columns)
    own = case.own[rows]
    names = [case.names[label] for label in own], ["source", *case.names]

    def paint(figure):
        axes = _paint_rows(figure, case, rows, decoded)
        _name(axes, *names)
        for row, label in enumerate(own):
            _frame(axes, row, label + 1)

    return save_whole(draw(_size(decoded.shape), paint, trim=True), path)


def interpolation_strips(
    model: FaderLike,
    images: ArrayLike,
    labels: ArrayLike,
    path: PathLike | None = None,
    attribute_sizes: Sizes | None = None,
    attribute: int = 0,
    class_names: Sequence[Any] | None = None,
    low: float = -1.0,
    high: float = 2.0,
    steps: int = 10,
) -> bytes:
    """Draws images whose attribute goes from own to other label and beyond.

    The decoder gets (1 - a) for the own label and a for the next one: 0 is
    the own label, 1 the other, below 0 and above 1 what it never learned.

    Args:
        model, images, labels, path, attribute_sizes, attribute, class_names:
            as for `fader_grid`, with the rows it has by default.
        low, high: numbers, the ends of a.
        steps: int from 2, images in a strip.

    Returns:
        bytes of a PNG.

    Raises:
        ValueError: as `fader_grid`.

    Source: interpolate.py of facebookresearch/FaderNetworks; -1 to 2 is what
        its `alpha_min` and `alpha_max` of 2 give.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> def decode(inputs):
        ...     return inputs[0] * inputs[1][:, 1, None, None, None]
        >>> networks, images = (np.copy, decode), np.ones((4, 8, 8, 1))
        >>> labels = np.arange(4) % 2
        >>> strips = kl.interpolation_strips(
        ...     networks, images, labels, attribute_sizes=2, steps=4)
        >>> strips[1:4]
        b'PNG'
    """
    check_count("steps", steps, minimum=2)
    case = SwapCase(
        model, images, labels, attribute_sizes, attribute, class_names
    )
    rows = first_of_each(case.own, case.rows_to_fill(ROWS))
    own = case.own[rows]
    other = (own + 1) % case.size
    alphas = np.linspace(low, high, steps)
    told = case.table[rows].copy()
    start = np.asarray(one_hot_attributes(told, case.sizes))
    told[:, attribute] = other
    end = np.asarray(one_hot_attributes(told, case.sizes))
    mixed = start[:, None] + alphas[:, None] * (end - start)[:, None]
    columns = mixed.reshape(-1, mixed.shape[-1]).astype("float32")
    decoded = case.decode(rows, columns)
    ways = [
        f"{case.names[a]} \N{RIGHTWARDS ARROW} {case.names[b]}"
        for a, b in zip(own, other, strict=True)
    ]
    heads = [f"{alpha:.2g}".replace("-", "\N{MINUS SIGN}") for alpha in alphas]
    names = ways, ["source", *heads]

    def paint(figure):
        _name(_paint_rows(figure, case, rows, decoded), *names)

    return save_whole(draw(_size(decoded.shape), paint, trim=True), path)


def _size(shape):
    """Inches of the images alone; the names stand outside of these."""
    rows, columns, height, width = shape[:4]
    return INCHES * (columns + 1), INCHES * rows * height / width


def _paint_rows(figure, case, rows, decoded):
    """Shows sources and decoded images; axes in units of one image."""
    limits = image_limits(case.images)
    sources = as_shades(case.images[rows][:, None], limits)
    # A decoder may draw images of 0 to 255 as 0 to 1.
    scaled = limits[1] == 255 and decoded.max() <= 1
    shown = as_shades(decoded, (0.0, 1.0) if scaled else limits)
    gap = max(1, round(decoded.shape[3] / 14))
    picture = tile(np.concatenate([sources, shown], axis=1), gap)
    axes = figure.add_axes((0, 0, 1, 1))
    count, columns = len(rows), shown.shape[1] + 1
    axes.imshow(
        picture,
        interpolation="nearest",
        extent=(-0.5, columns - 0.5, count - 0.5, -0.5),
        aspect=decoded.shape[2] / decoded.shape[3],
    )
    axes.spines[:].set_visible(False)
    axes.axvline(0.5, color="#8a8f98", lw=0.8)
    return axes


def _name(axes, rows, columns):
    axes.set_yticks(range(len(rows)), rows)
    axes.set_xticks(range(len(columns)), columns)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    if max(map(len, columns)) > LONG:
        axes.tick_params(axis="x", labelrotation=90)


def _frame(axes, row, column):
    from matplotlib.patches import Rectangle

    axes.add_patch(
        Rectangle(
            (column - 0.48, row - 0.48), 0.96, 0.96, fill=False, ec=MARK, lw=1.4
        )
    )
