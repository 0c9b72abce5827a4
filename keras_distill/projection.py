"""Subclass logits in the plane."""

import numpy as np


def project(subclass_logits, kind="tsne", seed=0):
    """Maps subclass logits to points in the plane.

    Args:
        subclass_logits: float array of shape (n, K), n from 3, K from 2.
        kind: "tsne" keeps neighbours together; "pca" keeps most variance.
        seed: int.

    Returns:
        float64 array of shape (n, 2). Equal arguments give equal points.

    Raises:
        ValueError: `kind` is another one.

    Source: van der Maaten and Hinton 2008, "Visualizing Data using t-SNE";
        scikit-learn's `TSNE`.

    Example:
        >>> from keras_distill.projection import project
        >>> logits = np.eye(4)[np.arange(12) % 4]
        >>> project(logits, "pca").shape
        (12, 2)
    """
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    check_projection(kind)
    logits = np.asarray(subclass_logits, "float64")
    # One thread: several would add up t-SNE's gradient in any order.
    with threadpool_limits(1):
        points = _principal_components(logits)
        if kind == "pca":
            return points
        # Noise, since a model that tells nothing apart has no components.
        noise = np.random.default_rng(seed).normal(size=points.shape)
        scale = max(points[:, 0].std(), 1e-6)
        tsne = TSNE(
            perplexity=min(30.0, (len(logits) - 1) / 3),
            init=1e-4 * (points / scale + 0.01 * noise),
            random_state=seed,
        )
        return tsne.fit_transform(logits).astype("float64")


def _principal_components(logits):
    centred = logits - logits.mean(axis=0)
    _, _, directions = np.linalg.svd(centred, full_matrices=False)
    # Signs that do not depend on the library: the largest entry is positive.
    largest = np.abs(directions).argmax(axis=1)[:, None]
    signs = np.sign(np.take_along_axis(directions, largest, axis=1))
    return centred @ (signs * directions)[:2].T


def check_projection(kind):
    """Raises unless `kind` names a projection."""
    if kind not in ("tsne", "pca"):
        raise ValueError(
            '`projection` must be "tsne" or "pca". '
            f"Received: projection={kind!r}."
        )
