"""A student made ready for deployment."""

import keras

from keras_distill.class_logits import ClassLogits


def classifier(model, num_classes):
    """Model that gives class probabilities; export it alone.

    Args:
        model: built `keras.Model` whose output are subclass logits of shape
            (batch, num_classes * S), or class logits (S = 1).
        num_classes: int from 1.

    Returns:
        Functional `keras.Model` that shares the weights of `model`, with
        float32 output of shape (batch, num_classes).

    Raises:
        ValueError: `model` is not built or has another output.

    Source: sum of the subclasses' probabilities, `keras_distill.class_logits`.

    Example:
        >>> import keras_distill as kd
        >>> layers = [keras.Input((4,)), keras.layers.Dense(10)]
        >>> kd.classifier(keras.Sequential(layers), 2).output_shape
        (None, 2)
    """
    logits = ClassLogits(num_classes, dtype="float32")(model.outputs[0])
    probabilities = keras.layers.Softmax(dtype="float32")(logits)
    return keras.Model(
        model.inputs, probabilities, name=f"{model.name}_classes"
    )
