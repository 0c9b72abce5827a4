"""Units that go with bad images, and the generator without them."""

import dataclasses
from collections.abc import Sequence

import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import (
    ArrayLike,
    Conditioning,
    Examples,
    LayerLike,
    Network,
)
from keras_latent.feature_batches import feature_batches
from keras_latent.feature_statistics import FeatureStatistics, gather
from keras_latent.frechet_distance import (
    FrechetFindings,
    frechet_distance,
    gaussian_frechet_distance,
)
from keras_latent.intervention import check_units, replace
from keras_latent.layer_edits import edited
from keras_latent.layer_maps import LayerMaps


@dataclasses.dataclass(frozen=True, eq=False)
class ArtefactFindings:
    """Units, and the Frechet distance with and without them.

    Attributes:
        units: tuple of int, those that are ablated.
        before, after: `FrechetFindings`, without and with ablation; of the
            same latent points.
        unit_distances: float64 array (units of the layer,), of the images
            that each activates most; None where units were given.

    Example:
        >>> import keras_latent as kl
        >>> before = kl.FrechetFindings(4.0, "mine", 9, 9)
        >>> after = kl.FrechetFindings(1.0, "mine", 9, 9)
        >>> found = kl.ArtefactFindings((3,), before, after, None)
        >>> float(found.before) - float(found.after)
        3.0
    """

    units: tuple[int, ...]
    before: FrechetFindings
    after: FrechetFindings
    unit_distances: np.ndarray | None


def artefact_units(
    generator: Network,
    layer: LayerLike,
    z: ArrayLike | int,
    real: FeatureStatistics | Examples,
    features: Network,
    units: Sequence[int] | None = None,
    count: int = 20,
    top_share: float = 0.1,
    batch_size: int = 32,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
    seed: int = 0,
) -> ArtefactFindings:
    """Finds the units of the worst images, and measures their ablation.

    A unit is as bad as the images that activate it most: their Frechet
    distance to real images ranks the units. Units are ranked on the first
    half of the latent points, and their ablation is measured on the second.
    `intervene(generator, layer, found.units)` then generates without them.

    Args:
        generator, layer, z, batch_size, conditioning, latent_dim, seed: as
            for `dissect`.
        real: array (examples, ...), dataset of batches, or
            `FeatureStatistics` by the same `features`.
        features: Keras model, extractor or function from images to
            (batch, d).
        units: list of int, units to ablate, measured on all of `z`. None:
            `count` of them are found.
        count: int from 1.
        top_share: number in (0, 1], share of the images that a unit is ranked
            by.

    Returns:
        `ArtefactFindings`.

    Raises:
        ValueError: as `dissect` and `frechet_distance`; too few latent points
            for the covariances.

    Source: Bau et al. 2019, arXiv:1811.10597, section 4, where ablation of
        artefact units lowers the distance.
    Differs from it: units are ranked and measured on different images, by
        any features.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> layer = keras.layers.Reshape((1, 1, 2), name="units")
        >>> generator = keras.Sequential([keras.Input((2,)), layer])
        >>> z = np.random.default_rng(0).normal(size=(400, 2)) + [0, 5]
        >>> found = kl.artefact_units(
        ...     generator, "units", z, z[:, None, None] - [0, 5],
        ...     lambda x: x[:, 0, 0], count=1)
        >>> found.units, found.after.distance < found.before.distance
        ((1,), True)
    """
    check_count("count", count)
    check_number("top_share", top_share, high=1.0, open_low=True)
    maps = LayerMaps(
        generator, layer, z, batch_size, conditioning, latent_dim, seed
    )
    if not isinstance(real, FeatureStatistics):
        real = gather("real", real, features, batch_size, None)
    start, distances = 0, None
    if units is None:
        start = len(maps) // 2
        distances = _distances(maps, real, features, start, top_share)
        ranked = np.argsort(-distances, kind="stable")[:count]
    units = check_units(ranked if units is None else units, maps.map_shape[-1])
    alpha = np.isin(np.arange(maps.map_shape[-1]), units)

    def distance():
        images = (maps.images(rows).numpy() for rows in maps.rows(start))
        return frechet_distance(real, images, features)

    before = distance()
    with edited(maps.generator, maps.layer, lambda x: replace(x, alpha, 0.0)):
        after = distance()
    return ArtefactFindings(tuple(units), before, after, distances)


def _distances(maps, real, features, stop, top_share):
    """Frechet distance of the images that activate each unit most."""
    peaks, images = [], []
    size = len(real.mean)
    most = int(top_share * stop)
    if most < size + 1:
        raise ValueError(
            f"`z` must be {int(2 * (size + 2) / top_share)} points for the "
            f"covariance of {size} features, half of them to rank units by. "
            f"Received: {len(maps)}. Give more, or a larger `top_share`."
        )
    for batch, found in maps.batches(stop=stop):
        peaks.append(found.max(axis=(1, 2)))
        images.extend(feature_batches("z", batch, features, len(batch)))
    peaks, images = np.concatenate(peaks), np.concatenate(images)
    top = np.argsort(-peaks, axis=0, kind="stable")[:most].T
    return np.array(
        [
            gaussian_frechet_distance(
                real.mean,
                real.covariance,
                images[rows].mean(axis=0),
                np.cov(images[rows], rowvar=False).reshape(size, size),
            )
            for rows in top
        ]
    )
