"""What Keras offers on one backend only, behind one name each.

Everything else in `keras_sparse` is written with `keras.ops`.
"""

import contextlib

import keras
from keras import ops


def _tensorflow():
    import tensorflow as tf

    return tf


def outside_graph():
    """Context in which variables can be made and assigned at once.

    `fit` on TensorFlow builds the optimizer while it traces the train step;
    there an assignment is only recorded, and lost. `tf.init_scope` lifts it
    out of the trace. The other backends build eagerly.
    """
    if keras.backend.backend() == "tensorflow":
        return _tensorflow().init_scope()
    return contextlib.nullcontext()


def histogram(digits, bins):
    """Counts of the values 0 to `bins - 1`; larger values are not counted.

    Args:
        digits: int32 tensor (n,) of values from 0.
        bins: int, number of counts.

    Returns:
        int32 tensor (bins,).
    """
    if keras.backend.backend() == "tensorflow":
        # tf.math.bincount hides a size that XLA must know; this op takes it.
        tf = _tensorflow()
        return tf.raw_ops.DenseBincount(
            input=digits, size=bins, weights=tf.constant([], "int32")
        )
    digits = ops.minimum(digits, bins)
    ones = ops.ones_like(digits)
    return ops.segment_sum(ones, digits, num_segments=bins + 1)[:bins]


def in_turn(function, items):
    """Calls a function on each item; in a graph of TensorFlow one by one.

    Else the executor begins with all layers at once, and holds the
    intermediate tensors of all.

    Args:
        function: item -> tensor or structure of tensors.
        items: iterable.

    Returns:
        List of what the function returned.
    """
    results: list = []
    for item in items:
        before = contextlib.nullcontext()
        if keras.backend.backend() == "tensorflow" and results:
            tf = _tensorflow()
            before = tf.control_dependencies(tf.nest.flatten(results[-1]))
        with before:
            results.append(function(item))
    return results


def dense(gradient):
    """The gradient as a tensor; that of an embedding may come as slices."""
    if keras.backend.backend() == "tensorflow":
        return _tensorflow().convert_to_tensor(gradient)
    return ops.convert_to_tensor(gradient)


def sum_over_replicas(tensors):
    """Sums each tensor over the replicas of `tf.distribute`; else a no-op."""
    if keras.backend.backend() == "tensorflow" and tensors:
        tf = _tensorflow()
        if num_replicas() > 1:
            context = tf.distribute.get_replica_context()
            return context.all_reduce(tf.distribute.ReduceOp.SUM, tensors)
    return tensors


def num_replicas():
    """Number of replicas of `tf.distribute` whose gradients are summed."""
    if keras.backend.backend() == "tensorflow":
        return _tensorflow().distribute.get_strategy().num_replicas_in_sync
    return 1


def conditional(predicate, if_true, if_false, tensors, variables):
    """Runs one of two functions that assign variables, chosen in the graph.

    Args:
        predicate: function of no argument that returns a boolean scalar.
        if_true, if_false: functions of `tensors` that assign `variables`.
        tensors: list of tensors or None, one per replica under `tf.distribute`.
        variables: list of every `keras.Variable` that a branch may assign.
    """
    if keras.backend.backend() == "tensorflow":
        _tensorflow_conditional(predicate, if_true, if_false, tensors)
        return
    chosen = predicate()
    if _is_traced(chosen):
        _stateless_conditional(chosen, if_true, if_false, tensors, variables)
    elif chosen:
        if_true(tensors)
    else:
        if_false(tensors)


def _is_traced(value):
    if keras.backend.backend() != "jax":
        return False
    import jax

    return isinstance(value, jax.core.Tracer)


def _stateless_conditional(chosen, if_true, if_false, tensors, variables):
    # A branch that assigned a variable would leak its tracers, so each branch
    # returns the values that the variables shall have.
    mapping = [(variable, variable.value) for variable in variables]

    def values_after(branch):
        with keras.StatelessScope(state_mapping=mapping) as scope:
            branch(tensors)
        return [scope.get_current_value(variable) for variable in variables]

    values = ops.cond(
        chosen,
        lambda: values_after(if_true),
        lambda: values_after(if_false),
    )
    for variable, value in zip(variables, values, strict=True):
        variable.assign(value)


def _tensorflow_conditional(predicate, if_true, if_false, tensors):
    tf = _tensorflow()

    def inside(branch):
        # all_reduce wants tensors of the branch's own graph.
        def run(tensors):
            branch([None if t is None else tf.identity(t) for t in tensors])

        return run

    def choose(run):
        ops.cond(
            predicate(),
            lambda: run(inside(if_true)),
            lambda: run(inside(if_false)),
        )

    if not tf.distribute.has_strategy():
        choose(lambda branch: branch(tensors))
        return

    # A replica may not synchronise inside a cond. So the cond is entered once
    # for all replicas, and they are started again inside the branch, as
    # keras.optimizers.LossScaleOptimizer does.
    def for_all_replicas(strategy, tensors):
        def run(branch):
            strategy.extended.call_for_each_replica(branch, args=(tensors,))

        choose(run)

    context = tf.distribute.get_replica_context()
    context.merge_call(for_all_replicas, args=(tensors,))
