"""The generator whose weights are averages over the steps of training."""

import keras
import tensorflow as tf


def averaged_clone(network):
    """A copy of a network, with the same weights, that is not trained."""
    clone = keras.models.clone_model(network)
    clone.set_weights(network.get_weights())
    clone.trainable = False
    return clone


def update_average(average, network, momentum):
    """Moves an average of a network's weights on by one step.

    What is trained is averaged, a = momentum * a + (1 - momentum) * w; other
    weights, such as moving statistics, are copied. Called in the replicas of
    a `tf.distribute` strategy, or outside of any.

    Args:
        average: what `averaged_clone` made.
        network: `keras.Model`.
        momentum: float in (0, 1).

    Source: Karras et al. 2018, arXiv:1710.10196, section 6.1 (.999).
    Differs from averages with a correction of the start: the first weights
        fade only as fast as `momentum` forgets, as in that paper.
    """
    trained = {id(weight) for weight in network.trainable_variables}
    rates = [
        1.0 - momentum if id(weight) in trained else None
        for weight in network.weights
    ]
    pairs = zip(average.weights, network.weights, strict=True)
    values = [(one.value, other.value) for one, other in pairs]

    def move(strategy):
        for (target, source), rate in zip(values, rates, strict=True):
            strategy.extended.update(target, _move_one, (source, rate))

    # Mirrored variables are assigned alike on all replicas, not in one.
    tf.distribute.get_replica_context().merge_call(move)


def _move_one(target, source, rate):
    if rate is None:
        return target.assign(tf.cast(source, target.dtype))
    return target.assign_add(rate * (tf.cast(source, target.dtype) - target))
