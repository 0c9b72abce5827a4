"""The state of a network and its optimizer, taken out and put back."""

import tensorflow as tf


def read_state(variables):
    """Copies of the values of variables.

    Args:
        variables: list of `keras.Variable`.

    Returns:
        List of tensors.
    """
    # The value of a variable of TensorFlow is the variable: hence a copy.
    return [tf.identity(variable.value) for variable in variables]


def write_state(variables, values):
    """Gives variables values that are the same on every replica.

    Args:
        variables: list of `keras.Variable`.
        values: list of tensors of their shapes.
    """

    def write(strategy, *values):
        for variable, value in zip(variables, values, strict=True):
            strategy.extended.update(
                variable.value, lambda own, new: own.assign(new), (value,)
            )

    # Each replica writes its own copy; `assign` would average or refuse.
    tf.distribute.get_replica_context().merge_call(write, tuple(values))


def trained_state(weights, optimizer):
    """All that one step of training changes in a network and its optimizer.

    Args:
        weights: list of `keras.Variable`, all of the network's.
        optimizer: built Keras optimizer.

    Returns:
        List of variables: weights, moments, iterations and the like; not the
        learning rate, which belongs to whoever schedules it.
    """
    rate = optimizer.learning_rate
    return [*weights, *(v for v in optimizer.variables if v is not rate)]


def judging_state(network):
    """What a pass in training mode may change in a network.

    Args:
        network: built `keras.Model`.

    Returns:
        List of variables. Spectral normalisation writes its kernel, a weight
        that is trained, so this is all of them, or none where a network has
        no state beside its trained weights.
    """
    return network.variables if network.non_trainable_variables else []


def pick(states, chosen):
    """One of several states of the same variables.

    Args:
        states: list of lists of tensors.
        chosen: int scalar tensor.

    Returns:
        List of tensors.

    Example:
        >>> from keras_latent.evolution_state import pick
        >>> [float(value) for value in pick([[1.0, 2.0], [3.0, 4.0]], 1)]
        [3.0, 4.0]
    """
    return [tf.stack(alike)[chosen] for alike in zip(*states, strict=True)]
