"""A GAN trains as its algorithm says, on every kind of data."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers
from plain_gans import make, networks, train_by_hand

import keras_latent as kl
from keras_latent.gan_latent import draw_rows

POINTS = np.random.default_rng(0).normal(size=(34, 2)).astype("float32")


def values(network):
    return [np.array(weight) for weight in network.weights]


def assert_equal(first, second, **tolerance):
    tolerance = tolerance or dict(rtol=0, atol=0)
    for one, other in zip(first, second, strict=True):
        np.testing.assert_allclose(one, other, **tolerance)


def test_training_is_the_algorithm_by_hand():
    gan, (generator, critic) = make(critic_steps=2), networks()
    gan.fit(POINTS[:32], batch_size=8, shuffle=False, verbose=0)

    def shares(step):
        rows = POINTS[16 * step : 16 * step + 16]
        return rows[:8], rows[8:]

    train_by_hand(generator, critic, 0.1, 2, shares)
    close = dict(rtol=1e-5, atol=1e-6)
    assert_equal(values(gan.generator), values(generator), **close)
    assert_equal(values(gan.discriminator), values(critic), **close)
    assert int(gan.step) == 2


class Batches(keras.utils.PyDataset):
    """Batches of eight points, in tuples or not."""

    def __init__(self, wrap):
        super().__init__()
        self.wrap = wrap

    @property
    def num_batches(self):
        return 5

    def __getitem__(self, index):
        return self.wrap(POINTS[8 * index : 8 * index + 8])


SLICES = tf.data.Dataset.from_tensor_slices(POINTS)
KINDS = {
    "dataset": SLICES.batch(8),
    "dataset of tuples": SLICES.batch(8).map(lambda points: (points,)),
    "PyDataset": Batches(lambda points: points),
    "PyDataset of tuples": Batches(lambda points: (points,)),
}


@pytest.fixture(scope="module")
def trained_on_an_array():
    gan = make(critic_steps=2)
    fit = dict(batch_size=8, shuffle=False, verbose=0)
    return gan, gan.fit(POINTS, **fit).history


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_data_trains_alike(kind, trained_on_an_array):
    expected, logs = trained_on_an_array
    gan = make(critic_steps=2)
    # Keras shuffles the groups of a PyDataset.
    options = {} if "Py" not in kind else dict(shuffle=False)
    found = gan.fit(KINDS[kind], verbose=0, **options).history
    assert found == logs
    assert int(gan.step) == 3
    assert_equal(values(gan.generator), values(expected.generator))


def test_every_row_is_seen_by_the_discriminator():
    seen = []

    class Watch(kl.GANRegularizer):
        def discriminator_penalty(self, gan, real, fake):
            seen.append(np.array(real))
            assert fake.shape == real.shape

    gan = make(critic_steps=3, regularizers=[Watch()])
    gan.fit(POINTS, batch_size=4, shuffle=False, verbose=0)
    np.testing.assert_array_equal(np.concatenate(seen), POINTS)
    assert [len(rows) for rows in seen] == [4] * 6 + [3, 3, 4]


def test_steps_at_once_and_xla_train_alike():
    logs = {}
    for name, options in {
        "plain": dict(jit_compile=False),
        "at once": dict(jit_compile=False, steps_per_execution=3),
        "xla": dict(jit_compile=True),
    }.items():
        gan = kl.GAN(
            *networks(), regularizers=[kl.R1Penalty()], ema_momentum=0.5
        )
        sgd = keras.optimizers.SGD
        gan.compile(sgd(0.1), sgd(0.1), **options)
        fit = gan.fit(POINTS[:32], batch_size=8, shuffle=False, verbose=0)
        logs[name] = [*fit.history.values(), *values(gan)]
    close = dict(rtol=1e-4, atol=1e-6)
    assert_equal(logs["at once"], logs["plain"], **close)
    assert_equal(logs["xla"], logs["plain"], **close)


def test_the_average_of_weights_is_that_of_all_steps():
    gan = make(ema_momentum=0.75, normalize=True)
    average = values(gan.generator)
    trained = {w.path for w in gan.generator.trainable_variables}
    moving = 0
    for start in (0, 8, 16):
        gan.train_on_batch(POINTS[start : start + 8])
        for index, weight in enumerate(gan.generator.weights):
            now = np.array(weight)
            if weight.path in trained:
                now = 0.75 * average[index] + 0.25 * now
            else:
                moving += 1
            average[index] = now
    assert moving == 3 * 2
    close = dict(rtol=1e-5, atol=1e-6)
    assert_equal(values(gan.ema_generator), average, **close)
    apart = zip(average, values(gan.generator), strict=True)
    assert max(np.abs(a - b).max() for a, b in apart) > 1e-3
    assert not gan.ema_generator.trainable_variables


def test_the_average_draws_outside_of_training():
    gan = make(ema_momentum=0.9)
    gan.fit(POINTS, batch_size=8, verbose=0)
    latent = np.random.default_rng(1).normal(size=(5, 3)).astype("float32")
    expected = np.array(gan.ema_generator(latent))
    np.testing.assert_array_equal(gan(latent), expected)
    np.testing.assert_allclose(
        gan.predict(latent, verbose=0), expected, rtol=1e-6
    )
    in_training = np.array(gan(latent, training=True))
    np.testing.assert_array_equal(in_training, gan.generator(latent))
    assert np.abs(in_training - expected).max() > 1e-4


def test_evaluation_is_the_losses_of_drawn_examples():
    gan = make(loss="hinge", ema_momentum=0.9, regularizers=[kl.R1Penalty()])
    gan.fit(POINTS, batch_size=8, verbose=0)
    before = values(gan.generator) + values(gan.discriminator)
    found = gan.evaluate(POINTS, batch_size=17, verbose=0, return_dict=True)
    latent = [draw_rows([17, 3], (0, 4), index) for index in range(2)]
    assert np.abs(latent[0] - latent[1]).max() > 0.1
    fake = np.array(gan.discriminator(gan(np.concatenate(latent))))
    real = np.array(gan.discriminator(POINTS))
    expected = {
        "d_loss": np.maximum(0, 1 - real).mean()
        + np.maximum(0, 1 + fake).mean(),
        "g_loss": -fake.mean(),
        "real_score": real.mean(),
        "fake_score": fake.mean(),
    }
    assert set(found) == set(expected)
    for name, value in expected.items():
        np.testing.assert_allclose(found[name], value, rtol=1e-4, atol=1e-6)
    again = gan.evaluate(POINTS, batch_size=17, verbose=0)
    assert again == list(found.values())
    assert_equal(before, values(gan.generator) + values(gan.discriminator))


def test_validation_has_logs_of_its_own():
    gan = make(regularizers=[kl.R1Penalty()])
    logs = gan.fit(POINTS, validation_data=POINTS[:8], verbose=0).history
    named = {name for name in logs if name.startswith("val_")}
    expected = {"d_loss", "g_loss", "real_score", "fake_score"}
    assert named == {f"val_{name}" for name in expected}


def test_samples_depend_on_seed_and_count_alone():
    gan = make(latent_distribution="uniform")
    first = gan.sample(6, seed=3)
    assert first.shape == (6, 2)
    np.testing.assert_array_equal(gan.sample(6, seed=3), first)
    assert np.abs(gan.sample(6, seed=4) - first).max() > 1e-3
    gan.train_on_batch(POINTS)
    assert np.abs(gan.sample(6, seed=3) - first).max() > 1e-4


def test_sampling_does_not_trace_anew():
    traced = []

    @keras.saving.register_keras_serializable(package="test_gan")
    class Trace(layers.Layer):
        def call(self, inputs):
            traced.append(1)
            return inputs

    generator = keras.Sequential([keras.Input((3,)), Trace(), layers.Dense(2)])
    gan = kl.GAN(generator, networks()[1])
    for count in (5, 6, 300):
        gan.sample(count, batch_size=8)
    before = len(traced)
    for count in (5, 6, 7, 30, 41):
        gan.sample(count, batch_size=8)
    assert len(traced) == before


@pytest.mark.parametrize("kind", ["normal", "uniform", "signed_uniform"])
def test_latent_points_have_the_declared_distribution(kind):
    drawn = np.array(draw_rows([20_000, 2], (0, 1), 0, kind))
    low, high, mean, deviation = {
        "normal": (-7, 7, 0.0, 1.0),
        "uniform": (0, 1, 0.5, 12**-0.5),
        "signed_uniform": (-1, 1, 0.0, 3**-0.5),
    }[kind]
    assert low < drawn.min() < drawn.max() < high
    assert np.abs(drawn.mean(0) - mean).max() < 4 * deviation / 20_000**0.5
    np.testing.assert_allclose(drawn.std(0), deviation, rtol=0.02)
    columns = np.corrcoef(drawn.T)[0, 1]
    assert abs(columns) < 4 / 20_000**0.5


def test_a_pair_of_functions_is_a_loss():
    def generator_loss(fake_logits):
        return tf.reduce_mean(tf.square(fake_logits - 5.0))

    def discriminator_loss(real_logits, fake_logits):
        return tf.reduce_mean(real_logits) * 0.0 + 7.0

    pair = kl.GANLoss(discriminator_loss, generator_loss)
    gan = make(loss=pair)
    logs = gan.evaluate(POINTS, verbose=0, return_dict=True)
    assert logs["d_loss"] == 7.0
    assert logs["g_loss"] > 20.0


def test_half_precision_trains_with_scaled_losses():
    logs = {}
    for policy in ("float32", "mixed_float16"):
        keras.config.set_dtype_policy(policy)
        try:
            gan = make(
                loss="hinge",
                ema_momentum=0.9,
                regularizers=[kl.GradientPenalty(weight=1.0)],
            )
        finally:
            keras.config.set_dtype_policy("float32")
        fit = dict(batch_size=8, shuffle=False, verbose=0)
        logs[policy] = gan.fit(POINTS, **fit).history
    scaled = keras.optimizers.LossScaleOptimizer
    assert isinstance(gan.d_optimizer, scaled)
    assert isinstance(gan.g_optimizer, scaled)
    assert int(gan.g_optimizer.iterations) == 5
    for name, expected in logs["float32"].items():
        found = logs["mixed_float16"][name]
        np.testing.assert_allclose(
            found, expected, rtol=0.02, atol=0.01, err_msg=name
        )
