"""How far the Hessian of a generator is from a diagonal one."""

from collections.abc import Callable, Sequence
from typing import Any, Literal

import tensorflow as tf

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import Conditioning, Network, TensorLike
from keras_latent.layer_outputs import layer_outputs
from keras_latent.second_differences import (
    activations,
    as_activations,
    random_signs,
    second_differences,
    warn_of_rounding,
)

REDUCTIONS = {
    "max": tf.reduce_max,
    "mean": tf.reduce_mean,
    "sum": tf.reduce_sum,
    None: tf.identity,
}


def hessian_penalty(
    generator: Network,
    z: TensorLike,
    num_vectors: int = 2,
    epsilon: float = 0.1,
    reduction: Literal["max", "mean", "sum"]
    | Callable[[Any], Any]
    | None = "max",
    unbiased: bool = True,
    layers: Sequence[str] | None = None,
    vectors: TensorLike | None = None,
    centre: Any = None,
    conditioning: Conditioning = None,
    separately: bool = False,
    seed: int = 0,
    **kwargs: Any,
) -> Any:
    """Variance of second directional derivatives, over random directions.

    For each number that the generator puts out, with Hessian H with respect
    to z and vectors v of random signs, Var(v' H v) = 2 * (sum of squares of
    all H_ij off the diagonal). So what a minimum leaves is a generator each
    of whose inputs acts without the others. Gradients pass to `z`, to the
    generator's weights and to all else that its function is made of.

    The generator must give the same for the same z: a Keras model is called
    with `training=False`, in which dropout rests, and batch normalization
    uses and keeps its moving statistics. A function is called as it is, once
    for the centre and twice for each vector: fix its noise. Penalise
    activations right after a normalization or the bounded end, not after a
    linear layer, which lowers the penalty by lowering its weights.

    Args:
        generator: Keras model; or function of (z, **conditioning), made of
            TensorFlow operations, that returns a tensor (batch, ...) or a
            list of them, such as activations of several layers.
        z: float tensor (batch, latent_dim, ...). It is made float32, but for
            tensors of float64.
        num_vectors: int from 2, vectors for each row of `z`.
        epsilon: number above 0, length of the steps in each number of z. The
            error is of the order of epsilon^2, rounding of epsilon^-2.
        reduction: what makes one number of the variances (batch, ...) of an
            activation: "max" (over the batch, too), "mean", "sum", None (keep
            them all), or a function of a tensor.
        unbiased: bool, divide by num_vectors - 1 and not by num_vectors.
        layers: list of names of layers of a functional or Sequential model,
            whose outputs are penalised instead of the model's.
        vectors: float tensor (num_vectors, batch, ...), used for the random
            ones, of any number from 2. All 2^d vectors of signs with
            `unbiased=False` give the exact sum.
        centre: what the generator makes of `z`, where that is known already.
        conditioning: dict of keyword arguments of the generator, or None.
        separately: bool, return a list of the penalties of all activations
            and not their sum. Without reduction it must be True where there
            are several.
        seed: int from 0, of the random vectors.
        **kwargs: more of `conditioning`.

    Returns:
        Tensor of what the reduction gives, float32 or float64 as `z`, or a
        list of them.

    Raises:
        ValueError: an argument out of range, an unknown layer, outputs that
            have no row for each of `z`, a centre of other shapes.

    Source: Peebles et al. 2020, arXiv:2008.10599, equations 4 and 5;
        hessian_penalty_pytorch.py of wpeebles/hessian_penalty.
    Differs from the authors' code: their TensorFlow versions divide by
        num_vectors, which is (num_vectors - 1) / num_vectors of the value
        here and in their PyTorch one, half of it for 2 vectors; a weight
        from there is to be multiplied by that. Vectors come from a seed.

    Example:
        >>> import tensorflow as tf, keras_latent as kl
        >>> def product(z):
        ...     return z[:, :1] * z[:, 1:]
        >>> signs = tf.constant([[[1.0, 1.0]], [[1.0, -1.0]]])
        >>> z = tf.constant([[3.0, -2.0]])
        >>> penalty = kl.hessian_penalty(
        ...     product, z, unbiased=False, vectors=signs
        ... )
        >>> round(float(penalty), 3)  # twice the squares of H_12 and H_21
        4.0
    """
    check_number("epsilon", epsilon, open_low=True)
    reduce = find_reduction(reduction)
    z = as_points(z)
    warn_of_rounding(generator, z.dtype.name, epsilon)
    if layers is not None:
        generator = layer_outputs(generator, layers)
    if vectors is None:
        check_count("num_vectors", num_vectors, minimum=2)
        check_count("seed", seed, minimum=0)
        shape = [tf.shape(z)[0], num_vectors, *z.shape[1:]]
        vectors = tf.unstack(random_signs(shape, (seed,)), axis=1)
    vectors = check_vectors(vectors, z)

    conditioning = {**(conditioning or {}), **kwargs}

    def call(points):
        return activations(generator, points, conditioning)

    if centre is None:
        centre = call(z)
    centre = as_activations("centre", centre, z)
    found = [second_differences(call, z, v, centre, epsilon) for v in vectors]
    penalties = [
        reduce(variance(alike, unbiased)) for alike in zip(*found, strict=True)
    ]
    if separately:
        return penalties
    if reduction is None and len(penalties) > 1:
        raise ValueError(
            "`separately` must be True where `reduction` is None and there "
            f"are several activations. Received: {len(penalties)} of them."
        )
    return tf.add_n(penalties)


def variance(values, unbiased=True):
    """Variance over several tensors, number by number.

    Args:
        values: list of float tensors of one shape.
        unbiased: bool, divide by one less than there are.

    Example:
        >>> from keras_latent.hessian_penalty import variance
        >>> values = [tf.constant(1.0), tf.constant(3.0)]
        >>> float(variance(values)), float(variance(values, False))
        (2.0, 1.0)
    """
    mean = tf.add_n(values) / len(values)
    squares = tf.add_n([tf.square(value - mean) for value in values])
    return squares / (len(values) - bool(unbiased))


def find_reduction(reduction):
    """The function that a name of a reduction, or None, stands for.

    Args:
        reduction: "max", "mean", "sum", None, or function.

    Raises:
        ValueError: anything else.
    """
    if callable(reduction):
        return reduction
    check_choice("reduction", reduction, REDUCTIONS)
    return REDUCTIONS[reduction]


def as_points(z):
    """Latent points as a tensor: float64 of such a tensor, else float32."""
    exact = tf.is_tensor(z) and z.dtype == "float64"
    z = tf.cast(tf.convert_to_tensor(z), "float64" if exact else "float32")
    if z.shape.rank is None or z.shape.rank < 2:
        raise ValueError(
            "`z` must be of shape (batch, latent_dim). Received: shape "
            f"{tuple(z.shape)}."
        )
    return z


def check_vectors(vectors, z):
    """Vectors as a list of tensors like `z`; raises unless there are two."""
    vectors = tf.cast(tf.convert_to_tensor(vectors), z.dtype)
    alike = z.shape.is_compatible_with(vectors.shape[1:])
    if not alike or vectors.shape[0] is None or vectors.shape[0] < 2:
        raise ValueError(
            "`vectors` must be at least two, in a known number, each of the "
            f"shape of `z`, {tuple(z.shape)}. Received: shape "
            f"{tuple(vectors.shape)}."
        )
    return tf.unstack(vectors)
