"""How well directions and shifts are read from pairs of images."""

import keras
import tensorflow as tf
from keras import ops


def direction_crossentropy(logits, chosen):
    """Mean cross-entropy of the direction that was taken.

    Args:
        logits: float tensor (batch, directions).
        chosen: int tensor (batch,).

    Returns:
        float32 scalar tensor.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, equation 1.

    Example:
        >>> from keras_latent.direction_losses import direction_crossentropy
        >>> round(float(direction_crossentropy([[0.0, 0.0]], [1])), 6)
        0.693147
    """
    logits = tf.cast(logits, "float32")
    return tf.reduce_mean(
        tf.nn.sparse_softmax_cross_entropy_with_logits(chosen, logits)
    )


def shift_error(guesses, shifts):
    """Mean absolute error of the shifts.

    Args:
        guesses: float tensor (batch, 1).
        shifts: float tensor (batch,).

    Returns:
        float32 scalar tensor.

    Source: Voynov & Babenko 2020, arXiv:2002.03754, equation 1; `train` in
        trainer.py of anvoynov/GANLatentDiscovery.

    Example:
        >>> from keras_latent.direction_losses import shift_error
        >>> float(shift_error([[1.0], [2.0]], [1.0, -1.0]))
        1.5
    """
    guesses = tf.cast(guesses, "float32")[:, 0]
    return tf.reduce_mean(tf.abs(guesses - tf.cast(shifts, "float32")))


class DirectionAccuracy(keras.metrics.Metric):
    """Share of the directions that are read right, of all and of each.

    Args:
        num_directions: int from 1.
        name: str.
    """

    def __init__(self, num_directions, name="accuracy"):
        super().__init__(name=name)
        shape = (num_directions,)
        self.right, self.seen = (
            self.add_variable(shape, initializer="zeros", name=part)
            for part in ("right", "seen")
        )

    def update_state(self, logits, chosen):
        """Counts a batch: logits (batch, directions), ints (batch,)."""
        found = ops.cast(ops.argmax(logits, axis=-1), "int64")
        taken = ops.one_hot(chosen, self.seen.shape[0])
        right = ops.cast(found == chosen, "float32")
        self.seen.assign_add(ops.sum(taken, axis=0))
        self.right.assign_add(ops.sum(taken * right[:, None], axis=0))

    def result(self):
        return ops.sum(self.right) / ops.maximum(ops.sum(self.seen), 1.0)
