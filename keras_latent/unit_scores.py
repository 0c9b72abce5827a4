"""How well a unit's activations above a threshold meet each class."""

import numpy as np
import tensorflow as tf

from keras_latent.segment_masks import grown, resize

CHUNK = 2**26  # bytes of resized maps at once


class PooledIoU:
    """Intersection over union of units and classes, pooled over images.

    Pixels are counted over all images, and divided once: the mean over images
    would weigh a class by how many images show it. A pixel of a unit's mask
    counts in the union only where the image has a label of the class'
    category, since a segmenter that sees none of it has not judged.

    Args:
        thresholds: float array (units,); the mask is what exceeds them.

    Raises:
        ValueError: a label that is in two categories.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.1;
        `collect_bincounts` in `netdissect/dissection.py` of
        CSAILVision/gandissect.

    Example:
        >>> from keras_latent.unit_scores import PooledIoU
        >>> scores = PooledIoU([0.5])
        >>> maps = np.array([[[[1.0], [1.0]]]])
        >>> scores.add(maps, np.array([[[[1], [0]]]]))
        >>> scores.ious().tolist()
        [[0.0, 0.5]]
    """

    def __init__(self, thresholds):
        self.thresholds = np.asarray(thresholds, "float32")
        units = len(self.thresholds)
        self.both = np.zeros((units, 1), "int64")
        self.of_units = np.zeros((units, 1), "int64")
        self.of_classes = np.zeros((1, 1), "int64")

    def add(self, maps, masks):
        """Takes in a batch.

        Args:
            maps: float32 array (images, height, width, units).
            masks: int array (images, height, width, categories).
        """
        labels, categories = int(masks.max()) + 1, masks.shape[-1]
        self.both = grown(self.both, 1, labels)
        self.of_units = grown(self.of_units, 1, categories)
        self.of_classes = grown(
            grown(self.of_classes, 0, labels), 1, categories
        )
        for part in resized_chunks(maps, masks):
            self._add(*part)

    def ious(self):
        """float64 array (units, labels); 0 for the background, label 0."""
        category = self.category()
        unions = (
            self.of_units[:, category] + self.of_classes.sum(axis=1) - self.both
        )
        ious = self.both / np.maximum(unions, 1)
        ious[:, 0] = 0.0
        return ious

    def category(self):
        """int array (labels,), the category of each label."""
        present = self.of_classes > 0
        twice = np.flatnonzero(present[1:].sum(axis=1) > 1) + 1
        if len(twice):
            raise ValueError(
                "`segmenter` must give each label in one category only. "
                f"Received: {twice.tolist()[:10]} in several. Number the "
                "labels of a category on from those of the one before."
            )
        return present.argmax(axis=1)

    def _add(self, resized, masks):
        units, labels = self.both.shape
        # Counts of a chunk are small enough to be exact in float32.
        above = tf.cast(resized > self.thresholds, "float32")
        above = tf.reshape(above, (len(masks), -1, units))
        sums = tf.reduce_sum(above, axis=1).numpy().astype("int64")
        for k in range(masks.shape[-1]):
            flat = masks[..., k].reshape(-1)
            classes = tf.one_hot(flat, labels, dtype="float32")
            both = tf.matmul(
                tf.reshape(above, (-1, units)), classes, transpose_a=True
            )
            both = both.numpy().astype("int64")
            both[:, 0] = 0
            self.both += both
            counts = np.bincount(flat, minlength=labels)
            self.of_classes[1:, k] += counts[1:]
            seen = masks[..., k].any(axis=(1, 2))
            self.of_units[:, k] += sums[seen].sum(axis=0)


def resized_chunks(maps, masks, memory=CHUNK):
    """Maps at the size of the masks, in parts that fit into `memory` bytes.

    Args:
        maps: float32 array (images, height, width, units).
        masks: int array (images, height, width, categories).
        memory: int, bytes; an image is never divided.

    Returns:
        Iterator of pairs of arrays, of as many images.
    """
    shape = masks.shape[1:3]
    step = max(1, memory // (4 * shape[0] * shape[1] * maps.shape[-1]))
    for start in range(0, len(maps), step):
        part = slice(start, start + step)
        yield resize(maps[part], shape), masks[part]
