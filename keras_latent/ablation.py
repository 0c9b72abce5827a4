"""How much of a class is left as more and more units are ablated."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent._types import ArrayLike, Conditioning, LayerLike, Network
from keras_latent.causal_locations import area_average
from keras_latent.intervention import check_units, replace
from keras_latent.layer_edits import edited
from keras_latent.layer_maps import LayerMaps
from keras_latent.segment_masks import check_segmenter, grown, segment


@dataclasses.dataclass(frozen=True, eq=False)
class AblationCurve:
    """Pixels of each label, after the first units were ablated.

    Attributes:
        label: int, of the class that was ablated.
        units: tuple of int, in the order of ablation.
        counts: tuple of int, how many of `units` are ablated; the first is 0.
        pixels: int64 array (counts, labels), over all images; a pixel of the
            background, in all categories, counts for label 0.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> pixels = np.array([[6, 4], [8, 2]])
        >>> kl.AblationCurve(1, (7,), (0, 1), pixels).remaining.tolist()
        [1.0, 0.5]
    """

    label: int
    units: tuple[int, ...]
    counts: tuple[int, ...]
    pixels: np.ndarray

    @property
    def remaining(self) -> np.ndarray:
        """float64 array (counts,): share of the class' pixels left."""
        return self.pixels[:, self.label] / self.pixels[0, self.label]


def ablation_curve(
    generator: Network,
    layer: LayerLike,
    z: ArrayLike | int,
    segmenter: Network,
    class_: int,
    units: Sequence[int],
    counts: Sequence[int] | None = None,
    everywhere: bool = False,
    batch_size: int = 32,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
    seed: int = 0,
) -> AblationCurve:
    """Ablates a growing number of units where a class is, and counts pixels.

    Args:
        generator, layer, z, segmenter, batch_size, conditioning, latent_dim,
            seed: as for `dissect`.
        class_: int from 1, a label.
        units: list of int, in order, as from `Dissection.ranking`, or the
            `units` of a `CausalEffect`.
        counts: list of rising int from 1, how many of the first units to
            ablate. None: 1, 2, ... all.
        everywhere: bool, ablate in all places of the maps; False: in those
            whose part of the mask holds the class before ablation.

    Returns:
        `AblationCurve`.

    Raises:
        ValueError: as `dissect`; no such units, counts that do not rise or
            exceed them, a class that is in none of the images.

    Source: Bau et al. 2019, arXiv:1811.10597, section 4;
        `netdissect/evalablate.py` of CSAILVision/gandissect.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> layer = keras.layers.Reshape((2, 2, 1), name="units")
        >>> generator = keras.Sequential([keras.Input((4,)), layer])
        >>> z = np.random.default_rng(0).uniform(size=(10, 4))
        >>> curve = kl.ablation_curve(
        ...     generator, "units", z, lambda x: x[..., 0] > 0.5, 1, [0])
        >>> curve.remaining.tolist()
        [1.0, 0.0]
    """
    check_segmenter(segmenter)
    check_count("class_", class_)
    maps = LayerMaps(
        generator, layer, z, batch_size, conditioning, latent_dim, seed
    )
    units = check_units(units, maps.map_shape[-1])
    steps = _check_counts(counts, len(units))
    pixels = np.zeros((len(steps), class_ + 1), "int64")
    for rows in maps.rows():
        masks = segment(segmenter, maps.images(rows).numpy())
        pixels = _add(pixels, 0, masks)
        where = np.ones((len(rows), *maps.map_shape[:2]), "float32")
        if not everywhere:
            there = (masks == class_).any(axis=-1)
            where = area_average(there, maps.map_shape[:2]).numpy() > 0
        for place, count in enumerate(steps[1:], 1):
            alpha = np.zeros(maps.map_shape[-1], "float32")
            alpha[units[:count]] = 1.0
            alpha = where[..., None] * alpha

            def ablate(outputs, alpha=alpha):
                return replace(outputs, alpha, 0.0)

            with edited(maps.generator, maps.layer, ablate):
                images = maps.images(rows).numpy()
            pixels = _add(pixels, place, segment(segmenter, images))
    if not pixels[0, class_]:
        raise ValueError(
            "`class_` must be in some of the images. Received: "
            f"class_={class_}, which the segmenter sees in none of "
            f"{len(maps)}. Give more `z`, or another class."
        )
    return AblationCurve(class_, tuple(units), steps, pixels)


def _add(pixels, place, masks):
    """Adds the pixels of each label to a row."""
    pixels = grown(pixels, 1, int(masks.max()) + 1)
    found = np.bincount(masks.ravel(), minlength=pixels.shape[1])
    found[0] = np.count_nonzero(~masks.any(axis=-1))
    pixels[place] += found
    return pixels


def _check_counts(counts, most):
    """The counts, with 0 before them, as a tuple."""
    counts = range(1, most + 1) if counts is None else counts
    for count in counts:
        check_count("counts", count)
    counts = (0, *map(int, counts))
    rising = all(a < b for a, b in zip(counts, counts[1:], strict=False))
    if len(counts) < 2 or not rising or counts[-1] > most:
        raise ValueError(
            f"`counts` must rise, up to {most} units at most. Received: "
            f"counts={list(counts[1:])}."
        )
    return counts
