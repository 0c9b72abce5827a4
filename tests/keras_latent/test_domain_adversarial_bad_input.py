"""What cannot be trained on is refused, with the way to repair it."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from domain_models import TARGET, X, Y, domain_model, networks

import keras_latent as kl


def dense(inputs, units, activation=None):
    layer = keras.layers.Dense(units, activation)
    return keras.Sequential([keras.Input((inputs,)), layer])


FEATURES, LABELER, CRITIC = networks()


class Subclassed(keras.Model):
    def call(self, inputs):
        return inputs


@pytest.mark.parametrize(
    "parts, options, fix",
    [
        ((3, LABELER, CRITIC), {}, "`features` must be a `keras.Model`"),
        ((Subclassed(), LABELER, CRITIC), {}, "wrap a subclassed one"),
        (
            (FEATURES, keras.Sequential([keras.layers.Dense(2)]), CRITIC),
            {},
            "`labeler` must be a built",
        ),
        ((FEATURES, LABELER, LABELER), {}, "must not share weights"),
        ((FEATURES, dense(7, 2), CRITIC), {}, "`labeler` must take what"),
        ((FEATURES, LABELER, dense(9, 1)), {}, "`domain_classifier` must take"),
        ((FEATURES, LABELER, dense(8, 3)), {}, "one or two logits"),
        ((FEATURES, LABELER, dense(8, 1, "sigmoid")), {}, "must give logits"),
        ((FEATURES, LABELER, dense(8, 2, "softmax")), {}, "must give logits"),
        ((FEATURES, LABELER, CRITIC), {"weight": -1}, "`weight` must be"),
        (
            (FEATURES, LABELER, CRITIC),
            {"domain_weight": np.nan},
            "`domain_weight` must be",
        ),
        (
            (FEATURES, LABELER, CRITIC),
            {"statistics": "none"},
            "`statistics` must be one of",
        ),
    ],
)
def test_networks_and_arguments_are_checked(parts, options, fix):
    with pytest.raises(ValueError, match=fix):
        kl.DomainAdversarial(*parts, **options)


@pytest.fixture(scope="module")
def model():
    return domain_model(weight=1.0)


ONE_HOT = np.eye(2)[Y]
PAIRS = kl.pair((X, Y), TARGET)


@pytest.mark.parametrize(
    "given, fix",
    [
        (dict(x=X, y=Y), "needs the images of the target"),
        (dict(x=PAIRS, y=Y), "needs the images of the target"),
        (dict(x=PAIRS, sample_weight=X[:, 0]), "`sample_weight` must be None"),
        (dict(x=X, target=TARGET), "`y` must be the labels"),
        (dict(x=X, y=Y, target=TARGET[:0]), "`target` must hold at least"),
        (dict(x=X, y=Y, target=TARGET[:, :5]), "of one shape and dtype"),
        (
            dict(x=X[:, :5], y=Y, target=TARGET[:, :5]),
            "shape that `features` takes",
        ),
        (
            dict(x=X[..., None], y=Y, target=TARGET[..., None]),
            "shape that `features` takes",
        ),
        (dict(x=X * np.nan, y=Y, target=TARGET), "`source` images must be"),
        (dict(x=X, y=Y + 1, target=TARGET), "from 0 to 1.*from 1 to 2"),
        (dict(x=X, y=Y - 1, target=TARGET), "from 0 to 1.*from -1 to 0"),
        (dict(x=X, y=Y + 0.5, target=TARGET), "whole numbers"),
        (dict(x=X, y=ONE_HOT, target=TARGET), "must be integers"),
        (
            dict(x=X, y=Y, target=TARGET, validation_split=0.1),
            "`validation_split`",
        ),
    ],
)
def test_fit_refuses_what_it_cannot_train_on(model, given, fix):
    with pytest.raises(ValueError, match=fix):
        model.fit(**given, verbose=0)


@pytest.mark.parametrize(
    "labels, fix",
    [
        (Y, "must be one-hot with the 2 classes"),
        (np.eye(3)[Y], "must be one-hot with the 2 classes"),
        (ONE_HOT * 2, "rows of sum 2 to 2"),
    ],
)
def test_one_hot_labels_are_checked_as_declared(labels, fix):
    loss = keras.losses.CategoricalCrossentropy(from_logits=True)
    model = domain_model(weight=1.0, compiled=dict(loss=loss, metrics=[]))
    with pytest.raises(ValueError, match=fix):
        model.fit(X, labels, target=TARGET, verbose=0)


def test_a_step_on_one_domain_is_refused(model):
    with pytest.raises(ValueError, match="batch of both domains"):
        model.train_on_batch(X[:4], Y[:4])


def test_the_default_schedule_needs_the_length_of_the_fit():
    model = domain_model()
    with pytest.raises(ValueError, match="Give `steps_per_epoch`"):
        model.fit(PAIRS, verbose=0)
    source = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16).repeat()
    target = tf.data.Dataset.from_tensor_slices(TARGET).batch(16)
    with pytest.raises(ValueError, match="Give `steps_per_epoch`"):
        model.fit(source, target=target, verbose=0)
    fresh = domain_model(compiled=dict(run_eagerly=True))
    with pytest.raises(ValueError, match="a step outside `fit`"):
        fresh.train_on_batch((X[:4], TARGET[:4]), Y[:4])


def test_labels_beside_a_data_set_are_refused(model):
    source = tf.data.Dataset.from_tensor_slices((X, Y)).batch(16)
    target = tf.data.Dataset.from_tensor_slices(TARGET).batch(16)
    with pytest.raises(ValueError, match="it brings them"):
        model.fit(source, Y, target=target, verbose=0)
