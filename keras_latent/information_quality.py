"""Thresholds at which a unit's mask says most about a class."""

import numpy as np

from keras_latent.segment_masks import grown
from keras_latent.unit_scores import resized_chunks

SHARES = np.geomspace(0.001, 0.5, 64)  # of activations above; candidates


def information_quality(both, mask, segment, total):
    """Mutual information of two masks over their joint entropy.

    0 of independent masks, 1 of equal ones. Masks that avoid each other
    inform as well, but get 0 here: a unit should not be named by what it is
    not.

    Args:
        both: pixels in both masks.
        mask, segment: pixels in the one and the other.
        total: pixels in all. All four are arrays that broadcast.

    Returns:
        float64 array in [0, 1].

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.1;
        `score_tally_stats` in `netdissect/dissection.py` of
        CSAILVision/gandissect.
    Differs from the authors' code: masks that avoid each other get 0.

    Example:
        >>> from keras_latent.information_quality import information_quality
        >>> information_quality([4, 2, 0], 4, [4, 4, 4], 8).tolist()
        [1.0, 0.0, 0.0]
    """
    both, mask, segment, total = (
        np.asarray(count, "float64") for count in (both, mask, segment, total)
    )
    total = np.maximum(total, 1)
    cells = both, mask - both, segment - both, total - mask - segment + both
    joint = sum(_entropy_term(cell / total) for cell in cells)
    single = sum(
        _entropy_term(side / total) + _entropy_term(1 - side / total)
        for side in (mask, segment)
    )
    together = both * total > mask * segment
    quality = np.maximum(single - joint, 0) / np.where(joint > 0, joint, 1)
    return np.where(together & (joint > 0), quality, 0.0)


class JointHistogram:
    """Pixels by class, and by how many candidate thresholds they exceed.

    Args:
        candidates: float32 array (units, thresholds), rising along the rows.

    Source: `collect_cond_quantiles` in `netdissect/dissection.py` of
        CSAILVision/gandissect.
    Differs from the authors' code: candidates are quantiles of all
        activations, so that two passes over the images are enough.

    Example:
        >>> from keras_latent.information_quality import JointHistogram
        >>> histogram = JointHistogram(np.array([[0.0, 1.0]]))
        >>> maps = np.array([[[[0.5], [2.0]]]])
        >>> histogram.add(maps, np.array([[[[0], [3]]]]))
        >>> histogram.best_thresholds().tolist()
        [1.0]
    """

    def __init__(self, candidates):
        self.candidates = np.asarray(candidates, "float32")
        units, thresholds = self.candidates.shape
        # of categories, units, labels and numbers of exceeded thresholds
        self.pixels = np.zeros((1, units, 1, thresholds + 1), "int64")

    def add(self, maps, masks):
        """Takes in a batch, as `PooledIoU.add`."""
        self.pixels = grown(self.pixels, 0, masks.shape[-1])
        self.pixels = grown(self.pixels, 2, int(masks.max()) + 1)
        for resized, part in resized_chunks(maps, masks):
            for unit, candidates in enumerate(self.candidates):
                exceeded = np.searchsorted(candidates, resized[..., unit])
                self._add(unit, exceeded, part)

    def best_thresholds(self):
        """float32 array (units,): of the class about which each says most."""
        best = [self._best(unit) for unit in range(len(self.candidates))]
        return self.candidates[np.arange(len(best)), best]

    def _best(self, unit):
        # A pixel is above threshold j where it exceeds more than j of them.
        above = self.pixels[:, unit, :, ::-1].cumsum(axis=-1)[..., ::-1]
        total, above = above[..., :1], above[..., 1:]
        quality = information_quality(
            both=above,
            mask=above.sum(axis=1, keepdims=True),
            segment=total,
            total=total.sum(axis=1, keepdims=True),
        )
        # Label 0 is the background.
        return quality[:, 1:].max(axis=(0, 1), initial=0.0).argmax()

    def _add(self, unit, exceeded, masks):
        labels, bins = self.pixels.shape[2:]
        for k in range(masks.shape[-1]):
            seen = masks[..., k].any(axis=(1, 2))
            code = masks[seen][..., k] * bins + exceeded[seen]
            counts = np.bincount(code.ravel(), minlength=labels * bins)
            self.pixels[k, unit] += counts.reshape(labels, bins)


def _entropy_term(share):
    """-p log p; 0 for 0."""
    return -share * np.log(np.where(share > 0, share, 1))
