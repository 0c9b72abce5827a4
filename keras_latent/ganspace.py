"""Directions from the principal components of a layer's activations."""

import keras
import numpy as np
import tensorflow as tf

from _keras_sparse_common.arguments import check_count
from keras_latent.directions import Directions
from keras_latent.layer_outputs import layer_outputs
from keras_latent.sefa import with_fixed_signs
from keras_latent.steered_generator import SteeredGenerator

CHUNK = 2000  # samples of an update of the components, as the authors have
NUMBERS = 2**26  # activations held at once, if the components allow it
FLAT = 1e-6  # of the largest deviation: a smaller one is rounding


def ganspace(
    generator: keras.Model,
    layer: str | keras.Layer,
    num_directions: int,
    samples: int = 10000,
    batch_size: int = 64,
    seed: int = 0,
) -> Directions:
    """Directions that move a layer's activations along their main axes.

    Principal components of the activations at z of N(0, I), then the
    directions u that, for other z, best give them back from coordinates on
    the components: min |A U - Z|^2, with A in standard deviations.

    Args:
        generator: built functional or Sequential model of one input.
        layer: str, or `keras.Layer` of the model: where activations are read.
        num_directions: int from 1 to the smaller of the latent size and the
            numbers of an activation.
        samples: int, at least 2 and twice `num_directions`: latent points
            for the components, and as many others for the directions.
        batch_size: int from 1, of calls of the generator.
        seed: int from 0, of the latent points.

    Returns:
        `Directions` of rows of length 1, in each of which the number largest
        in size is above 0, with the score "explained_variance_ratio" of the
        activations. Equal arguments give equal directions; another
        `batch_size` changes them by rounding.

    Raises:
        ValueError: no such layer, arguments out of range, activations that
            are not finite or vary along fewer axes.

    Source: Harkonen et al. 2020, arXiv:2004.02546;
        decomposition.py of harskish/ganspace.
    Differs from the authors' code: the regression adds up products, so its
        memory does not grow with `samples`; signs are fixed.

    Example:
        >>> import keras, keras_latent as kl
        >>> dense = keras.layers.Dense(2, use_bias=False, name="first")
        >>> model = keras.Sequential([keras.Input((2,)), dense])
        >>> dense.set_weights([np.array([[0.1, 0.0], [0.0, 5.0]])])
        >>> abs(kl.ganspace(model, "first", 1).matrix).round(1).tolist()
        [[0.0, 1.0]]
    """
    check_count("num_directions", num_directions)
    least = max(2, 2 * num_directions)
    check_count("samples", samples, minimum=least)
    check_count("batch_size", batch_size)
    check_count("seed", seed, minimum=0)
    reader = _Activations(generator, layer, batch_size)
    most = min(reader.latent_dim, reader.size)
    if num_directions > most:
        raise ValueError(
            f"`num_directions` must be at most {most}: there are "
            f"{reader.latent_dim} latent dimensions and {reader.size} "
            f"activations. Received: num_directions={num_directions}."
        )
    chunks = _chunks(samples, least, reader.size)
    components = _components(reader, chunks, num_directions, seed)
    deviations = np.sqrt(components.explained_variance_)
    varying = np.count_nonzero(deviations > FLAT * deviations[0])
    if varying < num_directions:
        raise ValueError(
            f"`num_directions` must be at most {varying}, the axes along which "
            "the activations vary. Received: num_directions="
            f"{num_directions}. Choose another `layer`."
        )
    rows = _regress(reader, chunks, components, deviations, seed)
    rows /= np.linalg.norm(rows, axis=1, keepdims=True)
    ratios = components.explained_variance_ratio_
    return Directions(
        with_fixed_signs(rows), scores={"explained_variance_ratio": ratios}
    )


class _Activations:
    """Activations of a layer, a row for each latent point."""

    def __init__(self, generator, layer, batch_size):
        name = layer.name if isinstance(layer, keras.Layer) else layer
        if not isinstance(name, str):
            raise ValueError(
                "`layer` must be a name or a `keras.Layer` of the generator. "
                f"Received: layer={layer!r}."
            )
        model = layer_outputs(generator, name)
        if len(model.outputs) != 1:
            raise ValueError(
                "`layer` must have one output. Received: "
                f"{name!r} with {len(model.outputs)}."
            )
        read = SteeredGenerator(
            lambda z: model(z, training=False),
            SteeredGenerator(generator).latent_dim,
        )
        self.latent_dim = read.latent_dim
        self.batch_size = batch_size
        self.read = tf.function(
            lambda z: tf.reshape(read(z), (tf.shape(z)[0], -1)),
            input_signature=[tf.TensorSpec((None, self.latent_dim))],
        )
        self.size = self.read(tf.zeros((1, self.latent_dim))).shape[1]

    def draw(self, count, seed):
        """Latent points, and the activations that they give."""
        z = tf.random.stateless_normal((count, self.latent_dim), seed)
        rows = [
            self.read(z[start : start + self.batch_size]).numpy()
            for start in range(0, count, self.batch_size)
        ]
        rows = np.concatenate(rows)
        if not np.isfinite(rows).all():
            raise ValueError(
                "`layer` must give finite activations. Received: NaN or "
                "infinite numbers."
            )
        return z.numpy(), rows


def _chunks(samples, least, size):
    """Sizes that add up to `samples`, nearly equal, each `least` or more."""
    rows = max(least, min(CHUNK, NUMBERS // size))
    return [
        len(part)
        for part in np.array_split(np.arange(samples), max(1, samples // rows))
    ]


def _components(reader, chunks, count, seed):
    """`IncrementalPCA` of the activations."""
    from sklearn.decomposition import IncrementalPCA

    components = IncrementalPCA(count)
    for index, chunk in enumerate(chunks):
        _, rows = reader.draw(chunk, [seed, 2 * index])
        with np.errstate(invalid="ignore"):  # shares of no variance
            components.partial_fit(rows)
    return components


def _regress(reader, chunks, components, deviations, seed):
    """Least squares of latent points on standardized coordinates."""
    squares, products = 0.0, 0.0
    for index, chunk in enumerate(chunks):
        z, rows = reader.draw(chunk, [seed, 2 * index + 1])
        coordinates = components.transform(rows) / deviations
        squares = squares + coordinates.T @ coordinates
        products = products + coordinates.T @ z.astype("float64")
    return np.linalg.lstsq(squares, products, rcond=None)[0]
