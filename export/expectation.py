"""What a Keras model itself gives, which its artefact is compared with."""

import numpy as np
import tensorflow as tf

from keras_export.judging import VerificationError
from keras_export.quiet import quiet
from keras_export.running import name_outputs


def expected_outputs(model, inputs, arrays, batch_size, name="inputs"):
    """Returns a dict from the artefact's output names to arrays.

    Args:
        model: built `keras.Model`.
        inputs: what `model.predict` takes.
        arrays: dict from input name to array, the same by name.
        batch_size: positive int, examples per call.
        name: str, the argument that a user passes `inputs` as, for errors.

    Raises:
        ValueError: if `model.predict` fails with the inputs.
        VerificationError: (a `ValueError`) if it gives NaN or infinity.
    """
    with quiet():
        # TensorFlow's logger warns of retracing when many are checked.
        try:
            outputs = model.predict(inputs, batch_size=batch_size, verbose=0)
            cause = None
        except (TypeError, ValueError, tf.errors.OpError) as error:
            cause = error
    if cause is not None:
        shapes = {key: array.shape for key, array in arrays.items()}
        raise ValueError(
            f"`{name}` must be inputs that `model.predict` takes. Received: "
            f"shapes {shapes}, with which it raises the "
            f"{type(cause).__name__} above. Pass typical inputs as `{name}`."
        ) from cause
    outputs = name_outputs(outputs)
    for key, array in outputs.items():
        if not _is_finite(array):
            raise VerificationError(
                "`model` must give finite numbers to compare with. Received: "
                f"model {model.name!r}, whose output {key!r} is "
                f"{'nan' if np.isnan(array).any() else 'inf'} at "
                f"{np.sum(~np.isfinite(array))} of {array.size} places. "
                f"{_remedy(model, arrays, name)}"
            )
    return outputs


def _remedy(model, arrays, name):
    weights = [w.path for w in model.weights if not _is_finite(np.asarray(w))]
    if weights:
        return (
            f"Its weights {', '.join(map(repr, weights))} have NaN or "
            "infinity: train it again, or load other weights."
        )
    wrong = [key for key, array in arrays.items() if not _is_finite(array)]
    if wrong:
        return (
            f"`{name}` have NaN or infinity for {', '.join(map(repr, wrong))}: "
            "drop or mend those examples."
        )
    return f"Pass typical inputs as `{name}`."


def _is_finite(array):
    return array.dtype.kind != "f" or bool(np.isfinite(array).all())
