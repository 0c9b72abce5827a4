"""Matrices whose columns are learned as directions of a latent space."""

import numpy as np
import tensorflow as tf

LEARNED = ("orthonormal", "unit", "linear")
NORMALIZATIONS = (*LEARNED, "fixed")
STARTS = ("random", "coordinates")
NEAR_IDENTITY = 1e-3  # deviation of the numbers around an orthonormal start
SPREAD = 0.1  # deviation of the numbers of other random starts


def orthonormal_columns(parameter, count):
    """Columns of the matrix exponential of S - S', which is orthogonal.

    Args:
        parameter: float tensor S, (latent_dim, latent_dim).
        count: int, columns to take.

    Returns:
        float32 tensor (latent_dim, count).

    Source: Voynov & Babenko 2020, arXiv:2002.03754, section 3.1;
        latent_deformator.py and ortho_utils.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: in double precision, so that rounding
        leaves columns orthonormal; fewer columns than rows are allowed.

    Example:
        >>> from keras_latent.deformators import orthonormal_columns
        >>> matrix = orthonormal_columns([[0.0, np.pi / 2], [0.0, 0.0]], 2)
        >>> (matrix.numpy().round(6) + 0.0).tolist()
        [[0.0, 1.0], [-1.0, 0.0]]
    """
    half = tf.cast(parameter, "float64")
    matrix = tf.linalg.expm(half - tf.transpose(half))
    return tf.cast(matrix[:, :count], "float32")


def unit_columns(parameter):
    """Columns of a matrix, each divided by its length.

    Args:
        parameter: float tensor (latent_dim, count).

    Returns:
        float32 tensor of the same shape.

    Source: type `PROJECTIVE` in latent_deformator.py of
        anvoynov/GANLatentDiscovery.
    Differs from the authors' code: no bias is added before the division.

    Example:
        >>> from keras_latent.deformators import unit_columns
        >>> unit_columns([[3.0, 0.0], [4.0, 2.0]]).numpy().round(3).tolist()
        [[0.6000000238418579, 0.0], [0.800000011920929, 1.0]]
    """
    return tf.math.l2_normalize(tf.cast(parameter, "float32"), axis=0)


def columns(parameter, normalization, count):
    """The matrix of directions that a parameter stands for.

    Args:
        parameter: float tensor, see `first_parameter`.
        normalization: one of `NORMALIZATIONS`.
        count: int, columns.

    Returns:
        float32 tensor (latent_dim, count).
    """
    if normalization == "orthonormal":
        return orthonormal_columns(parameter, count)
    if normalization == "unit":
        return unit_columns(parameter)
    return tf.cast(parameter, "float32")


def first_parameter(normalization, start, latent_dim, count, seed):
    """Numbers that learning begins with.

    Args:
        normalization: one of `NORMALIZATIONS`.
        start: "coordinates", columns of the identity, for "orthonormal" but
            for deviations of 1e-3; or "random": normal numbers, of deviation
            1 for "orthonormal", 0.1 for "unit" and "linear", and made
            orthonormal for "fixed".
        latent_dim: int from 1.
        count: int from 1, directions; more than `latent_dim` only for a
            random start of "unit" and "linear".
        seed: int from 0.

    Returns:
        float32 array (latent_dim, latent_dim) for "orthonormal", else
        (latent_dim, count).

    Raises:
        ValueError: too many directions.

    Source: latent_deformator.py of anvoynov/GANLatentDiscovery.
    """
    free = start == "random" and normalization in ("unit", "linear")
    if count > latent_dim and not free:
        raise ValueError(
            f"`num_directions` must be at most {latent_dim}, the numbers of a "
            f'latent point, for `normalization="{normalization}"` and '
            f'`start="{start}"`. Received: num_directions={count}. More than '
            'that many are possible with `normalization="unit"` and '
            '`start="random"`.'
        )
    random = np.random.default_rng(seed)
    if normalization == "orthonormal":
        scale = 1.0 if start == "random" else NEAR_IDENTITY
        first = scale * random.standard_normal((latent_dim, latent_dim))
    elif start == "coordinates":
        first = np.eye(latent_dim, count)
    elif normalization == "fixed":
        normal = random.standard_normal((latent_dim, count))
        first, upper = np.linalg.qr(normal)
        first = first * np.sign(np.diag(upper))
    else:
        first = SPREAD * random.standard_normal((latent_dim, count))
    return first.astype("float32")
