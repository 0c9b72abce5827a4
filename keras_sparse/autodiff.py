"""First and second derivatives of a loss, summed over batches, per backend.

The loss is a pure function of tensors, compiled once and called batch by
batch. Only the sums stay in memory: as many numbers as there are parameters.
"""

import keras
from keras import ops


def derivative_sum(loss, second_order=False):
    """Compiles a loss into a function that sums its derivative over batches.

    Args:
        loss: function (values, constants, batch) -> scalar tensor, without
            side effects. `values` and `constants` are lists of tensors.
        second_order: bool, whether to sum the product of the Hessian with a
            direction instead of the gradient.

    Returns:
        Function (values, constants, batches, direction=None) -> list of float
        tensors, one for each of `values`, of its shape; float32, or float64
        where the value is. `batches` is an iterable of structures of arrays,
        `direction` a list of arrays like the values.

    Source: Pearlmutter 1994, "Fast exact multiplication by the Hessian"; the
        product is the gradient of <gradient, direction>, on JAX the derivative
        of the gradient along the direction.

    Example:
        >>> import numpy as np
        >>> from keras import ops
        >>> cube = derivative_sum(lambda v, c, x: ops.sum(x * v[0] ** 3), True)
        >>> start, direction = np.float32([1, 2]), np.float32([1, 10])
        >>> batches = [np.float32([1.0]), np.float32([2.0])]
        >>> [float(h) for h in cube([start], [], batches, [direction])[0]]
        [18.0, 360.0]
    """
    make = {"tensorflow": _tensorflow_step, "jax": _jax_step}.get(
        keras.backend.backend(), _torch_step
    )
    new_totals, step, taken = make(loss, second_order)

    def run(values, constants, batches, direction=None):
        values = [ops.convert_to_tensor(value) for value in values]
        if second_order:
            direction = [
                ops.convert_to_tensor(part, dtype=value.dtype)
                for part, value in zip(direction, values, strict=True)
            ]
        totals = new_totals(values)
        for batch in batches:
            totals = step(totals, values, constants, direction, batch)
        return taken(totals)

    return run


def _wide(dtype):
    """Sums are never kept in 16 bits."""
    dtype = keras.backend.standardize_dtype(dtype)
    return "float64" if dtype == "float64" else "float32"


def _tensorflow_step(loss, second_order):
    import tensorflow as tf

    # A trace takes a variable of a tf.distribute strategy for the one that it
    # was made with, so that the sums must be tensors there.
    in_place = not tf.distribute.has_strategy()

    def gradient(values, constants, batch):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            result = loss(values, constants, batch)
        # "zero": a weight that the loss does not use has the gradient 0. That
        # of an embedding comes as slices.
        parts = tape.gradient(result, values, unconnected_gradients="zero")
        return [tf.convert_to_tensor(part) for part in parts]

    # Nested tapes take as long as tf.autodiff.ForwardAccumulator around a
    # tape, are traced in less time, and go through loops and conditions.
    def hessian_product(values, constants, batch, direction):
        with tf.GradientTape(watch_accessed_variables=False) as tape:
            tape.watch(values)
            parts = gradient(values, constants, batch)
        # The gradient of <parts, direction>, which needs no such product.
        return tape.gradient(
            parts, values, direction, unconnected_gradients="zero"
        )

    @tf.function(reduce_retracing=True)
    def add(totals, values, constants, direction, batch):
        if second_order:
            parts = hessian_product(values, constants, batch, direction)
        else:
            parts = gradient(values, constants, batch)
        parts = [
            tf.cast(tf.convert_to_tensor(part), total.dtype)
            for total, part in zip(totals, parts, strict=True)
        ]
        if not in_place:
            return [t + part for t, part in zip(totals, parts, strict=True)]
        for total, part in zip(totals, parts, strict=True):
            total.assign_add(part)
        return []

    traced: list = []

    def step(totals, values, constants, direction, batch):
        batch = tf.nest.map_structure(as_tensor, batch)
        arguments = totals, values, constants, direction
        if not traced:
            # One trace serves every batch size, the smaller last one too.
            relaxed = tf.nest.map_structure(any_batch_size, batch)
            traced.append(add.get_concrete_function(*arguments, relaxed))
        return add(*arguments, batch) or totals

    def as_tensor(part):
        return None if part is None else tf.convert_to_tensor(part)

    def any_batch_size(part):
        if part is None or not part.shape.rank:
            return part
        return tf.TensorSpec((None, *part.shape[1:]), part.dtype)

    def new_totals(values):
        zeros = [tf.zeros(v.shape, _wide(v.dtype)) for v in values]
        if not in_place:
            return zeros
        # Without a fixed shape, so that they can be emptied.
        shape = tf.TensorShape(None)
        return [tf.Variable(start, shape=shape) for start in zeros]

    def taken(totals):
        if not in_place:
            return totals
        # The variables may live on until Python looks for cycles.
        results = [tf.convert_to_tensor(total) for total in totals]
        for total in totals:
            total.assign(tf.zeros([0], total.dtype))
        return results

    return new_totals, step, taken


def _jax_step(loss, second_order):
    import jax
    import jax.numpy as jnp

    gradient = jax.grad(loss)

    def step(totals, values, constants, direction, batch):
        parts = gradient(values, constants, batch)
        if second_order:
            _, parts = jax.jvp(
                lambda values: gradient(values, constants, batch),
                (values,),
                (direction,),
            )
        return [
            t + p.astype(t.dtype) for t, p in zip(totals, parts, strict=True)
        ]

    def new_totals(values):
        return [jnp.zeros(v.shape, _wide(v.dtype)) for v in values]

    # The sums are updated in place.
    return new_totals, jax.jit(step, donate_argnums=0), list


def _torch_step(loss, second_order):
    import torch

    def step(totals, values, constants, direction, batch):
        values = [value.detach().requires_grad_() for value in values]
        result = loss(values, constants, batch)
        parts = torch.autograd.grad(
            result, values, create_graph=second_order, materialize_grads=True
        )
        if second_order:
            pairs = zip(parts, direction, strict=True)
            used = [pair for pair in pairs if pair[0].requires_grad]
            parts, along = zip(*used, strict=True)
            parts = torch.autograd.grad(
                parts, values, along, materialize_grads=True
            )
        for total, part in zip(totals, parts, strict=True):
            total += part.to(total.dtype)
        return totals

    def new_totals(values):
        wide = [getattr(torch, _wide(value.dtype)) for value in values]
        return [
            torch.zeros_like(value, dtype=dtype)
            for value, dtype in zip(values, wide, strict=True)
        ]

    return new_totals, step, list
