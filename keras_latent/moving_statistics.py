"""A pass in training that leaves moving statistics as they were."""

import tensorflow as tf


def moving_statistics(model):
    """Float variables of a model that no optimizer trains.

    Args:
        model: `keras.Model`.

    Returns:
        List of variables: means and variances of batch normalisation and the
        like, not the states of random generators, which are whole numbers.
    """
    trained = {id(variable) for variable in model.trainable_variables}
    return [
        variable
        for variable in model.non_trainable_variables
        if id(variable) not in trained and "float" in variable.dtype
    ]


def train_without_trace(model, inputs):
    """Outputs in training mode; moving statistics are put back after it.

    Args:
        model: `keras.Model`.
        inputs: what it takes.

    Returns:
        What `model(inputs, training=True)` returns.
    """
    variables = moving_statistics(model)
    # Copies: the value of a variable of TensorFlow is the variable.
    before = [tf.identity(variable.value) for variable in variables]
    outputs = model(inputs, training=True)
    for variable, value in zip(variables, before, strict=True):
        variable.assign(value)
    return outputs
