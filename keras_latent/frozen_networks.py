"""Networks as they are: called on batches, never changed."""

import keras
import numpy as np
from keras import ops

from keras_latent.labelled_data import labelled_batches


def call_frozen(network, inputs):
    """Output of a network in inference mode, as a numpy array.

    Args:
        network: Keras layer or model, called with `training=False`; or any
            function of the inputs.
        inputs: array, or a list of arrays.

    Returns:
        Float array with the examples first.

    Raises:
        ValueError: an output that is not one array, or not finite.
    """
    frozen = isinstance(network, keras.Layer)
    outputs = network(inputs, training=False) if frozen else network(inputs)
    name = getattr(network, "name", getattr(network, "__name__", "network"))
    if isinstance(outputs, (list, tuple, dict)):
        raise ValueError(
            f"The network {name!r} must have one output. Received: "
            f"{len(outputs)} of them. Choose one, as in "
            "`keras.Model(model.inputs[0], model.outputs[0])`."
        )
    outputs = np.asarray(ops.convert_to_numpy(outputs))
    finite = np.isfinite(outputs)
    if not finite.all():
        raise ValueError(
            f"The network {name!r} must give finite numbers. Received: "
            f"{np.count_nonzero(~finite)} of {finite.size} that are NaN or "
            "infinite. Its training probably diverged: lower the learning "
            "rate, or look for NaN in the inputs."
        )
    return outputs


def encode(encoder, data, batch_size=256):
    """Codes and labels of all examples, of which only a batch is in memory.

    Args:
        encoder: Keras model or function of a batch.
        data: as for `labelled_batches`.
        batch_size: int from 1, for arrays.

    Returns:
        Pair (float32 array (examples, numbers), labels).

    Raises:
        ValueError: as `labelled_batches`; codes that are no numbers for each
            example, or not finite.
    """
    codes, labels = [], []
    for x, y in labelled_batches(data, batch_size):
        code = call_frozen(encoder, x)
        if code.ndim < 2 or len(code) != len(x):
            raise ValueError(
                "`encoder` must give a code for each example. Received: shape "
                f"{code.shape} for {len(x)} examples."
            )
        codes.append(code.reshape(len(x), -1).astype("float32"))
        labels.append(y)
    return np.concatenate(codes), np.concatenate(labels)


def encoder_and_decoder(model):
    """The pair of networks in a `Fader`, or in a pair.

    Args:
        model: model with `encoder` and `decoder`, or a pair of them.

    Raises:
        ValueError: anything else.
    """
    if isinstance(model, (tuple, list)) and len(model) == 2:
        pair = tuple(model)
    else:
        pair = (
            getattr(model, "encoder", None),
            getattr(model, "decoder", None),
        )
    if not all(map(callable, pair)):
        raise ValueError(
            "`model` must be a `Fader`, or a pair (encoder, decoder) whose "
            "decoder takes [code, one-hot attributes]. Received: "
            f"{type(model).__name__}."
        )
    return pair
