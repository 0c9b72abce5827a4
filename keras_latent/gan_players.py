"""A compiled GAN of each kind that the command `gan` trains."""

import keras
from keras import layers

from keras_latent.evolutionary_gan import EvolutionaryGAN
from keras_latent.gan import GAN
from keras_latent.gan_layers import SeededLayers
from keras_latent.gan_networks import (
    dcgan_networks,
    mlp_gan_networks,
    sngan_networks,
)
from keras_latent.gan_regularizers import GradientPenalty
from keras_latent.info_gan import InfoGAN
from keras_latent.progressive_gan import ProgressiveGAN

LATENT, TOY_LATENT = 64, 2
WIDTH = 16  # least channels of the convolutional networks
GROWING = {"latent_dim": 64, "channel_base": 512, "channel_max": 64}
RATE, SPREAD = 1e-3, 0.15  # of Adam; of a toy's first weights
EVOLUTION = {"diversity_weight": 0.05, "evaluation_size": 64}
CONTINUOUS = 2  # codes of an InfoGAN on images, beside the class
MOMENTUM = 0.99  # of the averaged generator; the runs are short


def make_gan(settings, data, steps):
    """Makes the GAN of a run.

    Args:
        settings: `GANSettings`, defaults filled in.
        data: `GANData`.
        steps: int, steps of an epoch.

    Returns:
        Compiled `GAN`, `EvolutionaryGAN`, `InfoGAN` or `ProgressiveGAN`.
    """
    keras.utils.set_random_seed(settings.seed)
    shape = data.train.shape[1:]
    if settings.kind == "progressive":
        gan = _growing(settings, shape, steps)
        gan.compile()
        return gan
    options = {"seed": settings.seed}
    if settings.toy:
        options["latent_distribution"] = "signed_uniform"
    else:
        options["ema_momentum"] = MOMENTUM
    if settings.kind != "evolutionary":
        options["loss"] = settings.loss
        options["regularizers"] = _penalties(settings.loss)
    gan = _fixed(settings, data, options)
    if settings.kind == "info" and not settings.toy:
        gan.compile()
    else:
        gan.compile(*(keras.optimizers.Adam(RATE, 0.5) for _ in range(2)))
    return gan


def _growing(settings, shape, steps):
    phase = steps * settings.epochs // settings.phases
    return ProgressiveGAN(
        settings.image_size,
        shape[-1],
        fade_steps=phase,
        stable_steps=phase,
        loss=settings.loss,
        regularizers=_penalties(settings.loss),
        ema_momentum=MOMENTUM,
        seed=settings.seed,
        **GROWING,
    )


def _fixed(settings, data, options):
    continuous = 0 if settings.toy else CONTINUOUS
    codes = data.classes + continuous if settings.kind == "info" else 0
    shape, seed = data.train.shape[1:], settings.seed
    if settings.toy:
        small = {"width": 64, "stddev": SPREAD, "seed": seed}
        players = mlp_gan_networks(shape, TOY_LATENT + codes, **small)
    else:
        # In short runs spectrally normalized features teach no codes.
        made = dcgan_networks if codes else sngan_networks
        players = made(shape, LATENT + codes, WIDTH, seed)
    if settings.kind == "gan":
        return GAN(*players, **options)
    if settings.kind == "evolutionary":
        return EvolutionaryGAN(*players, **EVOLUTION, **options)
    generator, discriminator = players
    return InfoGAN(
        generator,
        **info_parts(discriminator, codes, seed),
        categorical=[data.classes],
        continuous=continuous,
        **options,
    )


def info_parts(discriminator, codes, seed):
    """Cuts a discriminator before its last layer, for an `InfoGAN`.

    Args:
        discriminator: `keras.Sequential` whose last layer gives the logit.
        codes: int, columns of the recognizer.
        seed: int from 0, of the recognizer's first weights.

    Returns:
        dict of built models `features`, `discriminator`, `recognizer`.

    Example:
        >>> import keras_latent as kl
        >>> from keras_latent.gan_players import info_parts
        >>> _, whole = kl.mlp_gan_networks((2,), 2, width=8)
        >>> parts = info_parts(whole, 4, 0)
        >>> list(parts), [part.output_shape[-1] for part in parts.values()]
        (['features', 'discriminator', 'recognizer'], [8, 1, 4])
    """
    *body, last = discriminator.layers
    features = keras.Sequential([keras.Input(discriminator.input_shape[1:])])
    for layer in body:
        features.add(layer)
    width = features.output_shape[1:]
    seeded = SeededLayers(seed)
    reader = [seeded.dense(128), layers.LeakyReLU(0.1), seeded.dense(codes)]
    return {
        "features": features,
        "discriminator": keras.Sequential([keras.Input(width), last]),
        "recognizer": keras.Sequential([keras.Input(width), *reader]),
    }


def _penalties(loss):
    return [GradientPenalty()] if loss == "wasserstein" else []
