"""One generation: every parent mutates, the fittest children stay."""

from typing import NamedTuple

import tensorflow as tf

from keras_latent.evolution_fitness import measure_fitness, real_gradients
from keras_latent.evolution_state import (
    judging_state,
    pick,
    read_state,
    write_state,
)
from keras_latent.fresh_batches import share_rows
from keras_latent.gan_steps import generator_step
from keras_latent.gan_training import DISCRIMINATOR_LATENT, GENERATOR_LATENT


class Child(NamedTuple):
    """A parent after a step by one mutation, as tensors.

    Args:
        state: list, of the generator and its optimizer.
        judge: list, what that step moved in the discriminator.
        samples: what the child makes of the evaluation's latent points.
        fitness: `Fitness`.
        losses: dict of scalars, of the mutation, before the step.
    """

    state: list
    judge: list
    samples: object
    fitness: object
    losses: dict


class Judge(NamedTuple):
    """What all children of a generation are judged by.

    Args:
        variables: list, of the discriminator, that passes may change.
        before: list of tensors, their values at the generation's start.
        shared: `real_gradients` on this generation's real examples.
        latent: the evaluation's latent points.
    """

    variables: list
    before: list
    shared: list
    latent: object


def evolve(gan, real):
    """Replaces a population by the fittest of its children.

    Args:
        gan: compiled `EvolutionaryGAN`.
        real: tensor of shape (batch * critic_steps, ...).

    Returns:
        Tuple (fakes, survivors, logs): the survivors' samples in turn, as
        many as there are real examples; the survivors' places among the
        children, fittest first; and a dict of scalars, means over survivors.

    Source: Wang et al. 2018, arXiv:1803.00657, algorithm 1.
    """
    population, judge = gan.evolving, find_judge(gan, real)
    rows = tf.shape(share_rows(real, gan.critic_steps - 1, gan.critic_steps))[0]
    children = []
    for number, parent in enumerate([read_state(v) for v in population]):
        latent = gan.draw_latent(rows, GENERATOR_LATENT, number)
        for mutation in gan.mutation_losses:
            write_state(population[0], parent)
            children.append(make_child(gan, latent, mutation, judge))
    survivors = select([c.fitness.fitness for c in children], gan.population)
    states = [child.state for child in children]
    for variables, chosen in zip(population, survivors, strict=True):
        write_state(variables, pick(states, chosen))
    moved = pick([child.judge for child in children], survivors[0])
    write_state(judge.variables, moved)
    fakes = in_turn([child.samples for child in children], survivors)
    return fakes[: tf.shape(real)[0]], survivors, logs_of(children, survivors)


def find_judge(gan, real):
    """The discriminator as it is, and what it judges by, as `Judge`."""
    variables = judging_state(gan.discriminator)
    before, count = read_state(variables), evaluation_rows(gan, real)
    shared = real_gradients(gan.discriminator, real[:count])
    latent = gan.draw_latent(count, DISCRIMINATOR_LATENT, 0)
    return Judge(variables, before, shared, latent)


def make_child(gan, latent, mutation, judge):
    """Trains the generator of a GAN by one mutation, and judges it.

    Args:
        gan: compiled `EvolutionaryGAN` that has a parent's state.
        latent: tensor of shape (batch, latent_dim), to train on.
        mutation: function of logits -> scalar.
        judge: `Judge`, whose variables are put back before each use.

    Returns:
        `Child`.
    """
    write_state(judge.variables, judge.before)
    losses = generator_step(gan, latent, in_float32(mutation))
    moved = read_state(judge.variables)
    samples = gan.generator(judge.latent, training=True)
    write_state(judge.variables, judge.before)
    fitness = measure_fitness(
        gan.discriminator, judge.shared, samples, gan.diversity_weight
    )
    state = read_state(gan.evolving[0])
    return Child(state, moved, samples, fitness, losses)


def in_float32(mutation):
    """A mutation that is given, and gives, float32 whatever the networks."""
    return lambda logits: tf.cast(
        mutation(tf.cast(logits, "float32")), "float32"
    )


def evaluation_rows(gan, real):
    """How many latent points judge each child, on this replica.

    Args:
        gan: `EvolutionaryGAN`.
        real: tensor of shape (batch * critic_steps, ...).

    Returns:
        int scalar tensor: at least as many as the discriminator will need of
        each survivor.
    """
    replicas = tf.distribute.get_strategy().num_replicas_in_sync
    needed = -(-tf.shape(real)[0] // gan.population)
    return tf.maximum(needed, -(-gan.evaluation_size // replicas))


def select(fitness, count):
    """Places of the fittest; of equals the first, NaN after all others.

    Args:
        fitness: list of float scalars.
        count: int from 1, how many survive.

    Returns:
        List of `count` int scalar tensors, fittest first.

    Example:
        >>> from keras_latent.evolution_steps import select
        >>> [int(place) for place in select([1.0, 3.0, float("nan"), 3.0], 3)]
        [1, 3, 0]
    """
    fitness = tf.stack([tf.cast(value, "float32") for value in fitness])
    lost = tf.fill(tf.shape(fitness), -float("inf"))
    fitness = tf.where(tf.math.is_nan(fitness), lost, fitness)
    return tf.unstack(tf.math.top_k(fitness, count).indices)


def in_turn(samples, survivors):
    """Samples of survivors: the first of each, the second of each, ...

    Args:
        samples: list of tensors of shape (rows, ...), of all children.
        survivors: list of int scalars, places in it.

    Returns:
        Tensor of shape (rows * survivors, ...).

    Example:
        >>> from keras_latent.evolution_steps import in_turn
        >>> in_turn([[1, 2], [3, 4], [5, 6]], [2, 0]).numpy().tolist()
        [5, 1, 6, 2]
    """
    chosen = tf.gather(tf.stack(samples), tf.stack(survivors))
    mixed = tf.stack(tf.unstack(chosen), axis=1)
    return tf.reshape(mixed, tf.concat([[-1], tf.shape(mixed)[2:]], 0))


def logs_of(children, survivors):
    """Means over survivors of their losses and fitness, by name."""
    rows = [{**child.losses, **child.fitness._asdict()} for child in children]
    places = tf.stack(survivors)
    return {
        name: tf.reduce_mean(tf.gather([row[name] for row in rows], places))
        for name in rows[0]
    }
