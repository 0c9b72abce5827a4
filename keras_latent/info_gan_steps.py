"""The two steps of an `InfoGAN`, whose codes are read back."""

import tensorflow as tf

from keras_latent.fader_steps import added_losses, count_replicas
from keras_latent.gan_regularizers import penalties
from keras_latent.gan_steps import end_of_step, side_losses
from keras_latent.info_gan_losses import code_scores, information_losses


def discriminator_step(gan, real, fake, latent):
    """Trains the discriminator; features that are shared learn to read too.

    Args:
        gan: compiled `InfoGAN`.
        real: tensor of shape (batch, ...).
        fake: tensor of shape (batch, ...), what the generator made.
        latent: tensor of shape (batch, latent_dim), what of.

    Returns:
        Dict of scalar tensors from before the update, of this replica alone.

    Source: Chen et al. 2016, arXiv:1606.03657, section 5 and equation 6;
        `infogan/algos/infogan_trainer.py` of the authors.
    """
    network, optimizer = gan.discriminator, gan.d_optimizer
    with tf.GradientTape() as tape:
        real_logits = network(real, training=True)
        fake_logits, readings = judge(gan, fake, training=True)
        loss = gan.discriminator_loss(real_logits, fake_logits)
        penalty = penalties(gan, "discriminator_penalty", real, fake)
        if gan.features is not None:
            information = information_loss(gan, latent, readings)
            loss += gan.information_weight * information
        total = (loss + penalty) / count_replicas() + added_losses(network)
        scaled = optimizer.scale_loss(total)
    logits = {"real_score": real_logits, "fake_score": fake_logits}
    return end_of_step(gan, tape, scaled, (total, penalty), logits)


def generator_step(gan, latent):
    """Trains generator and recognizer; the discriminator judges and stays.

    Args:
        gan: compiled `InfoGAN`.
        latent: tensor of shape (batch, latent_dim).

    Returns:
        Dict of scalar tensors from before the update, of this replica alone.

    Source: Chen et al. 2016, arXiv:1606.03657, equation 6.
    """
    generator, optimizer = gan.generator, gan.g_optimizer
    with tf.GradientTape() as tape:
        fake = generator(latent, training=True)
        logits, readings = judge(gan, fake, training=True)
        information = information_loss(gan, latent, readings)
        penalty = penalties(gan, "generator_penalty", latent, fake)
        loss = gan.generator_loss(logits)
        loss += gan.information_weight * information
        total = (loss + penalty) / count_replicas()
        total += added_losses(generator) + added_losses(gan.recognizer)
        scaled = optimizer.scale_loss(total)
    weights = gan.generator_variables
    optimizer.apply(tape.gradient(scaled, weights), weights)
    return {
        **side_losses(gan, "g", total, penalty),
        **reading_values(gan, latent, readings),
    }


def judge(gan, examples, training):
    """Logits of the discriminator and readings of the recognizer.

    Args:
        gan: `InfoGAN`.
        examples: tensor of shape (batch, ...).
        training: bool.

    Returns:
        Tuple of tensors; features that are shared are computed once.
    """
    if gan.features is None:
        logits = gan.discriminator(examples, training=training)
        return logits, gan.recognizer(examples, training=training)
    features = gan.features(examples, training=training)
    logits = gan.head(features, training=training)
    return logits, gan.recognizer(features, training=training)


def information_loss(gan, latent, readings):
    """Mean over examples of -log Q(c | x), summed over the codes."""
    losses = information_losses(
        gan.codes_of(latent),
        readings,
        gan.categorical,
        gan.continuous,
        gan.learned_variance,
    )
    return tf.reduce_mean(tf.reduce_sum(losses, axis=1))


def reading_values(gan, latent, readings):
    """`information_loss` and a score of each code, for the logs."""
    codes = gan.codes_of(latent)
    scores = code_scores(codes, readings, gan.categorical, gan.continuous)
    return {
        "information_loss": information_loss(gan, latent, readings),
        **{name: tf.reduce_mean(score) for name, score in scores.items()},
    }
