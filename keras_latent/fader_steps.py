"""The two steps of a `Fader`: of its classifier, and of its autoencoder."""

import keras
import tensorflow as tf
from keras import ops

from keras_latent.fader_losses import (
    attribute_accuracy,
    attribute_crossentropy,
    entropy_loss,
    flip_loss,
    negative_loss,
)


def classifier_step(fader, images, targets):
    """Trains the classifier on the code of images; the encoder stays.

    Args:
        fader: compiled `Fader`.
        images: tensor of shape (batch, ...).
        targets: one-hot tensor of shape (batch, columns).

    Returns:
        Tuple (loss, accuracy) from before the update: tensors of (batch,).

    Source: `lat_dis_step` in `src/training.py` of the authors.
    """
    code = fader.encoder(images, training=False)
    classifier, optimizer = fader.classifier, fader.classifier_optimizer
    with tf.GradientTape() as tape:
        logits = classifier(code, training=True)
        losses = attribute_crossentropy(logits, targets, fader.attribute_sizes)
        loss = mean_of_replicas(losses) + added_losses(classifier)
        scaled = optimizer.scale_loss(loss)
    weights = classifier.trainable_variables
    optimizer.apply(tape.gradient(scaled, weights), weights)
    return losses, attribute_accuracy(logits, targets, fader.attribute_sizes)


def autoencoder_step(fader, images, targets, beta):
    """Trains encoder and decoder; the classifier judges and stays.

    Args:
        fader: compiled `Fader`.
        images: tensor of shape (batch, ...).
        targets: one-hot tensor of shape (batch, columns).
        beta: scalar tensor, weight of the classifier's part.

    Returns:
        Tuple (loss, reconstruction loss): scalar tensors from before the
        update, of this replica alone.

    Source: `autoencoder_step` in `src/training.py` of the authors.
    """
    optimizer = fader.optimizer
    with tf.GradientTape() as tape:
        code = fader.encoder(images, training=True)
        reconstruction = fader.decode(code, targets, training=True)
        logits = fader.classifier(code, training=False)
        error = reconstruction_loss(fader, images, reconstruction)
        hidden = ops.mean(hiding_loss(fader, logits, targets))
        total = (error + beta * hidden) / count_replicas()
        total += added_losses(fader.encoder) + added_losses(fader.decoder)
        scaled = optimizer.scale_loss(total)
    weights = fader.autoencoder_variables
    optimizer.apply(tape.gradient(scaled, weights), weights)
    return total * count_replicas(), error


def hiding_loss(fader, logits, targets):
    """The loss of the kind `fader.adversarial` on a classifier's logits.

    Args:
        fader: `Fader`.
        logits: tensor of shape (batch, columns).
        targets: one-hot tensor of the same shape.

    Returns:
        float32 tensor of shape (batch,).
    """
    sizes = fader.attribute_sizes
    if fader.adversarial == "negative":
        return negative_loss(logits, targets, sizes)
    if fader.adversarial == "entropy":
        return entropy_loss(logits, sizes)
    step = ops.cast(fader.optimizer.iterations, "int32")
    draw = tf.random.stateless_uniform(
        (tf.shape(logits)[0], len(sizes)), seed=[fader.seed, step]
    )
    offsets = 1.0 + tf.floor(draw * (tf.constant(sizes, "float32") - 1.0))
    return flip_loss(logits, targets, sizes, offsets)


def reconstruction_loss(fader, images, reconstruction):
    """The compiled loss between images and their reconstruction.

    Returns:
        float32 scalar tensor, of this replica alone.
    """
    images = ops.cast(images, "float32")
    reconstruction = ops.cast(reconstruction, "float32")
    value = fader.image_loss(images, reconstruction)
    if isinstance(fader.image_loss, keras.losses.Loss):
        return value * count_replicas()  # Keras has divided by them
    return ops.mean(value)


def added_losses(network):
    """Regularizers and `add_loss` of a network, once for all replicas."""
    flat = [ops.sum(ops.cast(v, "float32")) for v in network.losses]
    return sum(flat) / count_replicas() if flat else 0.0


def mean_of_replicas(losses):
    """This replica's share of the mean over all replicas."""
    return ops.mean(losses) / count_replicas()


def count_replicas():
    """Number of replicas of the `tf.distribute` strategy in scope, or 1."""
    return tf.distribute.get_strategy().num_replicas_in_sync
