"""A generation is what its parts do one after the other, by hand."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl
from keras_latent.evolution_mutations import MUTATIONS
from keras_latent.gan_steps import discriminator_step, generator_step
from keras_latent.gan_training import DISCRIMINATOR_LATENT, GENERATOR_LATENT

ROWS = 8


def networks(seed, normalized=True):
    keras.utils.set_random_seed(seed)
    layers = keras.layers
    extra = [layers.BatchNormalization()] if normalized else []
    dropout = [layers.Dropout(0.2, seed=seed)] if normalized else []
    generator = [keras.Input((3,)), layers.Dense(6, "tanh")]
    generator += [*extra, *dropout, layers.Dense(2)]
    extra = [layers.BatchNormalization()] if normalized else []
    discriminator = [keras.Input((2,)), layers.Dense(6), *extra]
    discriminator += [layers.LeakyReLU(), layers.Dense(1)]
    return keras.Sequential(generator), keras.Sequential(discriminator)


def evolving(mutations, seed=0, rate=0.05, eager=True, normalized=True, **more):
    more = {"evaluation_size": 20, "critic_steps": 2, **more}
    parts = networks(seed, normalized)
    gan = kl.EvolutionaryGAN(*parts, mutations, seed=seed, **more)
    adam = keras.optimizers.Adam
    gan.compile(
        adam(rate, 0.5), adam(rate, 0.5), run_eagerly=eager, jit_compile=False
    )
    return gan


def plain(seed=0, rate=0.05, normalized=True, **more):
    gan = kl.GAN(*networks(seed, normalized), seed=seed, **more)
    adam = keras.optimizers.Adam
    gan.compile(adam(rate, 0.5), adam(rate, 0.5), jit_compile=False)
    return gan


def points(steps, seed=0, critic_steps=2):
    generator = np.random.default_rng(seed)
    shape = (steps * critic_steps * ROWS, 2)
    return generator.normal(1.0, 0.5, shape).astype("float32")


def fit(gan, x, epochs=1):
    options = dict(batch_size=ROWS, shuffle=False, verbose=0)
    return gan.fit(x, epochs=epochs, **options).history


def values(variables):
    return [np.array(variable.value) for variable in variables]


def everything(gan):
    """Weights, statistics, random states and optimizers of both networks."""
    networks = gan.generator.variables + gan.discriminator.variables
    optimizers = gan.g_optimizer.variables + gan.d_optimizer.variables
    return values(networks) + values(optimizers)


def assert_same(first, second, atol=2e-6):
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, rtol=1e-5, atol=atol)


@pytest.mark.parametrize("name", ["heuristic", "minimax"])
def test_identical_mutations_train_as_a_plain_loop(name):
    steps, size = 4, 20
    gan = evolving([name] * 3, evaluation_size=size)
    x = points(steps)
    logs = fit(gan, x)
    other = plain()
    for group in x.reshape(steps, 2, ROWS, 2):
        latent = other.draw_latent(ROWS, GENERATOR_LATENT, 0)
        generator_step(other, latent, MUTATIONS[name])
        latent = other.draw_latent(size, DISCRIMINATOR_LATENT, 0)
        fakes = other.generator(latent, training=True)
        for index, real in enumerate(group):
            made = fakes[index * ROWS : (index + 1) * ROWS]
            discriminator_step(other, real, made)
        other.step.assign_add(1)
    assert_same(everything(gan), everything(other))
    assert logs[f"wins_{name}"] == [1.0]
    assert np.array(gan.wins).tolist() == [steps, 0, 0]


def generation_by_hand(parents, judge, latents, evaluation, real, weight):
    """(fitness, generator, optimizer) of each child, and of which mutation.

    Each child is a `GAN` of its own, so nothing has to be put back.
    """
    children = []
    for number, (weights, moments) in enumerate(parents):
        for name in ("minimax", "heuristic", "least_squares"):
            child = plain(normalized=False)
            child.generator.set_weights(weights)
            for variable, value in zip(
                child.g_optimizer.variables, moments, strict=True
            ):
                variable.assign(value)
            child.discriminator.set_weights(judge)
            generator_step(child, latents[number], MUTATIONS[name])
            made = child.generator(evaluation)
            with tf.GradientTape() as tape:
                logits = child.discriminator(made)
                loss = tf.reduce_mean(-tf.math.log_sigmoid(-logits))
                taken = child.discriminator(real)
                loss -= tf.reduce_mean(tf.math.log_sigmoid(taken))
            gradient = tape.gradient(
                loss, child.discriminator.trainable_variables
            )
            norm = np.sqrt(sum((g.numpy() ** 2).sum() for g in gradient))
            quality = 1 / (1 + np.exp(-logits.numpy()))
            fitness = quality.mean() - weight * np.log(norm)
            optimizer = values(child.g_optimizer.variables)
            state = (child.generator.get_weights(), optimizer)
            children.append((fitness, name, state, made.numpy()))
    return children


@pytest.mark.parametrize("population", [1, 2])
@pytest.mark.parametrize(
    "weight", [pytest.param(0.0, marks=pytest.mark.slow), 0.5]
)
def test_the_fittest_survive(population, weight):
    generations, size = 3, 16
    gan = evolving(
        ["minimax", "heuristic", "least_squares"],
        normalized=False,
        diversity_weight=weight,
        population=population,
        evaluation_size=size,
    )
    weights = gan.generator.get_weights()
    parents = [(weights, values(gan.g_optimizer.variables))] * population
    judge = gan.discriminator.get_weights()
    winners = []
    for real in points(generations).reshape(generations, 2 * ROWS, 2):
        latents = [
            gan.draw_latent(ROWS, GENERATOR_LATENT, number)
            for number in range(population)
        ]
        evaluation = gan.draw_latent(size, DISCRIMINATOR_LATENT, 0)
        children = generation_by_hand(
            parents, judge, latents, evaluation, real[:size], weight
        )
        before = np.array(gan.wins)
        logs = fit(gan, real)
        order = sorted(children, key=lambda child: -child[0])[:population]
        assert np.ptp([child[0] for child in children]) > 1e-4
        parents = [child[2] for child in order]
        judge = gan.discriminator.get_weights()
        winners += [child[1] for child in order]
        assert_same(gan.generator.get_weights(), parents[0][0])
        for own, expected in zip(gan.other_parents, parents[1:], strict=True):
            assert_same(values(own), expected[0])
        optimizers = [gan.g_optimizer, *gan.other_optimizers]
        for own, expected in zip(optimizers, parents, strict=True):
            assert_same(values(own.variables), expected[1])
        found = np.mean([child[0] for child in order])
        np.testing.assert_allclose(logs["fitness"], [found], atol=1e-5)
        won = [winners[-population:].count(name) for name in gan.mutations]
        assert (np.array(gan.wins) - before).tolist() == won
        for name, count in zip(gan.mutations, won, strict=True):
            assert logs[f"wins_{name}"] == [count / population]


def test_the_discriminator_learns_from_what_survivors_made():
    gan = evolving(
        ["minimax", "heuristic", "least_squares"],
        normalized=False,
        population=2,
        critic_steps=1,
        evaluation_size=12,
    )
    real = points(1, critic_steps=1)
    latent = gan.draw_latent(12, DISCRIMINATOR_LATENT, 0)
    judge = gan.discriminator.get_weights()
    fit(gan, real)
    first, second = networks(0, False)[0], networks(0, False)[0]
    first.set_weights(gan.generator.get_weights())
    second.set_weights(values(gan.other_parents[0]))
    made = np.stack([first(latent), second(latent)], axis=1)
    other = plain(normalized=False)
    other.discriminator.set_weights(judge)
    discriminator_step(other, real, made.reshape(-1, 2)[:ROWS])
    assert_same(
        gan.discriminator.get_weights(), other.discriminator.get_weights()
    )


@keras.saving.register_keras_serializable(package="test_evolutionary_gan")
def worse(logits):
    return 100.0 * keras.ops.mean(logits)


@pytest.mark.parametrize("order", [[0, 1], [1, 0]])
def test_nothing_of_a_loser_is_left(order):
    given = [["heuristic", worse][place] for place in order]
    options = dict(normalized=False, diversity_weight=0.0)
    gan = evolving(given, **options)
    alone = evolving(["heuristic"], **options)
    x = points(4)
    logs = fit(gan, x)
    fit(alone, x)
    assert logs["wins_heuristic"] == [1.0] and logs["wins_worse"] == [0.0]
    assert_same(everything(gan), everything(alone), atol=0)


def test_the_same_seed_trains_the_same_and_another_does_not():
    runs = []
    for seed in (0, 0, 1):
        gan = evolving(["minimax", "heuristic"])
        gan.seed = seed
        runs.append((fit(gan, points(2), epochs=2), everything(gan)))
    assert runs[0][0] == runs[1][0]
    assert_same(runs[0][1], runs[1][1], atol=0)
    assert runs[0][0] != runs[2][0]


def test_a_compiled_step_is_the_eager_one():
    logs, ends = [], []
    for eager in (True, False):
        gan = evolving(
            ["minimax", "heuristic"],
            eager=eager,
            normalized=False,
            diversity_weight=0.1,
        )
        logs.append(fit(gan, points(2)))
        ends.append(everything(gan))
    assert_same(*ends, atol=1e-5)
    for name, expected in logs[0].items():
        np.testing.assert_allclose(logs[1][name], expected, rtol=1e-4)


@pytest.mark.slow
def test_a_step_by_xla_is_the_same():
    ends = []
    for jit in (False, True):
        gan = evolving(["heuristic", "heuristic"], eager=False, population=2)
        gan.compile(
            keras.optimizers.SGD(0.1),
            keras.optimizers.SGD(0.1),
            jit_compile=jit,
        )
        fit(gan, points(2))
        ends.append(everything(gan))
    assert_same(*ends, atol=1e-5)


def test_spectral_normalization_is_put_back():
    layers = keras.layers
    ends = []
    for mutations in (["heuristic"], ["heuristic"] * 3):
        generator, _ = networks(0)
        discriminator = keras.Sequential(
            [
                keras.Input((2,)),
                layers.SpectralNormalization(layers.Dense(4, "relu")),
                layers.SpectralNormalization(layers.Dense(1)),
            ]
        )
        for number, weight in enumerate(discriminator.weights):
            random = np.random.default_rng(number)
            weight.assign(random.normal(size=weight.shape))
        gan = kl.EvolutionaryGAN(generator, discriminator, mutations)
        gan.compile(run_eagerly=True)
        fit(gan, points(2))
        ends.append(everything(gan))
    assert_same(*ends, atol=0)


@pytest.mark.parametrize(
    "argument, value, told",
    [
        ("mutations", ["minimax", "wgan"], "known names.*'wgan'"),
        ("diversity_weight", -0.1, "at least 0.*-0.1"),
        ("diversity_weight", float("nan"), "finite.*nan"),
        ("population", 0, "int of at least 1.*0"),
        ("population", 1.5, "int of at least 1.*1.5"),
        ("evaluation_size", 0, "int of at least 1.*0"),
        ("critic_steps", 0, "int of at least 1.*0"),
    ],
)
def test_arguments_out_of_range_are_refused(argument, value, told):
    with pytest.raises(ValueError, match=f"`{argument}`.*{told}"):
        kl.EvolutionaryGAN(*networks(0), **{argument: value})
