"""Second derivatives of a generator along a direction, by three calls."""

import warnings

import keras
import tensorflow as tf

from keras_latent.gan_latent import draw_rows

ROUNDING = {"float16": 2.0**-11, "bfloat16": 2.0**-8, "float32": 2.0**-24}
TOLERATED = 0.05  # of the activations


def second_differences(call, z, vectors, centre, epsilon):
    """(G(z + e v) - 2 G(z) + G(z - e v)) / e^2, which is v' H v + O(e^2).

    Args:
        call: function of a tensor (batch, ...) to a list of tensors.
        z: tensor (batch, ...).
        vectors: tensor like `z`, or that broadcasts to it.
        centre: what `call` makes of `z`.
        epsilon: number above 0, the step e.

    Returns:
        List of tensors, one for each activation.

    Raises:
        ValueError: a centre of other shapes.

    Example:
        >>> from keras_latent.second_differences import second_differences
        >>> def call(z):
        ...     return [z**2]
        >>> z = tf.constant([[3.0]])
        >>> found = second_differences(call, z, z, call(z), 0.5)
        >>> found[0].numpy().tolist()
        [[18.0]]
    """
    ahead, behind = call(z + epsilon * vectors), call(z - epsilon * vectors)
    shapes = [
        [tuple(v.shape[1:]) for v in values] for values in (centre, ahead)
    ]
    if shapes[0] != shapes[1]:
        raise ValueError(
            "`centre` must have the shapes of what the generator gives, "
            f"(batch, ...) with {shapes[1]}. Received: {shapes[0]}."
        )
    return [
        (one - 2.0 * here + other) / epsilon**2
        for one, here, other in zip(ahead, centre, behind, strict=True)
    ]


def random_signs(shape, seed, step=0):
    """Numbers that are -1 or 1, each half of the time (Rademacher).

    Args:
        shape: (rows, ...) ints or scalar tensors.
        seed, step: as for `draw_rows`.

    Returns:
        float32 tensor of `shape`.

    Example:
        >>> from keras_latent.second_differences import random_signs
        >>> signs = random_signs([1000], (0,))
        >>> sorted(set(signs.numpy().tolist())), abs(float(sum(signs))) < 100
        ([-1.0, 1.0], True)
    """
    return as_signs(draw_rows(shape, seed, step, "signed_uniform"))


def as_signs(drawn):
    """-1 or 1 of numbers that are drawn from (-1, 1)."""
    return tf.where(drawn < 0.0, -1.0, 1.0)


def activations(generator, points, conditioning=None):
    """What a generator makes of points, as a list of tensors of their type.

    Args:
        generator: Keras model, called with `training=False`; or function.
        points: tensor (batch, ...).
        conditioning: dict of keyword arguments, or None.

    Raises:
        ValueError: no function; outputs without a row for each point.
    """
    if not callable(generator):
        raise ValueError(
            "`generator` must be a Keras model or a function. Received: "
            f"{type(generator).__name__}."
        )
    frozen = isinstance(generator, keras.Layer)
    options = {"training": False} if frozen else {}
    outputs = generator(points, **options, **(conditioning or {}))
    return as_activations("generator", outputs, points)


def as_activations(name, outputs, points):
    """A tensor, or a list or dict of them, as a list of the points' type.

    Args:
        name: str, the argument to name.
        outputs: what is to be a list.
        points: tensor (batch, ...), of which each output must have rows.

    Raises:
        ValueError: no outputs, or without a row for each point.
    """
    if isinstance(outputs, dict):
        outputs = list(outputs.values())
    single = not isinstance(outputs, (list, tuple))
    outputs = [outputs] if single else outputs
    outputs = [tf.cast(tf.convert_to_tensor(o), points.dtype) for o in outputs]
    shapes = [tuple(output.shape) for output in outputs]
    rows = {shape[0] if shape else 0 for shape in shapes} - {None}
    if not outputs or (
        points.shape[0] is not None and rows - {points.shape[0]}
    ):
        raise ValueError(
            f"`{name}` must give a row for each of {points.shape[0]} points. "
            f"Received: shapes {shapes}."
        )
    return outputs


def warn_of_rounding(generator, dtype, epsilon):
    """Warns where rounding is about as large as a second difference.

    Args:
        generator: Keras model, whose precision counts, or function.
        dtype: str, of the points.
        epsilon: number above 0, the step.
    """
    dtype = getattr(generator, "compute_dtype", dtype)
    error = 4 * ROUNDING.get(dtype, 0.0) / epsilon**2
    if error > TOLERATED:
        least = (4 * ROUNDING[dtype] / TOLERATED) ** 0.5
        warnings.warn(
            f"`epsilon`={epsilon:g} is too small a step for a generator that "
            f"computes in {dtype}: second differences are rounded by about "
            f"{error:.0%} of the activations. Use a generator of a more exact "
            f"type, or `epsilon` from {least:.2g}.",
            stacklevel=3,
        )
