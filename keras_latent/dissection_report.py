"""A report on a dissection: one page, sorted as one likes."""

import pathlib

from _keras_sparse_common.whole_files import save_whole
from keras_latent._types import (
    Conditioning,
    LayerLike,
    Network,
    PathLike,
    Range,
)
from keras_latent.dissection_page import dissection_page
from keras_latent.dissection_pictures import unit_strips
from keras_latent.dissection_table import Dissection


def dissection_report(
    dissection: Dissection,
    generator: Network,
    path: PathLike,
    images: int = 6,
    image_range: Range | None = None,
    batch_size: int = 32,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
    layer: LayerLike | None = None,
) -> pathlib.Path:
    """Writes a page on the units: their classes, and what activates them.

    The page holds its pictures, loads nothing and runs no script; it sorts
    units by IoU, by class or by number. Equal arguments give equal bytes.

    Args:
        dissection: `Dissection`.
        generator: the Keras model that was dissected.
        path: file to write; its folder is made if there is none.
        images: int from 1, top images of a unit to show; no more than were
            listed.
        image_range: (low, high), the values of black and white; None: as for
            `sample_grid`.
        batch_size: int from 1.
        conditioning, latent_dim: as for `dissect`.
        layer: as for `dissect`; None: that of the name in `dissection`.

    Returns:
        `pathlib.Path` of the page.

    Raises:
        ValueError: something else than a dissection of this generator, images
            of other than 1 or 3 channels.

    Source: `netdissect/dissect.html` of CSAILVision/gandissect.
    Differs from it: one file, without scripts.

    Example:
        >>> import tempfile, keras_latent as kl
        >>> generator, _ = kl.dcgan_networks((16, 16, 1), 4, width=4)
        >>> found = kl.dissect(generator, 3, 8, lambda x: x[..., 0] > 0)
        >>> with tempfile.TemporaryDirectory() as folder:
        ...     page = kl.dissection_report(
        ...         found, generator, f"{folder}/units.html")
        ...     page.read_text().count("<img")
        8
    """
    if not isinstance(dissection, Dissection):
        raise ValueError(
            "`dissection` must be what `dissect` returns. Received: "
            f"{type(dissection).__name__}."
        )
    strips = unit_strips(
        dissection,
        generator,
        images,
        image_range,
        batch_size,
        conditioning,
        latent_dim,
        layer,
    )
    path = pathlib.Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    save_whole(dissection_page(dissection, strips).encode(), path)
    return path
