"""What a step of adversarial training costs beside its passes by hand.

    python benchmarks/adversarial_steps.py

Ratios of two compiled steps timed in turns in one process, on the CPU with
TensorFlow: medians over the rounds. "By hand" is one function that runs the
same networks forward and backward, and updates the weights, with no metrics
and nothing of Keras' training loop. Prints a table and writes
`benchmarks/results/adversarial_steps.json`.
"""

import pathlib

import keras
import numpy as np
import tensorflow as tf
from step_ratios import run
from timing import compare, interleave, over

import keras_latent as kl

OUTPUT = pathlib.Path(__file__).parent / "results" / "adversarial_steps.json"
AT_MOST = 1.1
STEPS = 1000
SHAPE = (28, 28, 3)


def domain_steps(batch_size=64):
    """Steps of `DomainAdversarial`, ours and by hand."""
    generator = np.random.default_rng(0)
    x, target = generator.random((2, batch_size, *SHAPE), "float32")
    y = generator.integers(0, 10, batch_size)
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    parts = kl.domain_networks(SHAPE, 10)
    model = kl.DomainAdversarial(*parts, weight=kl.AdversarialSchedule(STEPS))
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    model.compile(optimizer, loss, jit_compile=False)
    model.make_train_function()
    data = tf.data.Dataset.from_tensors(((x, target), y)).repeat()
    batches = iter(data)
    by_hand = domain_step_by_hand(loss, iter(data))
    return {
        "ours": lambda: model.train_function(batches),
        "by hand": by_hand,
    }


def domain_step_by_hand(loss, batches):
    """The two passes of the two domains, and one update."""
    features, labeler, critic = kl.domain_networks(SHAPE, 10)
    of_both = features.trainable_variables + critic.trainable_variables
    of_source = labeler.trainable_variables
    optimizer = keras.optimizers.SGD(0.01, momentum=0.9)
    optimizer.build(of_both + of_source)
    schedule = kl.AdversarialSchedule(STEPS)
    told_apart = keras.losses.BinaryCrossentropy(from_logits=True)

    def domain_part(code, domain):
        weight = schedule(optimizer.iterations)
        logits = critic(kl.reverse_gradient(code, weight), training=True)
        return told_apart(tf.fill(tf.shape(logits), domain), logits) / 2

    def step(batch):
        (images, target), labels = batch
        with tf.GradientTape() as tape:
            code = features(images, training=True)
            value = domain_part(code, 0.0)
            value += loss(labels, labeler(code, training=True))
        source = tape.gradient(value, of_both + of_source)
        with tf.GradientTape() as tape:
            value = domain_part(features(target, training=True), 1.0)
        other = tape.gradient(value, of_both)
        both = [a + b for a, b in zip(source, other, strict=False)]
        optimizer.apply(both + source[len(other) :], of_both + of_source)

    # Without XLA, as Keras compiles where there is no GPU.
    compiled = tf.function(step)
    return lambda: compiled(next(batches))


def fader_steps(batch_size=128, critic_steps=5):
    """Steps of `Fader`, five of its classifier in each, ours and by hand."""
    generator = np.random.default_rng(0)
    rows = batch_size * (critic_steps + 1)
    images = generator.random((rows, 28, 28, 1), "float32")
    labels = generator.integers(0, 10, rows)
    networks = kl.fader_networks((28, 28, 1), 10)
    fader = kl.Fader(*networks, ramp_steps=0, critic_steps=critic_steps)
    fader.compile(jit_compile=False)
    fader.make_train_function()
    data = tf.data.Dataset.from_tensors((images, labels)).repeat()
    batches = iter(data)
    return {
        "ours": lambda: fader.train_function(batches),
        "by hand": fader_step_by_hand(iter(data), batch_size, fader.beta),
    }


def fader_step_by_hand(batches, size, beta):
    """Updates of the classifier on one batch each, then of the others."""
    encoder, decoder, classifier = kl.fader_networks((28, 28, 1), 10)
    ours = encoder.trainable_variables + decoder.trainable_variables
    theirs = classifier.trainable_variables
    adam = keras.optimizers.Adam
    optimizer, other = adam(3e-4, beta_1=0.5), adam(1e-3, beta_1=0.5)
    optimizer.build(ours)
    other.build(theirs)

    def read(code, labels, training):
        logits = classifier(code, training=training)
        return tf.reduce_mean(
            tf.nn.sparse_softmax_cross_entropy_with_logits(labels, logits)
        )

    def step(batch):
        images, labels = (tf.split(part, len(part) // size) for part in batch)
        for x, y in zip(images[:-1], labels[:-1], strict=True):
            code = encoder(x, training=False)
            with tf.GradientTape() as tape:
                loss = read(code, y, training=True)
            other.apply(tape.gradient(loss, theirs), theirs)
        x, told = images[-1], tf.one_hot(labels[-1], 10)
        with tf.GradientTape() as tape:
            code = encoder(x, training=True)
            error = tf.square(decoder([code, told], training=True) - x)
            loss = tf.reduce_mean(error) - beta * read(code, labels[-1], False)
        optimizer.apply(tape.gradient(loss, ours), ours)

    compiled = tf.function(step)
    return lambda: compiled(next(batches))


# Name of a row -> function that gives the steps "ours" and "by hand".
CASES = {"DomainAdversarial": domain_steps, "Fader": fader_steps}


def measure(names, rounds):
    """One row for each case."""
    rows = []
    for name in names:
        times = interleave(CASES[name](), rounds)
        ratio = over("ours", "by hand")
        rows.append(compare(times, name, ratio, "by hand", AT_MOST))
        keras.backend.clear_session()
    return rows


if __name__ == "__main__":
    run(
        __doc__.split("\n")[0],
        CASES,
        measure,
        OUTPUT,
        title="Our step over the same passes by hand (medians)",
        unit="by hand",
    )
