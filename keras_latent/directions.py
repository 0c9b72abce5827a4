"""Directions of a latent space, whatever found them."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent._types import ArrayLike, Conditioning, Network, PathLike
from keras_latent.direction_annotations import (
    read_annotations,
    write_annotations,
)
from keras_latent.direction_checks import (
    check_labels,
    check_latents,
    check_matrix,
    check_shifts,
)
from keras_latent.direction_files import read_directions, write_directions
from keras_latent.direction_pictures import direction_film, direction_sheet
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

    def __init__(
        self,
        matrix: ArrayLike,
        names: Sequence[str] | None = None,
        scores: Mapping[str, ArrayLike] | None = None,
    ) -> None:
        matrix = check_matrix(matrix)
        names = [str(k) for k in range(len(matrix))] if names is None else names
        self.matrix, self.names = matrix, [str(name) for name in names]
        self.scores = {
            str(name): np.array(values, "float64")
            for name, values in (scores or {}).items()
        }
        check_labels(len(matrix), self.names, self.scores)

    def __len__(self) -> int:
        return len(self.matrix)

    @property
    def latent_dim(self) -> int:
        """Numbers of a latent point."""
        return self.matrix.shape[1]

    def traverse(
        self,
        generator: Network,
        z: ArrayLike,
        k: int | str,
        shifts: Sequence[float],
        conditioning: Conditioning = None,
    ) -> np.ndarray:
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
            ValueError: another latent size, an unknown direction, no points
                or shifts.
        """
        steered = SteeredGenerator(generator, self.latent_dim)
        row = self.matrix[self.index(k)]
        z = check_latents(z, self.latent_dim)
        images = [
            steered(z + shift * row, conditioning).numpy()
            for shift in check_shifts(shifts)
        ]
        return np.stack(images, axis=1)

    def plot(
        self,
        generator: Network,
        z: ArrayLike,
        k: int | str | Sequence[int | str] | None = None,
        shifts: Sequence[float] | None = None,
        path: PathLike | None = None,
        **options: Any,
    ) -> bytes:
        """Draws a sheet, a row for each direction; `direction_sheet`.

        Args:
            generator, z: as for `traverse`.
            k: number or name of a direction, or list of these. None: the
                first 20.
            shifts: list of numbers; None: 7 of them, from -6 to 6.
            path: file to write, or None.
            **options: `conditioning`, `image_range`.

        Returns:
            bytes of a PNG.
        """
        return direction_sheet(self, generator, z, k, shifts, path, **options)

    def animate(
        self,
        generator: Network,
        z: ArrayLike,
        k: int | str,
        path: PathLike | None = None,
        shifts: Sequence[float] | None = None,
        **options: Any,
    ) -> bytes:
        """Animates one direction, there and back; `direction_film`.

        Args:
            generator, z, k: as for `traverse`.
            path: file to write, or None.
            shifts: list of numbers, at least two; None: 25, from -6 to 6.
            **options: `milliseconds`, `conditioning`, `image_range`.

        Returns:
            bytes of a GIF.
        """
        return direction_film(self, generator, z, k, path, shifts, **options)

    def save(self, path: PathLike) -> None:
        """Writes matrix, names and scores to a file of `np.savez`.

        Args:
            path: file to write, as it is named.
        """
        write_directions(path, self.matrix, self.names, self.scores)

    @classmethod
    def load(cls, path: PathLike) -> Self:
        """Directions of a file of `save`; nothing in it is executed.

        Args:
            path: file to read.

        Returns:
            `Directions`.

        Raises:
            ValueError: a file of something else, damaged, or newer.
            FileNotFoundError: no such file.
        """
        return cls(**read_directions(path))

    def to_csv(self, path: PathLike, assessors: Sequence[str] = ()) -> None:
        """Writes a table of numbers and names, for people to fill in.

        Args:
            path: file to write.
            assessors: list of str; each gets a column for 0 or 1, whether
                the direction can be interpreted.
        """
        write_annotations(path, self.names, assessors)

    def annotate(self, path: PathLike) -> "Directions":
        """The same directions, with what people wrote into a table.

        Args:
            path: file of `to_csv`, or lines "index: name". Directions that
                are not in it keep their names.

        Returns:
            `Directions` with these names and, where there are marks, the
            score "interpretable": the share of 1, NaN where nobody marked.

        Raises:
            ValueError: another form; directions twice or not there.
        """
        names, shares = read_annotations(path, len(self))
        named = [names.get(k, name) for k, name in enumerate(self.names)]
        marked = {} if np.isnan(shares).all() else {"interpretable": shares}
        return Directions(self.matrix, named, {**self.scores, **marked})

    def subset(self, k: Sequence[int | str]) -> "Directions":
        """Some of the directions, in the order asked for.

        Args:
            k: list of numbers or names.

        Returns:
            `Directions`.

        Raises:
            ValueError: there is none of a number or name, or several.
        """
        rows = [self.index(one) for one in k]
        return Directions(
            self.matrix[rows],
            [self.names[row] for row in rows],
            {name: values[rows] for name, values in self.scores.items()},
        )

    def index(self, k: int | str) -> int:
        """Number of a direction, given by its number or its name.

        Args:
            k: int from 0, or str.

        Returns:
            int.

        Raises:
            ValueError: there is none of it, or several of that name.
        """
        if isinstance(k, str):
            if self.names.count(k) == 1:
                return self.names.index(k)
            raise ValueError(
                f"`k` must name one of {self.names}. Received: {k!r}, the "
                f"name of {self.names.count(k)}. Its number says which."
            )
        check_count("k", k, minimum=0)
        if k >= len(self):
            raise ValueError(
                f"`k` must be less than {len(self)}, the directions there "
                f"are. Received: k={k}."
            )
        return int(k)
