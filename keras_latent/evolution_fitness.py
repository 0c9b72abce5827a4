"""How fit a generator is: what the discriminator says of its examples."""

from typing import NamedTuple

import tensorflow as tf
from keras import ops

# Below this sum of squares float32 would give log(0).
_SMALLEST = 1e-30


class Fitness(NamedTuple):
    """Float32 scalars of one generator.

    Args:
        quality: mean output of the discriminator, in [0, 1].
        diversity: minus the logarithm of its gradient's norm.
        fitness: quality + weight * diversity; large is fit.
    """

    quality: object
    diversity: object
    fitness: object


def quality_fitness(fake_logits):
    """E D(G(z)), with D the sigmoid of the logits.

    Args:
        fake_logits: float tensor of shape (batch, ...).

    Returns:
        float32 scalar tensor in [0, 1].

    Source: Wang et al. 2018, arXiv:1803.00657, quality fitness.

    Example:
        >>> from keras_latent.evolution_fitness import quality_fitness
        >>> float(quality_fitness([0.0]))
        0.5
    """
    return ops.mean(ops.sigmoid(ops.cast(fake_logits, "float32")))


def diversity_fitness(gradients):
    """-log of the norm of the discriminator's gradient.

    Args:
        gradients: list of float tensors: of -E log D(x) - E log(1 - D(G(z)))
            with respect to each of the discriminator's trainable weights.

    Returns:
        float32 scalar tensor, at most 34.5 (a norm of 1e-15).

    Source: Wang et al. 2018, arXiv:1803.00657; `fitness_score` in
        `models/egan_model.py` of WANG-Chaoyue/EvolutionaryGAN-pytorch.
    Differs from the first code, which takes the logarithm of the squared
        norm: there it is twice as large.

    Example:
        >>> import keras_latent.evolution_fitness as evolution
        >>> round(float(evolution.diversity_fitness([[3.0], [4.0]])), 4)
        -1.6094
    """
    squares = [ops.sum(ops.square(ops.cast(g, "float32"))) for g in gradients]
    return -0.5 * ops.log(ops.maximum(sum(squares), _SMALLEST))


def real_gradients(discriminator, real):
    """Gradient of -E log D(x): the part that all generators share.

    Args:
        discriminator: built `keras.Model` of examples to logits.
        real: tensor of shape (batch, ...).

    Returns:
        List of float32 tensors like the discriminator's trainable weights.

    Source: Wang et al. 2018, arXiv:1803.00657, within diversity fitness.
    """
    return _gradients(discriminator, real, sign=-1.0)[0]


def measure_fitness(discriminator, shared, fake, diversity_weight):
    """Quality and diversity of generated examples, over all replicas.

    The discriminator runs in training mode, as when it learns; whoever calls
    puts back what this moves, such as moving averages.

    Args:
        discriminator: built `keras.Model` of examples to logits.
        shared: `real_gradients` of this discriminator.
        fake: tensor of shape (batch, ...), what the generator made.
        diversity_weight: number, of diversity beside quality.

    Returns:
        `Fitness`.

    Source: Wang et al. 2018, arXiv:1803.00657, fitness.
    """
    own, logits = _gradients(discriminator, fake, sign=1.0)
    whole = [a + b for a, b in zip(shared, own, strict=True)]
    quality, *whole = _mean_of_replicas([quality_fitness(logits), *whole])
    diversity = diversity_fitness(whole)
    fitness = quality + diversity_weight * diversity
    return Fitness(quality, diversity, fitness)


def _gradients(discriminator, examples, sign):
    """Gradients of E softplus(sign * logits), and the logits."""
    weights = discriminator.trainable_variables
    with tf.GradientTape() as tape:
        logits = tf.cast(discriminator(examples, training=True), "float32")
        # The sum, not the mean: float16 would lose gradients divided by rows.
        loss = tf.reduce_sum(tf.nn.softplus(sign * logits))
    gradients = tape.gradient(
        loss, weights, unconnected_gradients=tf.UnconnectedGradients.ZERO
    )
    count = tf.cast(tf.size(logits), "float32")
    return [tf.cast(g, "float32") / count for g in gradients], logits


def _mean_of_replicas(tensors):
    context = tf.distribute.get_replica_context()
    if context is None or context.num_replicas_in_sync == 1:
        return tensors
    return context.all_reduce(tf.distribute.ReduceOp.MEAN, tensors)
