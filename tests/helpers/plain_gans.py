"""A small GAN, and its training written out by hand."""

import keras
import tensorflow as tf
from keras import layers

import keras_latent as kl
from keras_latent.gan_latent import draw_rows
from keras_latent.gan_training import DISCRIMINATOR_LATENT, GENERATOR_LATENT


def networks(normalize=False):
    keras.utils.set_random_seed(0)
    norm = [layers.BatchNormalization()] if normalize else []
    generator = [keras.Input((3,)), layers.Dense(8), *norm, layers.ReLU()]
    critic = [keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)]
    return (
        keras.Sequential([*generator, layers.Dense(2)]),
        keras.Sequential(critic),
    )


def make(rate=0.1, normalize=False, eager=True, **options):
    gan = kl.GAN(*networks(normalize), **options)
    sgd = keras.optimizers.SGD
    gan.compile(sgd(rate), sgd(rate), run_eagerly=eager)
    return gan


def train_by_hand(generator, critic, rate, steps, shares):
    """Two steps of the critic on two shares, one of the generator."""

    def update(network, tape, value, sign=-1):
        weights = network.trainable_variables
        for weight, slope in zip(
            weights, tape.gradient(value, weights), strict=True
        ):
            weight.assign(weight + sign * rate * slope)

    for step in range(steps):
        for index, real in enumerate(shares(step)):
            latent = draw_rows(
                [len(real), 3], (0, DISCRIMINATOR_LATENT, index), step
            )
            fake = generator(latent)
            with tf.GradientTape() as tape:
                value = tf.reduce_mean(tf.nn.softplus(-critic(real)))
                value += tf.reduce_mean(tf.nn.softplus(critic(fake)))
            update(critic, tape, value)
        latent = draw_rows([len(real), 3], (0, GENERATOR_LATENT), step)
        with tf.GradientTape() as tape:
            value = -tf.reduce_mean(
                tf.math.log_sigmoid(critic(generator(latent)))
            )
        update(generator, tape, value)
