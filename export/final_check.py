"""The check of an artefact before it is put in place."""

from keras_export import verification
from keras_export.samples import random_samples
from keras_export.verification import VerificationError


def check_written(model, temporary, path, samples, name="samples"):
    """Compares what is at a temporary name with its model.

    Args:
        model: built `keras.Model`.
        temporary: path-like, where the artefact lies.
        path: path-like, where it is to go: the one that errors name.
        samples: what `model.predict` takes; None for random ones.
        name: str, the argument that the samples came as, for errors.

    Returns:
        float, the largest difference, as `keras_export.verify` gives it.
    """
    if samples is None:
        samples, name = random_samples(model, temporary), "samples"
    try:
        return verification.compare(model, temporary, samples, name=name)
    except VerificationError as error:
        message = str(error).replace(str(temporary), str(path))
        raise VerificationError(message) from error.__cause__
