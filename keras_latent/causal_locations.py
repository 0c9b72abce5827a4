"""Places of a layer's maps where a class is, and where it could be."""

import dataclasses

import numpy as np
import tensorflow as tf

from keras_latent.intervention import replace
from keras_latent.layer_edits import edited


@dataclasses.dataclass(frozen=True, eq=False)
class Places:
    """A place of each of some images.

    Attributes:
        rows: int array (images,), of the latent points.
        places: int array (images,), of the flattened map.
    """

    rows: np.ndarray
    places: np.ndarray

    def take(self, chosen):
        """Some of them, by an index of numpy."""
        return Places(self.rows[chosen], self.places[chosen])


def area_average(values, shape):
    """Means over the cells of a smaller grid; gradients pass.

    Args:
        values: float tensor (images, height, width).
        shape: (height, width) of the grid.

    Returns:
        float32 tensor (images, *shape).

    Source: PyTorch's `adaptive_avg_pool2d`, as in `netdissect/
        aceoptimize.py` of CSAILVision/gandissect.

    Example:
        >>> from keras_latent.causal_locations import area_average
        >>> area_average([[[1.0, 3.0], [5.0, 7.0]]], (2, 1)).numpy().tolist()
        [[[2.0], [6.0]]]
    """
    values = tf.cast(values, "float32")
    rows = _averaging(values.shape[1], shape[0])
    columns = _averaging(values.shape[2], shape[1])
    return tf.einsum("ai,nij,bj->nab", rows, values, columns)


def edit_at(places, shape, alpha, value):
    """An edit of a layer that replaces units in one place of each image.

    Args:
        places: int tensor (images,), of the flattened map.
        shape: (height, width, units) of the maps.
        alpha: float tensor (units,), how far.
        value: float tensor (units,), towards what.

    Returns:
        Function of the layer's output, for `edited`.
    """
    height, width, _ = shape
    here = tf.one_hot(places, height * width)
    here = tf.reshape(here, (-1, height, width, 1))
    return lambda maps: replace(maps, here * alpha, value)


def present_places(maps, score, limit):
    """Where a class is most present, and what the units do there.

    Args:
        maps: `LayerMaps`.
        score: function of images to (probabilities, mask) of the class, each
            (images, height, width).
        limit: int, images at most.

    Returns:
        Tuple of `Places` of those images in which the class is most present,
        in order; float32 array (units,), mean activations weighted by
        presence; float32 array (points, height * width) of presence.

    Raises:
        ValueError: the class is in none of the images.

    Source: `compute_present_locations` in `netdissect/aceoptimize.py` of
        CSAILVision/gandissect.
    """
    shape = maps.map_shape[:2]
    weighted, presence = 0.0, []
    for images, batch in maps.batches():
        there = area_average(score(images)[1], shape).numpy()
        weighted += np.einsum("nij,niju->u", there, batch, dtype="float64")
        presence.append(there.reshape(len(there), -1))
    presence = np.concatenate(presence)
    if not presence.any():
        raise ValueError(
            "`class_` must be in some of the images. Received: a class that "
            f"the segmenter sees in none of {len(presence)}. Give more `z`, "
            "or another class."
        )
    value = (weighted / presence.sum(dtype="float64")).astype("float32")
    most = presence.max(axis=1)
    rows = _largest(np.where(most > 0, most, -np.inf), limit)
    return Places(rows, presence[rows].argmax(axis=1)), value, presence


def candidate_places(maps, score, present, value, presence, limit, probes):
    """Where units add most of a class that is not there yet.

    In each image some places, drawn as often as the class is in them, are
    tried with all units at `value`; that with most new pixels is kept.

    Args:
        maps, score, limit: as for `present_places`.
        present, value, presence: what `present_places` returned.
        probes: (int, `numpy.random.Generator`), places to try, and who draws.

    Returns:
        `Places`.

    Raises:
        ValueError: the class was in all of these places.

    Source: `compute_candidate_locations` in `netdissect/aceoptimize.py` of
        CSAILVision/gandissect.
    """
    count, draw = probes
    weights = np.bincount(present.places, minlength=presence.shape[1])
    weights = weights + weights.mean() / 10
    tried = draw.choice(
        presence.shape[1],
        (len(maps), min(count, presence.shape[1])),
        p=weights / weights.sum(),
    )
    gains = np.full(tried.shape, -np.inf)
    for rows in maps.rows():
        before = tf.reduce_sum(score(maps.images(rows))[1], (1, 2))
        for k, places in enumerate(tried[rows].T):
            edit = edit_at(places, maps.map_shape, 1.0, value)
            with edited(maps.generator, maps.layer, edit):
                after = tf.reduce_sum(score(maps.images(rows))[1], (1, 2))
            absent = presence[rows, places] == 0
            gains[rows, k] = np.where(absent, after - before, -np.inf)
    rows = _largest(gains.max(axis=1), limit)
    if not len(rows):
        raise ValueError(
            "`class_` must be absent from some places to insert it. Received: "
            "a class that is in all places tried. Give more `z`, or larger "
            "`probes`."
        )
    return Places(rows, tried[rows, gains[rows].argmax(axis=1)])


def _largest(numbers, limit):
    """Indices, in order, of the largest that are finite."""
    order = np.argsort(-numbers, kind="stable")
    order = order[np.isfinite(numbers[order])]
    return np.sort(order[:limit])


def _averaging(size, cells):
    """Matrix (cells, size) of means over cells that may overlap."""
    cell, place = np.arange(cells)[:, None], np.arange(size)[None]
    low = cell * size // cells
    high = -(-(cell + 1) * size // cells)
    inside = (low <= place) & (place < high)
    return (inside / inside.sum(axis=1, keepdims=True)).astype("float32")
