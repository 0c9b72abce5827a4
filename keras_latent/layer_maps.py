"""Images of many latent points, with the maps of a layer, batch by batch."""

import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.layer_edits import find_layer, read_layer
from keras_latent.steered_generator import SteeredGenerator


class LayerMaps:
    """Latent points, and what a generator and one of its layers make of them.

    Args:
        generator: Keras model; or function of latent points and keyword
            arguments, with the layer itself in `layer`.
        layer: str, int or `keras.Layer`, one with an output (images, height,
            width, units), called once.
        z: float array (images, latent_dim); or int from 1, of points drawn
            from the standard normal distribution.
        batch_size: int from 1.
        conditioning: None, or dict of keyword arguments of the generator.
            Arrays have a row for each latent point, anything else is passed
            on as it is.
        latent_dim: int from 1, needed for a function alone.
        seed: int from 0, of drawn points.

    Attributes:
        z: float32 array (images, latent_dim).
        layer: `keras.Layer`.
        map_shape: (height, width, units).

    Raises:
        ValueError: arguments out of range, no such layer, an output that is
            not maps, latent points of another size.

    Source: none.

    Example:
        >>> import keras
        >>> from keras_latent.layer_maps import LayerMaps
        >>> layer = keras.layers.Reshape((2, 2, 1), name="units")
        >>> generator = keras.Sequential([keras.Input((4,)), layer])
        >>> maps = LayerMaps(generator, "units", z=5, batch_size=4)
        >>> [batch.shape for images, batch in maps.batches()]
        [(4, 2, 2, 1), (1, 2, 2, 1)]
    """

    def __init__(
        self,
        generator,
        layer,
        z,
        batch_size=32,
        conditioning=None,
        latent_dim=None,
        seed=0,
    ):
        check_count("batch_size", batch_size)
        check_count("seed", seed, minimum=0)
        self.generator, self.batch_size = generator, batch_size
        self.layer = find_layer(generator, layer)
        self.steered = SteeredGenerator(generator, latent_dim)
        self.z = latent_points(z, self.steered.latent_dim, seed)
        self.conditioning = conditioning or {}
        if not isinstance(self.conditioning, dict):
            raise ValueError(
                "`conditioning` must be a dict of keyword arguments of the "
                f"generator. Received: {type(conditioning).__name__}."
            )
        for name, value in self.conditioning.items():
            if _has_rows(value) and value.shape[0] != len(self.z):
                raise ValueError(
                    "`conditioning` must have a row for each of "
                    f"{len(self.z)} latent points. Received: {name!r} of "
                    f"shape {tuple(value.shape)}."
                )
        maps = self.read(np.arange(1))[1]
        if maps.ndim != 4:
            raise ValueError(
                "`layer` must give maps (images, height, width, units). "
                f"Received: layer {self.layer.name!r} of shape {maps.shape}. "
                "Choose a layer after the first `Reshape` or convolution."
            )
        self.map_shape = maps.shape[1:]

    def __len__(self):
        return len(self.z)

    def images(self, rows):
        """Images of some latent points, a float32 tensor with gradients.

        Args:
            rows: int array (batch,), of the latent points.
        """
        options = {
            name: tf.gather(value, rows) if _has_rows(value) else value
            for name, value in self.conditioning.items()
        }
        return self.steered(tf.gather(self.z, rows), options)

    def read(self, rows):
        """Images and the layer's output, float32 arrays, of some points."""
        images, maps = read_layer(
            self.generator, self.layer, lambda: self.images(rows)
        )
        maps = tf.cast(maps, "float32").numpy()
        for name, values in (("generator", images.numpy()), ("layer", maps)):
            if not np.isfinite(values).all():
                raise ValueError(
                    f"`{name}` must give finite numbers. Received: "
                    f"{np.count_nonzero(~np.isfinite(values))} that are not. "
                    "Its training has probably diverged."
                )
        return images.numpy(), maps

    def rows(self, start=0, stop=None):
        """Int arrays of the points from `start` to `stop`, in batches."""
        stop = len(self.z) if stop is None else stop
        for first in range(start, stop, self.batch_size):
            yield np.arange(first, min(first + self.batch_size, stop))

    def batches(self, start=0, stop=None):
        """Images and maps of the points from `start` to `stop`, in batches."""
        for rows in self.rows(start, stop):
            yield self.read(rows)


def latent_points(z, latent_dim, seed=0):
    """Latent points as they are given, or drawn.

    Args:
        z: float array (points, latent_dim); or int from 1, how many.
        latent_dim: int, numbers of a point.
        seed: int from 0, of drawn points.

    Returns:
        float32 array (points, latent_dim).

    Raises:
        ValueError: another size, no points, numbers that are not finite.
    """
    if np.ndim(z) == 0:
        check_count("z", z)
        draws = np.random.default_rng(seed).standard_normal((z, latent_dim))
        return draws.astype("float32")
    z = np.asarray(z, "float32")
    if z.ndim != 2 or z.shape[1] != latent_dim or not len(z):
        raise ValueError(
            "`z` must be an int, or latent points of shape (points, "
            f"{latent_dim}). Received: shape {z.shape}."
        )
    if not np.isfinite(z).all():
        raise ValueError(
            "`z` must be finite. Received: "
            f"{np.count_nonzero(~np.isfinite(z))} numbers that are not."
        )
    return z


def _has_rows(value):
    return len(getattr(value, "shape", ())) > 0
