"""The penalty in the training of a GAN: its weight, its mode, its files."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl

POINTS = np.random.default_rng(0).normal(size=(32, 2)).astype("float32")
FIT = dict(batch_size=8, shuffle=False, verbose=0)


def networks(*more):
    generator = [keras.Input((3,)), layers.Dense(8, "tanh", name="first")]
    critic = [keras.Input((2,)), layers.Dense(8, "relu"), layers.Dense(1)]
    return (
        keras.Sequential([*generator, *more, layers.Dense(2)]),
        keras.Sequential(critic),
    )


def fitted(gan, **options):
    sgd = keras.optimizers.SGD
    gan.compile(sgd(0.01), sgd(0.01), jit_compile=False)
    return gan.fit(POINTS, **FIT, **options).history


@pytest.mark.parametrize(
    "start, warmup, expected",
    [
        (0, 0, [2.0, 2.0, 2.0, 2.0, 2.0]),
        (0, 4, [0.0, 0.5, 1.0, 2.0, 2.0]),
        (2, 4, [0.0, 0.0, 0.0, 1.0, 2.0]),
        (2, 0, [0.0, 0.0, 2.0, 2.0, 2.0]),
    ],
)
def test_the_weight_grows_over_the_warm_up(start, warmup, expected):
    ramp = kl.HessianPenaltyRegularizer(2.0, warmup, start)
    found = [float(ramp.weight_at(step)) for step in (0, 1, 2, 4, 99)]
    np.testing.assert_allclose(found, expected)


@pytest.mark.parametrize("named", [None, ["first"]])
def test_it_is_the_weight_times_the_penalty_of_the_generator(named):
    regularizer = kl.HessianPenaltyRegularizer(
        3.0, num_vectors=3, reduction="mean", layers=named
    )
    gan = kl.GAN(*networks(), regularizers=[regularizer])
    z = tf.ones((200, 3))
    found = regularizer.generator_penalty(gan, z, None)
    values = [
        kl.hessian_penalty(
            gan.generator, z, 3, reduction="mean", layers=named, seed=seed
        )
        for seed in range(5)
    ]
    np.testing.assert_allclose(found, 3.0 * np.mean(values), rtol=0.25)


def test_each_step_has_its_own_vectors_and_each_run_the_same():
    # A mean, because one vector can be the largest of both steps.
    keras.utils.set_random_seed(0)
    regularizer = kl.HessianPenaltyRegularizer(reduction="mean")
    gan = kl.GAN(*networks(), regularizers=[regularizer])
    z = tf.constant(np.random.default_rng(0).normal(size=(8, 3)), "float32")
    found = []
    for step in (0, 0, 1):
        gan.step.assign(step)
        found.append(float(regularizer.generator_penalty(gan, z, None)))
    assert found[0] == found[1] != found[2]


def test_moving_statistics_are_of_the_gans_own_calls_alone():
    states = []
    for weight in (0.0, 1e-9):
        keras.utils.set_random_seed(0)
        gan = kl.GAN(
            *networks(layers.BatchNormalization()),
            regularizers=[kl.HessianPenaltyRegularizer(weight)] * bool(weight),
        )
        fitted(gan)
        states.append(gan.generator.get_weights())
    for plain, penalised in zip(*states, strict=True):
        np.testing.assert_allclose(plain, penalised, atol=1e-6)


def test_fit_lowers_the_energy_off_the_diagonal():
    energies = []
    for regularizers in ([], [kl.HessianPenaltyRegularizer(5.0)]):
        keras.utils.set_random_seed(0)
        gan = kl.GAN(*networks(), regularizers=regularizers)
        adam = keras.optimizers.Adam
        gan.compile(adam(5e-3), adam(5e-3), jit_compile=False)
        logs = gan.fit(POINTS, epochs=30, **FIT).history
        assert ("g_penalty" in logs) == bool(regularizers)
        scores = kl.hessian_scores(gan.generator, tf.ones((8, 3)))
        energies.append(scores.off_diagonal_energy)
    assert energies[1] < energies[0] / 3


def test_a_saved_gan_goes_on_as_if_it_had_not_stopped(tmp_path):
    def start():
        keras.utils.set_random_seed(0)
        ramp = kl.HessianPenaltyRegularizer(5.0, warmup_steps=6)
        return kl.GAN(*networks(), regularizers=[ramp])

    whole, first = start(), start()
    logs = fitted(whole, epochs=2)["g_penalty"]
    again = fitted(first)["g_penalty"]
    first.save(tmp_path / "gan.keras")
    loaded = keras.models.load_model(tmp_path / "gan.keras")
    again += loaded.fit(POINTS, **FIT).history["g_penalty"]
    np.testing.assert_allclose(again, logs, rtol=1e-4)


@pytest.mark.parametrize("kind", [kl.EvolutionaryGAN, kl.GAN])
def test_every_kind_of_gan_has_the_penalty(kind):
    penalty = kl.HessianPenaltyRegularizer(5.0, layers=["first"])
    gan = kind(*networks(), regularizers=[penalty])
    sgd = keras.optimizers.SGD
    gan.compile(sgd(0.01), sgd(0.01), run_eagerly=True)
    logs = gan.train_on_batch(POINTS[:8], return_dict=True)
    assert logs["g_penalty"] > 0


@pytest.mark.parametrize(
    "wanted, change",
    [
        ("`weight`", dict(weight=-1.0)),
        ("`warmup_steps`", dict(warmup_steps=-1)),
        ("`start_step`", dict(start_step=0.5)),
        ("`num_vectors`", dict(num_vectors=1)),
        ("`epsilon`", dict(epsilon=0.0)),
        ("`reduction`", dict(reduction=None)),
        ("`layers`", dict(layers=[])),
        ("`seed`", dict(seed=-1)),
    ],
)
def test_bad_input_is_told(wanted, change):
    with pytest.raises(ValueError, match=f"(?s){wanted}.*Received"):
        kl.HessianPenaltyRegularizer(**change)


def test_an_unknown_layer_is_told_in_fit():
    penalty = kl.HessianPenaltyRegularizer(layers=["third"])
    with pytest.raises(ValueError, match="`layers`.*third"):
        fitted(kl.GAN(*networks(), regularizers=[penalty]))
