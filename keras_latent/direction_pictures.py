"""Pictures of directions: a sheet of shifted images, a film of one."""

import io

import numpy as np

from _keras_sparse_common.arguments import check_count
from _keras_sparse_common.drawing import draw
from _keras_sparse_common.whole_files import save_whole
from keras_latent.direction_checks import check_shifts
from keras_latent.image_range import check_image_range
from keras_latent.pictures import as_shades, image_limits, tile

MOST = 20  # directions in a sheet that are drawn unless asked for
DOTS = 120  # of an inch
CELL = 60  # dots of an image's width, of a large image more
FILM = 128  # dots of an image's width in a film, of a large image more
LINE = "#8a8f98"


def direction_sheet(
    directions,
    generator,
    z,
    k=None,
    shifts=None,
    path=None,
    conditioning=None,
    image_range=None,
):
    """Draws latent points moved along directions, a row for each.

    Equal arguments give equal bytes.

    Args:
        directions: `Directions`.
        generator, z, conditioning: as for `Directions.traverse`. Each
            direction has a row for each point.
        k: number or name of a direction, or list of these. None: the first
            20.
        shifts: list of numbers; None: 7 of them, from -6 to 6.
        path: file to write, or None.
        image_range: (low, high), the values of black and white; None: as in
            `sample_grid`.

    Returns:
        bytes of a PNG.

    Raises:
        ValueError: as `Directions.traverse`; no images; no directions.

    Source: `make_interpolation_chart` in visualization.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: names and shifts stand beside the images;
        several points to a direction.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> directions = kl.Directions(np.eye(2))
        >>> def generator(z):
        ...     return np.tile(np.array(z)[:, :1, None, None], (1, 8, 8, 1))
        >>> directions.plot(generator, [[0.0, 0.0]])[1:4]
        b'PNG'
    """
    wanted = range(min(MOST, len(directions))) if k is None else k
    wanted = [wanted] if np.ndim(wanted) == 0 else wanted
    rows = [directions.index(one) for one in wanted]
    if not rows:
        raise ValueError("`k` must be some directions. Received: none of them.")
    shifts = np.linspace(-6, 6, 7) if shifts is None else shifts
    images = [
        _traverse(directions, generator, z, row, shifts, conditioning)
        for row in rows
    ]
    points = len(images[0])
    images = np.concatenate(images)
    shades = as_shades(images, _limits(images, image_range))
    heads = [f"{s:.3g}".replace("-", "\N{MINUS SIGN}") for s in shifts]
    names = [directions.names[row] for row in rows]

    def paint(figure):
        _paint_sheet(figure, shades, points, names, heads)

    return save_whole(draw(_inches(shades.shape), paint, trim=True), path)


def direction_film(
    directions,
    generator,
    z,
    k,
    path=None,
    shifts=None,
    milliseconds=60,
    conditioning=None,
    image_range=None,
):
    """Animates latent points that go along a direction, back, and again.

    Args:
        directions, generator, z, conditioning, image_range: as for
            `direction_sheet`; the points stand beside each other.
        k: int, or a name: the direction.
        path: file to write, or None.
        shifts: list of numbers, at least two; None: 25, from -6 to 6.
        milliseconds: int from 20, a frame lasts; browsers slow down shorter.

    Returns:
        bytes of a GIF that repeats for ever.

    Raises:
        ValueError: as `direction_sheet`; less than two shifts.

    Source: `gen_animation` of anvoynov/GANLatentDiscovery.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> directions = kl.Directions(np.eye(2), ["light", "nothing"])
        >>> def generator(z):
        ...     return np.tile(np.array(z)[:, :1, None, None], (1, 8, 8, 1))
        >>> directions.animate(generator, [[0.0, 0.0]], "light")[:3]
        b'GIF'
    """
    from PIL import Image

    check_count("milliseconds", milliseconds, minimum=20)
    shifts = np.linspace(-6, 6, 25) if shifts is None else shifts
    shifts = check_shifts(shifts, minimum=2)
    images = _traverse(directions, generator, z, k, shifts, conditioning)
    shades = as_shades(images, _limits(images, image_range))
    scale = max(1, round(FILM / shades.shape[3]))
    cells = shades.repeat(scale, axis=2).repeat(scale, axis=3)
    forth = [
        Image.fromarray(np.rint(255 * tile(cells[None, :, i], 1)).astype("u1"))
        for i in range(len(shifts))
    ]
    first, *others = forth + forth[-2:0:-1]
    buffer = io.BytesIO()
    first.save(
        buffer,
        "GIF",
        save_all=True,
        append_images=others,
        duration=milliseconds,
        loop=0,
    )
    return save_whole(buffer.getvalue(), path)


def _traverse(directions, generator, z, k, shifts, conditioning):
    """As `Directions.traverse`, of images that can be shown."""
    images = directions.traverse(generator, z, k, shifts, conditioning)
    if images.ndim != 5 or images.shape[-1] not in (1, 3):
        raise ValueError(
            "`generator` must give images (batch, height, width, 1 or 3). "
            f"Received: shape {(*images.shape[:1], *images.shape[2:])}."
        )
    if not np.isfinite(images).all():
        raise ValueError(
            "`generator` must give finite images. Received: NaN or infinite "
            "numbers. Take smaller `shifts`."
        )
    return images


def _limits(images, image_range):
    return check_image_range(image_range) or image_limits(images)


def _gap(width):
    return max(1, round(width / 30))


def _inches(shape):
    """Size of the images alone, each pixel a square of whole dots."""
    rows, columns, height, width = shape[:4]
    gap = 2 * _gap(width)
    scale = max(1, round(CELL / (width + gap))) / DOTS
    return scale * columns * (width + gap), scale * rows * (height + gap)


def _paint_sheet(figure, shades, points, names, heads):
    """Shows all images; axes in units of one image."""
    rows, columns, height, width = shades.shape[:4]
    axes = figure.add_axes((0, 0, 1, 1))
    axes.imshow(
        tile(shades, _gap(width)),
        interpolation="nearest",
        extent=(-0.5, columns - 0.5, rows - 0.5, -0.5),
        aspect="auto",
    )
    axes.spines[:].set_visible(False)
    middles = np.arange(len(names)) * points + (points - 1) / 2
    axes.set_yticks(middles, names)
    axes.set_xticks(range(columns), heads)
    axes.tick_params(length=0, top=False, labeltop=True, labelbottom=False)
    for border in range(points, rows if points > 1 else 0, points):
        axes.axhline(border - 0.5, color=LINE, lw=0.8)
