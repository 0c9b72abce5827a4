"""What the units of a generator's layer draw."""

import math
from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import ArrayLike, Conditioning, LayerLike, Network
from keras_latent.dissection_table import Dissection, Unit, label_names
from keras_latent.information_quality import SHARES, JointHistogram
from keras_latent.layer_maps import LayerMaps
from keras_latent.segment_masks import check_segmenter, grown, segment
from keras_latent.unit_scores import PooledIoU
from keras_latent.unit_thresholds import UnitQuantiles


def dissect(
    generator: Network,
    layer: LayerLike,
    z: ArrayLike | int,
    segmenter: Network,
    quantile: float = 0.005,
    threshold: Literal["quantile", "iqr"] = "quantile",
    class_names: Sequence[str] | Mapping[int, str] | None = None,
    iou_threshold: float = 0.05,
    top_images: int = 10,
    training_share: float = 0.25,
    batch_size: int = 32,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
    memory: int = 2**28,
    seed: int = 0,
) -> Dissection:
    """Names each unit of a layer by the class that it meets best.

    A unit's map, enlarged to the size of the masks, is cut at the unit's
    threshold; what is above is compared with each class by the intersection
    over union of all pixels of all images. Only a batch of images is in
    memory. The IoU of a unit cannot exceed the share of its mask over the
    share of the class: with a quantile of .005 and a class of 2.5 % of the
    pixels it stays near or below .2, however good the unit. Give the share
    of the class as `quantile`, or "iqr", for IoU that reach 1.

    Args:
        generator: Keras model, also a subclass; or function of latent points,
            with the layer itself in `layer`.
        layer: str, int or `keras.Layer`, called once, whose output is maps
            (images, height, width, units).
        z: float array (images, latent_dim); or int from 1, points to draw
            from the standard normal distribution.
        segmenter: Keras model or function of float32 images, to whole numbers
            (images, height, width), 0 for the background, or with a last axis
            of categories. Labels of different categories differ.
        quantile: number in (0, 1), share of a unit's activations above its
            threshold; of threshold "quantile".
        threshold: "quantile", or "iqr": the threshold at which the mask has
            the largest mutual information with a class over their joint
            entropy. It is chosen on the first images, and the IoU is counted
            on the others.
        class_names: list of str, of labels 0, 1, ...; dict of label to str;
            or None.
        iou_threshold: number in [0, 1], above which a unit is interpretable.
        top_images: int from 1, how many to list of each unit.
        training_share: number in (0, 1), share of images to choose the
            thresholds of "iqr" on.
        batch_size: int from 1, images at a time.
        conditioning: dict of keyword arguments of the generator; arrays have
            a row for each latent point. None: none.
        latent_dim: int from 1, needed for a function alone.
        memory: int, bytes for exact thresholds, see `UnitQuantiles`.
        seed: int from 0, of drawn points.

    Returns:
        `Dissection`; equal for equal arguments.

    Raises:
        ValueError: arguments out of range, no such layer, a layer called
            several times or without maps, masks that are not whole numbers,
            labels without a name, latent points of another size.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.1;
        `netdissect/dissection.py` of CSAILVision/gandissect.
    Differs from the authors' code: "iqr" keeps its training images apart from
        those that the IoU is counted on, and takes no masks that avoid the
        class; interpretable is by IoU in both.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> layer = keras.layers.Reshape((2, 2, 1), name="units")
        >>> generator = keras.Sequential([keras.Input((4,)), layer])
        >>> z = np.random.default_rng(0).uniform(size=(100, 4))
        >>> found = kl.dissect(
        ...     generator, "units", z, lambda x: x[..., 0] > 0.8, quantile=0.2)
        >>> found.units[0].class_name, round(found.units[0].iou, 1)
        ('class 1', 0.8)
    """
    check_segmenter(segmenter)
    check_choice("threshold", threshold, ("quantile", "iqr"))
    check_number("quantile", quantile, high=1.0, open_low=True)
    check_number("iou_threshold", iou_threshold, high=1.0)
    check_number("training_share", training_share, high=1.0, open_low=True)
    check_count("top_images", top_images)
    maps = LayerMaps(
        generator, layer, z, batch_size, conditioning, latent_dim, seed
    )
    first = 0
    if threshold == "iqr":
        first = math.ceil(training_share * len(maps))
        if first >= len(maps):
            raise ValueError(
                "`training_share` must leave images to count the IoU on. "
                f"Received: training_share={training_share} of {len(maps)} "
                "images."
            )
        quantiles = _quantiles(maps, SHARES[::-1], first, memory, seed)
        thresholds = _informative(maps, segmenter, quantiles, first)
    else:
        quantiles = _quantiles(maps, [quantile], len(maps), memory, seed)
        thresholds = quantiles.thresholds()[:, 0]
    scores, peaks = PooledIoU(thresholds), []
    for images, batch in maps.batches(first):
        scores.add(batch, segment(segmenter, images))
        peaks.append(batch.max(axis=(1, 2)))
    # Stable, so that of equal images the first comes first.
    order = np.argsort(-np.concatenate(peaks), axis=0, kind="stable")
    top = first + order[:top_images].T
    ious = scores.ious()
    names = label_names(class_names, ious.shape[1])
    ious = grown(ious, 1, len(names))
    return Dissection(
        _units(ious, thresholds, top, names, iou_threshold),
        names,
        ious,
        thresholds,
        quantiles.exact,
        len(maps) - first,
        maps.layer.name,
        maps.z,
    )


def _quantiles(maps, shares, stop, memory, seed):
    height, width, units = maps.map_shape
    quantiles = UnitQuantiles(units, shares, stop, height * width, memory, seed)
    for _, batch in maps.batches(stop=stop):
        quantiles.add(batch)
    return quantiles


def _informative(maps, segmenter, quantiles, stop):
    """Thresholds of the largest information quality on the first images."""
    histogram = JointHistogram(quantiles.thresholds())
    for images, batch in maps.batches(stop=stop):
        histogram.add(batch, segment(segmenter, images))
    return histogram.best_thresholds()


def _units(ious, thresholds, top, names, limit):
    units = []
    for number, row in enumerate(ious):
        label = int(row.argmax())
        iou = float(row[label])
        units.append(
            Unit(
                number,
                label,
                names[label] if label else "",
                iou,
                float(thresholds[number]),
                iou > limit,
                tuple(top[number].tolist()),
            )
        )
    return tuple(units)
