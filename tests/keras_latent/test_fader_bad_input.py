"""What does not fit is refused, with its name and what to do."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import layers

import keras_latent as kl

IMAGES = np.random.default_rng(0).uniform(size=(12, 4, 4, 1)).astype("float32")
LABELS = np.arange(12) % 3


def dense(inputs, outputs, **options):
    return keras.Sequential(
        [keras.Input((inputs,)), layers.Dense(outputs, **options)]
    )


ENCODER, DECODER, CLASSIFIER = kl.fader_networks((4, 4, 1), 3, 4, width=8)
OTHER_DECODER = kl.conditional_decoder([layers.Dense(9)], (5,), 2)


@pytest.fixture(scope="module")
def fader():
    made = kl.Fader(ENCODER, DECODER, CLASSIFIER)
    made.compile(run_eagerly=True)
    return made


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    "change, messages",
    [
        (dict(beta=-1), ["`beta` must be a finite number"]),
        (dict(beta=float("nan")), ["`beta` must be a finite number"]),
        (dict(adversarial="flipped"), ["`adversarial` must be one of"]),
        (dict(critic_steps=0), ["`critic_steps` must be an int of at least 1"]),
        (dict(ramp_steps=0.3), ["`ramp_steps` must be an int of at least 0"]),
        (dict(seed=-1), ["`seed` must be an int of at least 0"]),
        (dict(attribute_sizes=[3, 1]), ["`attribute_sizes` must be"]),
        (dict(encoder="mlp"), ["`encoder` must be a `keras.Model`"]),
        (dict(classifier=Subclassed()), ["`classifier` must be a built"]),
        (dict(decoder=dense(7, 16)), ["`decoder` must take two inputs"]),
        (dict(classifier=ENCODER), ["`classifier` must not share weights"]),
        (
            dict(decoder=OTHER_DECODER),
            [
                r"`decoder` takes codes of shape \(5,\)",
                r"`decoder` takes attributes of shape \(2,\)",
                r"`decoder` gives images of shape \(9,\)",
            ],
        ),
        (
            dict(classifier=dense(4, 5), attribute_sizes=[2, 2]),
            [r"`classifier` gives logits of shape \(5,\)", r"has \(4,\)"],
        ),
        (
            dict(classifier=dense(9, 3)),
            [r"`classifier` takes codes of shape \(9,\)"],
        ),
        (
            dict(classifier=dense(4, 3, activation="softmax")),
            ["`classifier` must emit logits", "activation=None"],
        ),
    ],
)
def test_networks_that_do_not_fit(change, messages):
    given = dict(encoder=ENCODER, decoder=DECODER, classifier=CLASSIFIER)
    with pytest.raises(ValueError) as caught:
        kl.Fader(**given | change)
    for message in messages:
        assert caught.match(message)


def spoiled(value):
    images = IMAGES.copy()
    images[3, 0, 0, 0] = value
    return images


BAD = [
    (IMAGES, LABELS.astype("float32"), "`attributes` must be integers"),
    (IMAGES, LABELS + 1, "`attributes` must be from 0 to 2.*Received: 3"),
    (IMAGES, LABELS - 1, "`attributes` must be from 0 to 2.*Received: -1"),
    (IMAGES, np.ones((12, 3)), "must be one-hot"),
    (IMAGES, np.full((12, 3), np.nan), "`attributes` must be finite"),
    (IMAGES, np.zeros((12, 2), "int32"), r"must have the shape \(batch,\)"),
    (IMAGES, LABELS[:5], "must have a row for each image"),
    (IMAGES[..., 0], LABELS, r"`images` must have the shape \(batch, 4, 4, 1"),
    (IMAGES[:0], LABELS[:0], "`images` must have the shape"),
    (spoiled(np.nan), LABELS, "`images` must be finite.*row 3"),
    (spoiled(np.inf), LABELS, "`images` must be finite.*row 3"),
]


@pytest.mark.parametrize("images, labels, message", BAD)
def test_data_that_does_not_fit(fader, images, labels, message):
    for use in (fader.fit, fader.evaluate):
        with pytest.raises(ValueError, match=message):
            use(images, labels, verbose=0)
    with pytest.raises(ValueError, match=message):
        fader.predict([images, labels], verbose=0)


def test_validation_data_is_checked_as_well(fader):
    with pytest.raises(ValueError, match="`attributes` must be from 0 to 2"):
        fader.fit(
            IMAGES, LABELS, validation_data=(IMAGES, LABELS + 1), verbose=0
        )


def test_a_dataset_is_checked_while_it_is_read(fader):
    pairs = tf.data.Dataset.from_tensor_slices((IMAGES, LABELS + 1)).batch(2)
    with pytest.raises(tf.errors.OpError, match="must be from 0 to 2"):
        fader.fit(pairs, shuffle=False, verbose=0)


@pytest.mark.parametrize("option", ["class_weight", "sample_weight"])
def test_weights_are_refused(fader, option):
    weights = dict(class_weight={0: 2.0}, sample_weight=np.ones(12))
    with pytest.raises(ValueError, match=f"`{option}`"):
        fader.fit(IMAGES, LABELS, verbose=0, **{option: weights[option]})


def test_images_out_of_the_decoders_range_are_warned_of(fader):
    with pytest.warns(UserWarning, match=r"reaches only \[0, 1\]"):
        fader.evaluate(IMAGES * 2 - 1, LABELS, verbose=0)


def test_several_attributes_need_a_column_each():
    networks = kl.fader_networks((4, 4, 1), [2, 3], 4, width=8)
    made = kl.Fader(*networks, attribute_sizes=[2, 3])
    made.compile()
    with pytest.raises(ValueError, match=r"\(batch, 2\) or, one-hot"):
        made.fit(IMAGES, LABELS, verbose=0)
    swapped = np.stack([LABELS, LABELS % 2], axis=1)
    with pytest.raises(ValueError, match="from 0 to 1 for an attribute of 2"):
        made.fit(IMAGES, swapped, verbose=0)


def test_optimizers_must_be_two_and_must_not_average():
    made = kl.Fader(*kl.fader_networks((4, 4, 1), 3, 4, width=8))
    adam = keras.optimizers.Adam()
    with pytest.raises(ValueError, match="`classifier_optimizer` must be"):
        made.compile(adam, adam)
    average = keras.optimizers.Adam(use_ema=True)
    with pytest.raises(ValueError, match="`optimizer` must not average"):
        made.compile(average)
