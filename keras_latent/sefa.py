"""Directions from the weights that a latent point meets first."""

from collections.abc import Sequence

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_latent.directions import Directions
from keras_latent.steered_generator import latent_size

TRANSPOSED = (
    keras.layers.Conv1DTranspose,
    keras.layers.Conv2DTranspose,
    keras.layers.Conv3DTranspose,
)


def sefa(
    generator: keras.Model,
    layer: str | keras.Layer | Sequence[str | keras.Layer] | None = None,
    num_directions: int | None = None,
) -> Directions:
    """Directions along which the first layer's output moves most.

    The eigenvectors of A A' by falling eigenvalue, for the kernel A (latent
    dimensions, units) with columns of length 1. Nothing is drawn or trained.
    Where eigenvalues are equal, their eigenvectors may be any of their span.

    Args:
        generator: built Keras model.
        layer: the layers that get z itself: a name, a `keras.Layer`, or a
            list of these, whose kernels stand beside each other. Dense
            layers, and convolutions of z as channels. None: the first layer
            with a kernel.
        num_directions: int from 1 to the latent size, or None: all.

    Returns:
        `Directions` of orthonormal rows, in each of which the number largest
        in size is above 0, with the score "eigenvalue".

    Raises:
        ValueError: no such layer, one without a kernel or with another number
            of inputs than z has; kernels that are 0 or not finite; more
            directions than dimensions.

    Source: Shen and Zhou 2021, arXiv:2007.06600;
        `factorize_weight` in utils.py of genforce/sefa.
    Differs from the authors' code: eigenvalues are sorted, by a solver for
        symmetric matrices in float64; signs are fixed; units whose weights
        are all 0 are left out.

    Example:
        >>> import keras, keras_latent as kl
        >>> dense = keras.layers.Dense(3, use_bias=False)
        >>> model = keras.Sequential([keras.Input((2,)), dense])
        >>> dense.set_weights([np.array([[1.0, 1.0, 0.0], [0.0, 0.0, 7.0]])])
        >>> found = kl.sefa(model)
        >>> found.matrix.tolist(), found.scores["eigenvalue"].tolist()
        ([[1.0, 0.0], [0.0, 1.0]], [2.0, 1.0])
    """
    if not isinstance(generator, keras.Model):
        raise ValueError(
            "`generator` must be a Keras model, whose weights can be read. "
            f"Received: {type(generator).__name__}."
        )
    kernels = [_kernel(each) for each in _layers(generator, layer)]
    known = getattr(generator, "inputs", None)
    dim = latent_size(generator) if known else len(kernels[0][1])
    for name, kernel in kernels:
        if kernel.shape[0] != dim:
            raise ValueError(
                f"`layer` must get the {dim} numbers of z. Received: "
                f"{name!r}, which has {kernel.shape[0]} inputs. Name the "
                "layers that act on z itself."
            )
    count = dim if num_directions is None else num_directions
    check_count("num_directions", count)
    if count > dim:
        raise ValueError(
            f"`num_directions` must be at most {dim}, the latent size. "
            f"Received: num_directions={count}."
        )
    kernel = np.concatenate([kernel for _, kernel in kernels], axis=1)
    lengths = np.linalg.norm(kernel, axis=0)
    if not np.isfinite(lengths).all() or not lengths.any():
        raise ValueError(
            "`layer` must have finite weights that are not all 0. Received: "
            f"{[name for name, _ in kernels]}."
        )
    columns = (kernel / np.where(lengths, lengths, 1)).astype("float64")
    values, vectors = np.linalg.eigh(columns @ columns.T)
    rows = with_fixed_signs(vectors.T[::-1][:count])
    return Directions(rows, scores={"eigenvalue": values[::-1][:count]})


def with_fixed_signs(rows):
    """Rows times -1 where their number largest in size is below 0.

    Example:
        >>> from keras_latent.sefa import with_fixed_signs
        >>> with_fixed_signs(np.array([[1, -2], [-1, 2]])).tolist()
        [[-1, 2], [-1, 2]]
    """
    largest = np.abs(rows).argmax(axis=1)
    signs = np.sign(rows[np.arange(len(rows)), largest])
    return rows * np.where(signs, signs, 1)[:, None]


def _layers(generator, layer):
    """The layers that are asked for."""
    inside = [each for each in _walk(generator) if hasattr(each, "kernel")]
    if layer is None:
        if inside:
            return inside[:1]
        raise ValueError(
            f"`generator` must have a layer with a kernel. Received: "
            f"{generator.name!r}, without any."
        )
    wanted = layer if isinstance(layer, (list, tuple)) else [layer]
    found = [
        each
        for one in wanted
        for each in ([one] if isinstance(one, keras.Layer) else inside)
        if each is one or each.name == one
    ]
    names = [each.name for each in inside]
    if not wanted or [one.name for one in found] != [
        getattr(one, "name", one) for one in wanted
    ]:
        raise ValueError(
            f"`layer` must be layers with a kernel, of {names}, each the only "
            f"one of its name. Received: layer={layer!r}."
        )
    return found


def _walk(layer):
    """A layer and those inside of it, in order."""
    yield layer
    inner = getattr(layer, "layers", None) or [getattr(layer, "layer", None)]
    for each in inner:
        if isinstance(each, keras.Layer):
            yield from _walk(each)


def _kernel(layer):
    """Pair (name, kernel as (inputs, outputs))."""
    kernel = getattr(layer, "kernel", None)
    if kernel is None or len(kernel.shape) < 2:
        raise ValueError(
            "`layer` must be built and have a kernel. Received: "
            f"{layer.name!r}, a {type(layer).__name__}."
        )
    inputs = -1 if isinstance(layer, TRANSPOSED) else -2
    kernel = np.moveaxis(keras.ops.convert_to_numpy(kernel), inputs, 0)
    return layer.name, kernel.reshape(len(kernel), -1)
