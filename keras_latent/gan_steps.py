"""The two steps of a `GAN`: of its discriminator, and of its generator."""

import tensorflow as tf

from keras_latent.fader_steps import added_losses, count_replicas
from keras_latent.gan_regularizers import penalties


def discriminator_step(gan, real, fake):
    """Trains the discriminator on real and generated examples.

    Args:
        gan: compiled `GAN`.
        real: tensor of shape (batch, ...).
        fake: tensor of shape (batch, ...), what the generator made.

    Returns:
        Dict of scalar tensors from before the update, of this replica alone:
        the keys of the logs; losses include penalties.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    """
    network, optimizer = gan.discriminator, gan.d_optimizer
    with tf.GradientTape() as tape:
        real_logits = network(real, training=True)
        fake_logits = network(fake, training=True)
        loss = gan.discriminator_loss(real_logits, fake_logits)
        penalty = penalties(gan, "discriminator_penalty", real, fake)
        total = (loss + penalty) / count_replicas() + added_losses(network)
        scaled = optimizer.scale_loss(total)
    logits = {"real_score": real_logits, "fake_score": fake_logits}
    return end_of_step(gan, tape, scaled, (total, penalty), logits)


def generator_step(gan, latent, loss=None):
    """Trains the generator; the discriminator judges and stays.

    Args:
        gan: compiled `GAN`.
        latent: tensor of shape (batch, latent_dim).
        loss: function of the discriminator's logits -> scalar; None: the
            generator's side of the GAN's loss.

    Returns:
        Dict of scalar tensors from before the update, of this replica alone:
        the keys of the logs; losses include penalties.

    Source: Goodfellow et al. 2014, arXiv:1406.2661, algorithm 1.
    """
    network, optimizer = gan.generator, gan.g_optimizer
    loss = loss or gan.generator_loss
    with tf.GradientTape() as tape:
        fake = network(latent, training=True)
        value = loss(gan.discriminator(fake, training=True))
        penalty = penalties(gan, "generator_penalty", latent, fake)
        total = (value + penalty) / count_replicas() + added_losses(network)
        scaled = optimizer.scale_loss(total)
    weights = network.trainable_variables
    optimizer.apply(tape.gradient(scaled, weights), weights)
    return side_losses(gan, "g", total, penalty)


def end_of_step(gan, tape, scaled, losses, logits):
    """Applies the gradient of a discriminator's step; returns its logs.

    Args:
        gan: compiled `GAN`.
        tape: `tf.GradientTape` of the step.
        scaled: scalar tensor, the loss that the optimizer has scaled.
        losses: tuple (total, penalty) of scalar tensors.
        logits: dict of a key of the logs to a tensor, to be averaged.
    """
    weights = gan.discriminator.trainable_variables
    gan.d_optimizer.apply(tape.gradient(scaled, weights), weights)
    means = {
        key: tf.reduce_mean(tf.cast(values, "float32"))
        for key, values in logits.items()
    }
    return {**side_losses(gan, "d", *losses), **means}


def side_losses(gan, side, total, penalty):
    """What one side minimised, and the part of it that is the penalty."""
    values = {f"{side}_loss": total * count_replicas()}
    if f"{side}_penalty" in gan.trackers:
        values[f"{side}_penalty"] = penalty
    return values
