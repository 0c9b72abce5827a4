"""Directions of a latent space, whatever found them."""

import numpy as np

from keras_latent.arguments import check_count
from keras_latent.steered_generator import SteeredGenerator


class Directions:
    """Rows of a matrix along which latent points are moved.

    Args:
        matrix: float array (count, latent_dim), finite, no row of zeros. It
            is kept as it is: z + shift * matrix[k].
        names: list of str, of as many; None: "0", "1", ...
        scores: dict of str to float array (count,), such as eigenvalues,
            or None.

    Attributes:
        matrix: float32 array (count, latent_dim).
        names: list of str.
        scores: dict of str to float64 array (count,).

    Raises:
        ValueError: another shape, numbers that are not finite, a row of
            zeros, names or scores of another number.

    Source: none; the form that all methods here return.

    Example:
        >>> import keras_latent as kl
        >>> directions = kl.Directions([[1.0, 0.0], [0.0, 2.0]])
        >>> z = [[5.0, 5.0]]
        >>> directions.traverse(lambda z: z, z, 1, [-1.0, 0.0]).tolist()
        [[[5.0, 3.0], [5.0, 5.0]]]
    """

    def __init__(self, matrix, names=None, scores=None):
        matrix = np.array(matrix, "float32")
        if matrix.ndim != 2 or not matrix.size:
            raise ValueError(
                "`matrix` must be (directions, latent_dim). Received: shape "
                f"{matrix.shape}."
            )
        if not np.isfinite(matrix).all() or not matrix.any(axis=1).all():
            raise ValueError(
                "`matrix` must be finite, without rows of zeros. Received: "
                f"{np.count_nonzero(~np.isfinite(matrix))} numbers that are "
                f"not finite, {np.count_nonzero(~matrix.any(axis=1))} rows of "
                "zeros."
            )
        names = [str(k) for k in range(len(matrix))] if names is None else names
        self.matrix, self.names = matrix, [str(name) for name in names]
        self.scores = {
            str(name): np.array(values, "float64")
            for name, values in (scores or {}).items()
        }
        if len(self.names) != len(matrix):
            raise ValueError(
                f"`names` must be one for each of {len(matrix)} directions. "
                f"Received: {len(self.names)}."
            )
        for name, values in self.scores.items():
            if values.shape != (len(matrix),):
                raise ValueError(
                    f"`scores` must have a number for each of {len(matrix)} "
                    f"directions. Received: {name!r} of shape {values.shape}."
                )

    def __len__(self):
        return len(self.matrix)

    @property
    def latent_dim(self):
        """Numbers of a latent point."""
        return self.matrix.shape[1]

    def traverse(self, generator, z, k, shifts, conditioning=None):
        """Images of latent points moved along one direction.

        Args:
            generator: Keras model, or function of latent points.
            z: float array (points, latent_dim).
            k: int, or a name: the direction.
            shifts: list of numbers, how far; 0 gives the image of `z`.
            conditioning: dict of keyword arguments of the generator, the
                same for all images.

        Returns:
            float32 array (points, shifts, height, width, channels).

        Raises:
            ValueError: another latent size, an unknown direction.
        """
        steered = SteeredGenerator(generator, self.latent_dim)
        row = self.matrix[self.index(k)]
        z = np.asarray(z, "float32")
        images = [
            steered(z + shift * row, conditioning).numpy() for shift in shifts
        ]
        return np.stack(images, axis=1)

    def index(self, k):
        """Number of a direction, given by its number or its name.

        Raises:
            ValueError: there is none of it.
        """
        if isinstance(k, str):
            if k in self.names:
                return self.names.index(k)
            raise ValueError(
                f"`k` must be one of {self.names}. Received: {k!r}."
            )
        check_count("k", k, minimum=0)
        if k >= len(self):
            raise ValueError(
                f"`k` must be less than {len(self)}, the directions there "
                f"are. Received: k={k}."
            )
        return int(k)
