"""Pictures of examples: images in a grid, or points of the plane."""

import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.drawing import draw
from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import ArrayLike, PathLike, Range
from keras_latent.image_range import check_image_range
from keras_latent.pictures import as_shades, image_limits, tile

DOTS = 120  # of an inch
CELL = 60  # dots of an image's width, of a large image more
BETWEEN = 20  # dots between panels
HEADING = 26  # dots of the line of titles
EDGE = 2  # dots around all, for the frames of points
SCATTER = (420, 240)  # dots of a panel of points: one or two, more
COLOUR = "#3b6fb6"


def sample_grid(
    samples: ArrayLike,
    path: PathLike | None = None,
    columns: int = 8,
    image_range: Range | None = None,
) -> bytes:
    """Draws images in a grid, row by row, or points of the plane.

    Each pixel of an image becomes a square of whole dots. Equal arguments
    give equal bytes.

    Args:
        samples: array (count, height, width, 1 or 3) of images, or
            (count, 2) of points.
        path: file to write, or None.
        columns: int from 1, of images.
        image_range: (low, high), the values of black and white, or the ends
            of both axes. None: (0, 255) of whole numbers, (0, 1) or (-1, 1)
            of floats inside these, else as measured; of points always so.

    Returns:
        bytes of a PNG.

    Raises:
        ValueError: samples of another shape, or not finite; a range or
            number that is none.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> kl.sample_grid(np.zeros((10, 8, 8, 3)))[1:4]
        b'PNG'
    """
    return save_whole(draw_panels([samples], None, columns, image_range), path)


def draw_panels(panels, titles=None, columns=8, image_range=None):
    """Draws several sets of examples beside each other, on one scale.

    Args:
        panels: list of arrays, each as `samples` of `sample_grid`; images of
            different sizes are shown equally large.
        titles: list of str, of as many, or None.
        columns, image_range: as for `sample_grid`.

    Returns:
        bytes of a PNG.

    Raises:
        ValueError: as `sample_grid`.

    Example:
        >>> import numpy as np
        >>> from keras_latent.sample_pictures import draw_panels
        >>> draw_panels([np.zeros((9, 2)), np.ones((9, 2))], ["a", "b"])[1:4]
        b'PNG'
    """
    check_count("columns", columns)
    panels = [check_samples("samples", samples) for samples in panels]
    limits = check_image_range(image_range)
    if panels[0].ndim == 2:
        return _draw_points(panels, titles, limits)
    limits = limits or image_limits(np.concatenate([p.ravel() for p in panels]))
    most = max(images.shape[1] for images in panels)
    pictures = []
    for images in panels:
        factor = max(1, most // images.shape[1])
        shades = as_shades(images, limits)
        shades = shades.repeat(factor, axis=1).repeat(factor, axis=2)
        pictures.append(_in_rows(shades, columns))
    scale = max(1, round(CELL / (most + 2 * _gap(most))))
    sizes = [(scale * p.shape[1], scale * p.shape[0]) for p in pictures]

    def paint(axes, picture):
        axes.imshow(picture, interpolation="nearest", aspect="auto")
        axes.set_axis_off()

    return _draw(pictures, sizes, titles, paint)


def check_samples(name, samples):
    """Raises unless samples are images or points that can be shown.

    Args:
        name: str, the argument to name.
        samples: array.

    Returns:
        Array (count, height, width, 1 or 3) or (count, 2).

    Raises:
        ValueError: another shape, none of them, numbers that are not finite.
    """
    samples = np.asarray(samples)
    image = samples.ndim == 4 and samples.shape[-1] in (1, 3)
    point = samples.ndim == 2 and samples.shape[1] == 2
    if not (image or point) or not samples.size:
        raise ValueError(
            f"`{name}` must be images (count, height, width, 1 or 3) or points "
            f"(count, 2), at least one. Received: shape {samples.shape}. A "
            "channel axis comes by `images[..., None]`."
        )
    if not np.isfinite(samples).all():
        raise ValueError(
            f"`{name}` must be finite. Received: NaN or infinite numbers. The "
            "training has probably diverged."
        )
    return samples


def _in_rows(shades, columns):
    """One picture of all images, the rest of the last row white."""
    count = len(shades)
    columns = min(columns, count)
    rows = -(-count // columns)
    blank = np.ones((rows * columns - count, *shades.shape[1:]))
    cells = np.concatenate([shades, blank])
    cells = cells.reshape(rows, columns, *shades.shape[1:])
    return tile(cells, _gap(shades.shape[2]))


def _gap(side):
    return max(1, round(side / 30))


def _draw_points(panels, titles, limits):
    values = np.concatenate(panels)
    low, high = limits or (float(values.min()), float(values.max()))
    margin = 0.0 if limits else 0.04 * (high - low) or 1.0
    side = SCATTER[0] if len(panels) < 3 else SCATTER[1]

    def paint(axes, points):
        size = 4 if len(points) > 200 else 12
        axes.scatter(*points.T, size, COLOUR, alpha=0.4, linewidths=0)
        ends = low - margin, high + margin
        axes.set(xlim=ends, ylim=ends, xticks=[], yticks=[])

    return _draw(panels, [(side, side)] * len(panels), titles, paint)


def _draw(panels, sizes, titles, paint):
    """Places panels of given sizes, in dots, in a row."""
    heading = HEADING if titles else 0
    between = BETWEEN * (len(sizes) - 1)
    width = sum(w for w, _ in sizes) + between + 2 * EDGE
    height = max(h for _, h in sizes) + heading + 2 * EDGE

    def place(figure):
        figure.set_layout_engine("none")  # each axes has its place
        left = EDGE
        for index, (panel, (w, h)) in enumerate(
            zip(panels, sizes, strict=True)
        ):
            bottom = height - EDGE - heading - h
            box = left / width, bottom / height, w / width, h / height
            axes = figure.add_axes(box)
            paint(axes, panel)
            if titles:
                axes.set_title(titles[index], pad=4)
            left += w + BETWEEN

    return draw((width / DOTS, height / DOTS), place)
