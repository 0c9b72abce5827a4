"""What a step of a GAN costs beside its passes by hand.

    python benchmarks/gan_steps.py

Ratios of two compiled steps timed in turns in one process, on the CPU with
TensorFlow: medians over the rounds. "By hand" is one function that runs the
same networks forward and backward, and updates the weights, with no metrics
and nothing of Keras' training loop. Prints a table and writes
`benchmarks/results/gan_steps.json`.
"""

import pathlib

import keras
import numpy as np
import tensorflow as tf
from step_ratios import run
from timing import compare, interleave, over

import keras_latent as kl

OUTPUT = pathlib.Path(__file__).parent / "results" / "gan_steps.json"
SHAPE, LATENT, WIDTH = (32, 32, 1), 100, 16


def networks():
    """DCGAN of 32 x 32 pixels, narrow enough for many rounds."""
    return kl.dcgan_networks(SHAPE, LATENT, width=WIDTH)


def batches_of(batch_size):
    """A dataset of the same batch without end."""
    generator = np.random.default_rng(0)
    images = generator.uniform(-1, 1, (batch_size, *SHAPE)).astype("float32")
    return tf.data.Dataset.from_tensors(images).repeat()


def step_of(gan, batch_size):
    """The compiled step that `fit` calls, as a function."""
    gan.compile(jit_compile=False)
    gan.make_train_function()
    batches = iter(batches_of(batch_size))
    return lambda: gan.train_function(batches)


def gan_steps(batch_size=64):
    """Steps of `GAN`, one of each network, ours and by hand."""
    return {
        "ours": step_of(kl.GAN(*networks()), batch_size),
        "by hand": gan_step_by_hand(batch_size),
    }


def gan_step_by_hand(batch_size):
    """An update of the discriminator, then one of the generator."""
    generator, critic = networks()
    adam = keras.optimizers.Adam
    d_optimizer, g_optimizer = adam(2e-4, 0.5), adam(2e-4, 0.5)
    of_critic = critic.trainable_variables
    of_generator = generator.trainable_variables
    d_optimizer.build(of_critic)
    g_optimizer.build(of_generator)
    batches = iter(batches_of(batch_size))

    def mean_softplus(logits):
        return tf.reduce_mean(tf.nn.softplus(logits))

    def step(real):
        shape = (tf.shape(real)[0], LATENT)
        fake = generator(tf.random.normal(shape), training=True)
        with tf.GradientTape() as tape:
            loss = mean_softplus(-critic(real, training=True))
            loss += mean_softplus(critic(fake, training=True))
        d_optimizer.apply(tape.gradient(loss, of_critic), of_critic)
        latent = tf.random.normal(shape)
        with tf.GradientTape() as tape:
            fake = generator(latent, training=True)
            loss = mean_softplus(-critic(fake, training=True))
        g_optimizer.apply(tape.gradient(loss, of_generator), of_generator)

    # Without XLA, as Keras compiles where there is no GPU.
    compiled = tf.function(step)
    return lambda: compiled(next(batches))


def evolutionary_steps(batch_size=64):
    """Steps of `EvolutionaryGAN` of three mutations, and of `GAN`."""
    evolving = kl.EvolutionaryGAN(*networks(), evaluation_size=batch_size)
    return {
        "ours": step_of(evolving, batch_size),
        "GAN": step_of(kl.GAN(*networks()), batch_size),
    }


# Name of a row -> (function that gives the two steps, the second, bound).
CASES = {
    "GAN": (gan_steps, "by hand", 1.1),
    "EvolutionaryGAN": (evolutionary_steps, "GAN", 3.5),
}


def measure(names, rounds):
    """One row for each case."""
    rows = []
    for name in names:
        make, unit, at_most = CASES[name]
        times = interleave(make(), rounds)
        measured = f"{name} over {unit}"
        rows.append(compare(times, measured, over("ours", unit), unit, at_most))
        keras.backend.clear_session()
    return rows


if __name__ == "__main__":
    run(
        __doc__.split("\n")[0],
        CASES,
        measure,
        OUTPUT,
        title="Steps of GANs in medians of ratios",
        unit="the other",
    )
