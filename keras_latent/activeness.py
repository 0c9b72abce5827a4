"""How much each latent number changes the images."""

from collections.abc import Sequence

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent._types import ArrayLike, Conditioning, Network
from keras_latent.hessian_scores import check_finite
from keras_latent.steered_generator import SteeredGenerator


def activeness(
    generator: Network,
    z: ArrayLike,
    values: Sequence[float] = (-2.0, 0.0, 2.0),
    conditioning: Conditioning = None,
    batch_size: int = 64,
) -> np.ndarray:
    """Variance of images over values of one latent number, for each of them.

    0 for a number that the generator ignores. Numbers are compared in one
    generator, or in generators of one range of images.

    To measure directions, the rows of Q, give `lambda w: generator(w @ Q)`
    and coordinates w.

    Args:
        generator: Keras model, called with `training=False`, or function of
            (z, **conditioning). Equal points must give equal images.
        z: float array (points, latent_dim), the other numbers; the authors
            take 300 points.
        values: list of at least two finite numbers, what each latent number
            is set to.
        conditioning: dict of keyword arguments of the generator, the same for
            all points.
        batch_size: int from 1, points at once.

    Returns:
        float64 array (latent_dim,), from 0: means over points and pixels of
        the unbiased variance.

    Raises:
        ValueError: an argument of another shape or out of range, images that
            are not finite.

    Source: Peebles et al. 2020, arXiv:2008.10599, section 4.3; `activeness`
        in progan_experiments/figures.py of wpeebles/hessian_penalty.
    Differs from the authors' code: latent points keep their norms.

    Example:
        >>> import keras_latent as kl
        >>> kl.activeness(lambda z: 3.0 * z[:, :1], np.ones((5, 2))).tolist()
        [36.0, 0.0]
    """
    check_count("batch_size", batch_size)
    z, numbers = np.asarray(z, "float32"), np.asarray(values, "float32")
    if z.ndim != 2 or not z.size:
        raise ValueError(
            "`z` must be of shape (points, latent_dim). Received: shape "
            f"{z.shape}."
        )
    if numbers.ndim != 1 or len(numbers) < 2 or not np.isfinite(numbers).all():
        raise ValueError(
            "`values` must be at least two finite numbers. Received: "
            f"{numbers.tolist()}."
        )
    steered = SteeredGenerator(generator, z.shape[1])
    total = np.zeros(z.shape[1])
    for start in range(0, len(z), batch_size):
        batch = z[start : start + batch_size]
        for index in range(z.shape[1]):
            images = []
            for value in numbers:
                moved = batch.copy()
                moved[:, index] = value
                images.append(steered(moved, conditioning).numpy())
            check_finite(np.stack(images))
            spread = np.var(np.asarray(images, "float64"), axis=0, ddof=1)
            total[index] += spread.mean() * len(batch)
    return total / len(z)
