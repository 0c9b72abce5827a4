"""What a GAN cannot train is refused, with its name and what to do."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl

POINTS = np.random.default_rng(0).normal(size=(12, 2)).astype("float32")


def dense(inputs, outputs, *others, **options):
    stack = [keras.Input((inputs,)), layers.Dense(outputs, **options)]
    return keras.Sequential([*stack, *others])


GENERATOR, CRITIC = dense(3, 2), dense(2, 1)


@pytest.fixture(scope="module")
def gan():
    made = kl.GAN(GENERATOR, CRITIC)
    made.compile(run_eagerly=True)
    return made


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


def two_inputs():
    inputs = [keras.Input((2,)), keras.Input((1,))]
    outputs = layers.Dense(1)(layers.Concatenate()(inputs))
    return keras.Model(inputs, outputs)


def sharing():
    layer = layers.Dense(2)
    generator = keras.Sequential([keras.Input((2,)), layer])
    critic = keras.Sequential([keras.Input((2,)), layer, layers.Dense(1)])
    return dict(generator=generator, discriminator=critic)


SIGMOID = layers.Dense(1, activation="sigmoid")


@pytest.mark.parametrize(
    "change, message",
    [
        (dict(generator="mlp"), "`generator` must be a `keras.Model`"),
        (dict(discriminator=Subclassed()), "`discriminator` must be a built"),
        (dict(discriminator=two_inputs()), "`discriminator` must have one in"),
        (sharing(), "`discriminator` must not share weights"),
        (
            dict(generator=dense(3, 4)),
            r"`discriminator` must take what.*\(4,\).*\(2,\)",
        ),
        (dict(discriminator=dense(2, 3)), r"must give one logit.*\(None, 3\)"),
        (
            dict(discriminator=dense(2, 1, activation="sigmoid")),
            "must emit logits.*ends in sigmoid.*activation=None",
        ),
        (
            dict(discriminator=dense(2, 1, layers.Activation("sigmoid"))),
            "must emit logits.*ends in sigmoid",
        ),
        (
            dict(
                discriminator=dense(2, 4, layers.SpectralNormalization(SIGMOID))
            ),
            "must emit logits.*ends in sigmoid",
        ),
        (dict(loss="wgan"), "`loss` must be one of.*'wgan'"),
        (dict(loss=keras.losses.BinaryCrossentropy()), "`loss` must be one of"),
        (
            dict(loss=(keras.losses.MeanSquaredError(), abs)),
            "`loss` must be one of.*no two sides",
        ),
        (dict(loss=(abs,)), "`loss` must be one of"),
        (dict(regularizers=["gp"]), r"`regularizers` must be a list.*\['gp'\]"),
        (
            dict(regularizers=kl.GradientPenalty()),
            "`regularizers` must be a list.*brackets",
        ),
        (dict(regularizers=[kl.GradientPenalty]), "must be a list"),
        (dict(critic_steps=0), "`critic_steps` must be an int of at least 1"),
        (dict(latent_distribution="gauss"), "`latent_distribution` must be"),
        (dict(ema_momentum=1.0), "`ema_momentum` must be None, or a number"),
        (dict(ema_momentum=0), "`ema_momentum` must be None, or a number"),
        (dict(ema_momentum=float("nan")), "`ema_momentum` must be None"),
        (dict(seed=-1), "`seed` must be an int of at least 0"),
    ],
)
def test_arguments_that_do_not_fit(change, message):
    given = dict(generator=GENERATOR, discriminator=CRITIC)
    with pytest.raises(ValueError, match=message):
        kl.GAN(**given | change)


@pytest.mark.parametrize(
    "make, name",
    [
        (lambda: kl.GradientPenalty(weight=-1), "weight"),
        (lambda: kl.GradientPenalty(target=float("inf")), "target"),
        (lambda: kl.GradientPenalty(seed=0.5), "seed"),
        (lambda: kl.R1Penalty(weight="10"), "weight"),
    ],
)
def test_numbers_of_penalties(make, name):
    with pytest.raises(ValueError, match=f"`{name}` must be"):
        make()


FREE = "needs a critic of bounded slope"


def test_a_free_wasserstein_critic_is_warned_of():
    with pytest.warns(UserWarning, match=FREE):
        kl.GAN(GENERATOR, CRITIC, loss="wasserstein")


def test_a_held_wasserstein_critic_is_not_warned_of():
    bounded = dense(2, 4, layers.SpectralNormalization(layers.Dense(1)))
    clipped = dense(2, 1, kernel_constraint=keras.constraints.MaxNorm())
    nested = keras.Sequential(
        [keras.Input((2,)), dense(2, 4), bounded.layers[1]]
    )
    for critic in (bounded, clipped, nested):
        kl.GAN(GENERATOR, critic, loss="wasserstein")
    penalties = [kl.R1Penalty()]
    kl.GAN(GENERATOR, CRITIC, "wasserstein", regularizers=penalties)


def spoiled(value):
    points = POINTS.copy()
    points[3, 0] = value
    return points


@pytest.mark.parametrize(
    "points, message",
    [
        (np.zeros((12, 3)), r"shape \(batch, 2\), as the discriminator takes"),
        (POINTS[:0], r"shape \(batch, 2\)"),
        (spoiled(np.nan), "`images` must be finite.*row 3"),
        (spoiled(np.inf), "`images` must be finite.*row 3"),
    ],
)
def test_examples_that_do_not_fit(gan, points, message):
    for use in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match=message):
            use(points, verbose=0)
    with pytest.raises(ValueError, match=message):
        gan.fit(POINTS, validation_data=points, verbose=0)


def test_a_dataset_is_checked_while_it_is_read(gan):
    data = tf.data.Dataset.from_tensor_slices(spoiled(np.nan)).batch(4)
    with pytest.raises(tf.errors.OpError, match="must be finite"):
        gan.fit(data, verbose=0)


SLICES = tf.data.Dataset.from_tensor_slices((POINTS, np.zeros(12))).batch(4)


def test_labels_and_weights_are_refused(gan):
    labels = np.zeros(12)
    for use in (gan.fit, gan.evaluate):
        with pytest.raises(ValueError, match="`y` must be None"):
            use(POINTS, labels, verbose=0)
        with pytest.raises(ValueError, match="`sample_weight`.*a `GAN` weighs"):
            use(POINTS, sample_weight=labels, verbose=0)
    with pytest.raises(ValueError, match="`class_weight` must be None"):
        gan.fit(POINTS, class_weight={0: 2.0}, verbose=0)
    with pytest.raises(ValueError, match="batches of images alone.*2 parts"):
        gan.fit(SLICES, verbose=0)
    with pytest.raises(ValueError, match="on images alone.*with labels"):
        gan.evaluate(SLICES, verbose=0)
    with pytest.raises(ValueError, match="on images alone.*with labels"):
        gan.train_on_batch(POINTS, labels)


@pytest.mark.parametrize("data", [None, [POINTS], iter([POINTS])])
def test_other_kinds_of_data_are_refused(gan, data):
    with pytest.raises(ValueError, match="`x` must be an array of images"):
        gan.fit(data, verbose=0)


def test_a_dataset_has_its_own_batches(gan):
    data = tf.data.Dataset.from_tensor_slices(POINTS).batch(4)
    with pytest.raises(ValueError, match="`y` and `batch_size` must be None"):
        gan.fit(data, batch_size=4, verbose=0)


def test_latent_points_of_another_width(gan):
    other = np.zeros((4, 5), "float32")
    for use in (gan, gan.predict):
        with pytest.raises(ValueError, match=r"shape \(batch, 3\).*\(4, 5\)"):
            use(other)


@pytest.mark.parametrize(
    "arguments, name",
    [((0,), "count"), ((4, -1), "seed"), ((4, 0, 0), "batch_size")],
)
def test_samples_are_counted(gan, arguments, name):
    with pytest.raises(ValueError, match=f"`{name}` must be an int"):
        gan.sample(*arguments)


def test_images_out_of_the_generators_range_are_warned_of():
    made = kl.GAN(dense(3, 2, activation="tanh"), CRITIC)
    made.compile(run_eagerly=True)
    with pytest.warns(UserWarning, match=r"in \[-.*generator ends in tanh"):
        made.evaluate(POINTS * 200, verbose=0)


@pytest.mark.parametrize("at_once", [1, 3])
def test_losses_that_are_not_finite_end_training(at_once):
    made = kl.GAN(dense(3, 2), dense(2, 1), loss="least_squares")
    saved = []
    keep = keras.callbacks.LambdaCallback(
        on_epoch_end=lambda epoch, logs: saved.append(epoch)
    )
    sgd = keras.optimizers.SGD
    made.compile(sgd(1e30), sgd(1e30), steps_per_execution=at_once)
    with pytest.raises(ValueError, match="`d_loss` must be finite.*epoch 1"):
        made.fit(POINTS, batch_size=1, epochs=3, callbacks=[keep], verbose=0)
    assert not saved


def test_optimizers_must_be_two_and_must_not_average(gan):
    made = kl.GAN(dense(3, 2), dense(2, 1))
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="`d_optimizer` must be another"):
        made.compile(adam, adam)
    average = keras.optimizers.Adam(use_ema=True)
    with pytest.raises(ValueError, match="`g_optimizer` must not average"):
        made.compile(None, average)


def test_functions_must_be_registered_to_be_saved():
    def one(fake_logits):
        return tf.reduce_mean(fake_logits)

    def two(real_logits, fake_logits):
        return one(fake_logits)

    made = kl.GAN(GENERATOR, CRITIC, loss=(two, one))
    with pytest.raises(ValueError, match="`loss` must be registered functions"):
        made.get_config()
