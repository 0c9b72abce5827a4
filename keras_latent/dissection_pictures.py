"""The images that activate each unit most, with its mask outlined."""

import io

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent.image_range import check_image_range
from keras_latent.layer_maps import LayerMaps
from keras_latent.pictures import as_shades, image_limits, tile
from keras_latent.segment_masks import resize

SIDE = 96  # pixels that images are enlarged to, at least, by whole factors
GAP = 2
OUTLINE = (1.0, 0.85, 0.0)


def unit_strips(
    dissection,
    generator,
    images=6,
    image_range=None,
    batch_size=32,
    conditioning=None,
    latent_dim=None,
    layer=None,
):
    """A picture of each unit: its top images, its mask's edge in yellow.

    Args:
        dissection: `Dissection` of this generator.
        generator: the Keras model that was dissected.
        images: int from 1, of a unit; fewer where fewer are listed.
        image_range: (low, high), the values of black and white; None: as for
            `sample_grid`.
        batch_size: int from 1.
        conditioning, latent_dim: as for `dissect`.
        layer: as for `dissect`; None: that of the name in `dissection`.

    Returns:
        List of bytes of a PNG, one of each unit.

    Raises:
        ValueError: a generator without this layer, or of other images than
            those of 1 or 3 channels.
    """
    check_count("images", images)
    image_range = check_image_range(image_range)
    maps = LayerMaps(
        generator,
        dissection.layer if layer is None else layer,
        dissection.z,
        batch_size,
        conditioning,
        latent_dim,
    )
    if maps.map_shape[-1] != len(dissection.units):
        raise ValueError(
            "`dissection` must be of this generator. Received: "
            f"{len(dissection.units)} units, where the layer has "
            f"{maps.map_shape[-1]}."
        )
    shape = maps.images(np.arange(1)).shape
    if shape.rank != 4 or shape[-1] not in (1, 3):
        raise ValueError(
            "`generator` must give images of 1 or 3 channels to be shown. "
            f"Received: shape {tuple(shape)}."
        )
    top = np.array([unit.top_images[:images] for unit in dissection.units])
    needed = np.unique(top)
    batches = [
        needed[start : start + batch_size]
        for start in range(0, len(needed), batch_size)
    ]
    limits = image_range or _limits(maps, batches)
    cells = [[None] * top.shape[1] for _ in top]
    for rows in batches:
        shown, batch = maps.read(rows)
        shades = enlarged(as_shades(shown, limits))
        for number, unit in enumerate(dissection.units):
            for place in np.flatnonzero(np.isin(top[number], rows)):
                row = np.searchsorted(rows, top[number, place])
                activation = batch[row : row + 1, ..., number : number + 1]
                large = resize(activation, shades.shape[1:3])[0, ..., 0]
                cells[number][place] = outlined(
                    shades[row], large > unit.threshold
                )
    return [_png(tile(np.stack(strip)[None] / 255.0, GAP)) for strip in cells]


def _limits(maps, batches):
    """Values of black and white for all images of some batches of rows."""
    ends = []
    for rows in batches:
        images = maps.images(rows).numpy()
        ends += [images.min(), images.max()]
    return image_limits(np.array(ends))


def enlarged(images):
    """Images of squares of whole pixels, `SIDE` high at least."""
    factor = max(1, -(-SIDE // images.shape[1]))
    return images.repeat(factor, axis=1).repeat(factor, axis=2)


def outlined(image, mask):
    """An image in bytes, with the inner edge of a mask drawn on it.

    Args:
        image: float array (height, width, 3) in [0, 1].
        mask: bool array (height, width).

    Returns:
        uint8 array (height, width, 3).

    Example:
        >>> from keras_latent.dissection_pictures import outlined
        >>> outlined(np.zeros((5, 5, 3)), np.ones((5, 5)) > 0)[2, :, 0].tolist()
        [255, 255, 0, 255, 255]
    """
    inside = mask.copy()
    for _ in range(2):  # pixels wide
        padded = np.pad(inside, 1)
        inside = (
            inside
            & padded[2:, 1:-1]
            & padded[:-2, 1:-1]
            & padded[1:-1, 2:]
            & padded[1:-1, :-2]
        )
    drawn = np.where((mask & ~inside)[..., None], OUTLINE, image)
    return np.round(255 * drawn).astype("uint8")


def _png(picture):
    """Bytes of a PNG; equal pictures, equal bytes."""
    from matplotlib.image import imsave

    buffer = io.BytesIO()
    whole = np.round(255 * picture).astype("uint8")
    imsave(buffer, whole, format="png", metadata={"Software": None})
    return buffer.getvalue()
