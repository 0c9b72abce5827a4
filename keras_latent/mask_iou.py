"""How well masks agree with others."""

import numpy as np

from keras_latent._types import ArrayLike


def mask_iou(masks: ArrayLike, truth: ArrayLike) -> np.ndarray:
    """Intersection over union of the foregrounds of masks, image by image.

    Args:
        masks, truth: int or bool arrays (images, height, width); 0 is the
            background.

    Returns:
        float64 array (images,) in [0, 1], 1 where both are empty.

    Raises:
        ValueError: shapes that differ, or of other ranks.

    Source: `IoU` in segmentation/metrics.py of anvoynov/GANLatentDiscovery,
        of which the mean is reported.

    Example:
        >>> import keras_latent as kl
        >>> kl.mask_iou([[[1, 1, 0]]], [[[0, 2, 3]]]).round(3).tolist()
        [0.333]
    """
    masks, truth = np.asarray(masks), np.asarray(truth)
    if masks.shape != truth.shape or masks.ndim != 3 or not masks.size:
        raise ValueError(
            "`masks` and `truth` must be (images, height, width), of one "
            f"shape. Received: shapes {masks.shape} and {truth.shape}."
        )
    both = ((masks != 0) & (truth != 0)).sum(axis=(1, 2))
    either = ((masks != 0) | (truth != 0)).sum(axis=(1, 2))
    return np.where(either, both / np.maximum(either, 1), 1.0)
