"""Masks of what a direction leaves alone: training data of a segmenter."""

from typing import Literal, NamedTuple

import numpy as np

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import ArrayLike, Conditioning, Network, Range
from keras_latent.direction_checks import check_latents
from keras_latent.directions import Directions
from keras_latent.otsu_threshold import otsu_threshold

CHANGES = ("background", "object")


class SaliencyData(NamedTuple):
    """Images and where their object is, from `saliency_masks`.

    Attributes:
        images: float32 array (kept, height, width, channels).
        masks: int32 array (kept, height, width), 1 on the object, else 0.
        rows: int array (kept,), which latent points they are of.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> pixels = np.zeros((2, 8, 8, 3)), np.zeros((2, 8, 8), "int32")
        >>> images, masks, rows = kl.SaliencyData(*pixels, np.array([0, 4]))
        >>> rows.tolist()
        [0, 4]
    """

    images: np.ndarray
    masks: np.ndarray
    rows: np.ndarray


def saliency_masks(
    generator: Network,
    directions: Directions,
    k: int | str,
    z: ArrayLike,
    shift: float = 6.0,
    threshold: float | None = None,
    changes: Literal["background", "object"] = "background",
    area: Range = (0.0, 1.0),
    conditioning: Conditioning = None,
    batch_size: int = 64,
) -> SaliencyData:
    """Images of a generator, with masks of their objects, labelled by nobody.

    A direction that removes the background changes its pixels and leaves the
    object's: |G(z + shift a / 2) - G(z - shift a / 2)|, the mean over
    channels, brought to [0, 1] in each image, is below a threshold on the
    object.

    Args:
        generator: Keras model, or function of latent points, to images.
        directions: `Directions`.
        k: int, or a name: the direction a.
        z: float array (points, latent_dim).
        shift: number above 0, from the one end to the other.
        threshold: number in (0, 1); None: Otsu's, of each image.
        changes: "background" or "object", what the direction changes.
        area: (low, high) in [0, 1]; images whose mask covers a share of the
            image that is not between them are left out.
        conditioning: dict of keyword arguments of the generator. Arrays with
            a row for each latent point go with it, anything else is the same
            for all.
        batch_size: int from 1, of calls of the generator.

    Returns:
        `SaliencyData`: `images` G(z), float32 (kept, height, width, channels);
        `masks` int32 (kept, height, width), 1 on the object and 0 elsewhere;
        `rows` int array (kept,), which rows of `z` they are.

    Raises:
        ValueError: arguments out of range; no images; images that the
            direction does not change; none within `area`.

    Source: Voynov and Babenko 2020, arXiv:2002.03754;
        `MaskGenerator` in segmentation/gan_segmentation.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: the difference has no sign, so backgrounds
        may turn dark; Otsu's threshold in place of a fixed .6, which
        `threshold=0.6` gives.

    Example:
        >>> import keras_latent as kl
        >>> factors = [[0.5] * 5]
        >>> def generator(z):
        ...     return kl.render_shapes(factors, 16, (z[:, 0] + 3) / 6)[0]
        >>> directions = kl.Directions([[1.0]], ["background"])
        >>> data = kl.saliency_masks(generator, directions, 0, [[0.0]])
        >>> truth = kl.render_shapes(factors, 16)[1]
        >>> kl.mask_iou(data.masks, truth).tolist()
        [1.0]
    """
    check_number("shift", shift, open_low=True)
    if threshold is not None:
        check_number("threshold", threshold, high=1.0, open_low=True)
    check_choice("changes", changes, CHANGES)
    check_count("batch_size", batch_size)
    low, high = _check_area(area)
    if not isinstance(directions, Directions):
        raise ValueError(
            "`directions` must be `Directions`. Received: "
            f"{type(directions).__name__}. Make them of a matrix."
        )
    z = check_latents(z, directions.latent_dim)
    ends = [-shift / 2, 0.0, shift / 2]
    images, masks = [], []
    for start in range(0, len(z), batch_size):
        part = slice(start, start + batch_size)
        told = _rows_of(conditioning, part, len(z))
        shown = directions.traverse(generator, z[part], k, ends, told)
        change = _change(shown, start)
        limits = [
            otsu_threshold(each) if threshold is None else threshold
            for each in change
        ]
        moved = change >= np.reshape(limits, (-1, 1, 1))
        images.append(shown[:, 1])
        masks.append(moved == (changes == "object"))
    pixels, mask = np.concatenate(images), np.concatenate(masks)
    shares = mask.mean(axis=(1, 2))
    (rows,) = np.nonzero((shares >= low) & (shares <= high))
    if not len(rows):
        raise ValueError(
            f"`area` must leave some images. Received: area={area}, for masks "
            f"that cover from {shares.min():.3g} to {shares.max():.3g}."
        )
    return SaliencyData(pixels[rows], mask[rows].astype("int32"), rows)


def _rows_of(conditioning, part, count):
    """Conditioning of some of `count` latent points."""
    return {
        name: value[part] if np.shape(value)[:1] == (count,) else value
        for name, value in (conditioning or {}).items()
    }


def _change(shown, start):
    """How much pixels change, in [0, 1] of each image."""
    if shown.ndim != 5:
        raise ValueError(
            "`generator` must give images (batch, height, width, channels). "
            f"Received: shape {(*shown.shape[:1], *shown.shape[2:])}."
        )
    change = np.abs(shown[:, 2] - shown[:, 0]).mean(axis=-1)
    if not np.isfinite(change).all():
        raise ValueError(
            "`generator` must give finite images. Received: NaN or infinite "
            "numbers. Take a smaller `shift`."
        )
    least = change.min(axis=(1, 2), keepdims=True)
    width = change.max(axis=(1, 2), keepdims=True) - least
    (same,) = np.nonzero(width[:, 0, 0] == 0)
    if len(same):
        raise ValueError(
            "`directions` must change some pixels more than others. Received: "
            f"images of the rows {(start + same[:5]).tolist()} of `z`, whose "
            "pixels all change alike. Take another direction, or a larger "
            "`shift`."
        )
    return (change - least) / width


def _check_area(area):
    ends = np.asarray(area, "float64")
    if ends.shape != (2,) or not 0 <= ends[0] < ends[1] <= 1:
        raise ValueError(
            "`area` must be (low, high) with 0 <= low < high <= 1. Received: "
            f"area={area}."
        )
    return ends
