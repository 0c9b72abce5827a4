"""Pictures of masks and of single images."""

import base64
import io
from typing import Any

import numpy as np
from matplotlib.image import imsave

from keras_sparse.plots import draw

_LIVE = np.array([0.90, 0.46, 0.10])  # orange on white as on black
_DEAD = np.array([0.50, 0.50, 0.50, 0.22])
MOST_CELLS = 400
MOST_FILTERS, MOST_CHANNELS = 16, 8
MOST_PIXELS = 96


def sees_pixels(mask, image_shape):
    """Whether the mask's rows are the values of one image, flattened."""
    return mask.ndim == 2 and len(mask) == np.prod(image_shape)


def pixel_maps(history, image_shape):
    """Draws how many live connections each pixel has, first and last.

    Args:
        history: list of (step, bool array (pixels, units)).
        image_shape: (height, width, channels); channels are summed up.

    Returns:
        list of (caption, SVG), and the count drawn in full colour.
    """
    counts = [
        (step, mask.reshape(*image_shape, -1).sum((2, 3)))
        for step, mask in _first_and_last(history)
    ]
    most = max(1, *(int(count.max()) for _, count in counts))
    pictures: list[tuple] = []
    for step, count in counts:
        alt = (
            f"Live connections per pixel at step {step}: {int(count.min())} "
            f"to {int(count.max())}, {int(count.sum())} in all"
        )
        caption = f"Step {step:,}: live connections per input pixel."
        shades = _shades(count / most)
        size = (3.4, 3.4 * count.shape[0] / count.shape[1])
        name = f"pixels-{step}-{len(pictures)}"
        svg = _show(name, alt, size, shades, "pixel column", "pixel row")
        pictures.append((caption, svg))
    return pictures, most


def mask_pictures(history):
    """Draws the mask itself, first and last.

    Convolution kernels are laid out as a grid of slices, one square per
    input channel (down) and filter (across); others as one matrix with the
    last axis across. Where a matrix is large, one dot is a block of entries.

    Args:
        history: list of (step, bool array).

    Returns:
        list of (caption, SVG).
    """
    pictures: list[tuple] = []
    for step, mask in _first_and_last(history):
        slices = mask.ndim == 4 and mask.shape[0] * mask.shape[1] > 1
        shades, across, down, detail = (_kernels if slices else _matrix)(mask)
        caption = f"Step {step:,}: {detail}."
        share = np.count_nonzero(mask) / max(mask.size, 1)
        alt = f"Mask at step {step}, {100 * share:.1f} % live; {detail}"
        tall = shades.shape[0] / shades.shape[1]
        height = 0.2 + 4.4 * tall if slices else 2.9
        name = f"mask-{step}-{len(pictures)}"
        size = (4.6, np.clip(height, 1.0, 4.6))
        svg = _show(name, alt, size, shades, across, down, equal=slices)
        pictures.append((caption, svg))
    return pictures


def image_uri(image):
    """Returns an image (height, width, channels) in [0, 1] as a data URI."""
    image = np.clip(np.nan_to_num(np.asarray(image, "float32")), 0, 1)
    stride = -(-max(image.shape[:2]) // MOST_PIXELS)
    image = image[::stride, ::stride]
    if image.shape[-1] not in (3, 4):
        image = np.repeat(image.mean(-1, keepdims=True), 3, axis=-1)
    buffer = io.BytesIO()
    metadata: Any = {"Software": None}  # left out of the file
    imsave(buffer, image, format="png", metadata=metadata)
    return (
        "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()
    )


def _first_and_last(history):
    return [history[0], history[-1]] if len(history) > 1 else history[-1:]


def _shades(values):
    colour = np.broadcast_to(_LIVE, (*values.shape, 3))
    return np.concatenate([colour, values[..., None]], axis=-1)


def _show(name, alt, size, shades, across, down, equal=True):
    def paint(axes):
        aspect = "equal" if equal else "auto"
        axes.imshow(shades, interpolation="none", aspect=aspect)
        axes.set(xticks=[], yticks=[], xlabel=across, ylabel=down)
        axes.spines[["right", "top"]].set_visible(True)

    return draw(name, alt, size, paint)


def _matrix(mask):
    matrix = mask.reshape(-1, mask.shape[-1]).astype("float64")
    blocks = [-(-length // MOST_CELLS) for length in matrix.shape]
    for axis, block in enumerate(blocks):
        starts = np.arange(0, matrix.shape[axis], block)
        matrix = np.add.reduceat(matrix, starts, axis=axis)
    matrix /= max(matrix.max(), 1)
    rows, columns = mask.size // mask.shape[-1], mask.shape[-1]
    detail = f"the mask, {rows:,} inputs (down) by {columns:,} units (across)"
    if max(blocks) > 1:
        detail += f"; one dot is a block of {blocks[0]} by {blocks[1]}"
    return _shades(matrix), "units", "inputs", detail


def _kernels(mask):
    if mask.shape[-1] == 1:  # depthwise: the channels are the filters
        mask = mask.transpose(0, 1, 3, 2)
    height, width, channels, filters = mask.shape
    shown = mask[:, :, :MOST_CHANNELS, :MOST_FILTERS].transpose(2, 3, 0, 1)
    labels = "filters", "input channels"
    if channels == 1:  # one row would be a thin line: wrap it
        shown = mask[:, :, 0, : 2 * MOST_FILTERS].transpose(2, 0, 1)
        columns = min(MOST_FILTERS // 2, len(shown))
        missing = -len(shown) % columns
        pad = np.full((missing, height, width), np.nan)
        shown = np.concatenate([shown, pad]) if missing else shown
        shown = shown.reshape(-1, columns, height, width)
        labels = "filters, row by row", ""
    seen = min(filters, (2 if channels == 1 else 1) * MOST_FILTERS)
    detail = (
        f"{height} × {width} slices of the kernel, {seen} of {filters} filters"
        f" and {min(channels, MOST_CHANNELS)} of {channels} input channels"
    )
    return _tiles(shown.astype("float64")), *labels, detail


def _tiles(grid):
    """Lays (rows, columns, height, width) out with a clear line between."""
    edge = ((0, 0), (0, 0), (0, 1), (0, 1))
    grid = np.pad(grid, edge, constant_values=np.nan).transpose(0, 2, 1, 3)
    flat = grid.reshape(grid.shape[0] * grid.shape[1], -1)
    flat = np.pad(flat, ((1, 0), (1, 0)), constant_values=np.nan)
    shades = _shades(np.nan_to_num(flat))
    shades[flat == 0] = _DEAD
    return shades
