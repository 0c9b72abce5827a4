"""The inception score against closed forms and the authors' sums."""

import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

RANDOM = np.random.default_rng(0)


def by_hand(rows):
    mean = rows.mean(axis=0)
    return np.exp(np.mean(np.sum(rows * np.log(rows / mean), axis=1)))


@pytest.mark.parametrize("splits", [1, 4])
def test_sure_of_all_classes_is_their_number_and_unsure_is_1(splits):
    # A class for every split in each run of as many images as splits.
    one_hot = np.repeat(np.eye(5), splits, axis=0)
    found = kl.inception_score(one_hot, splits=splits)
    assert found.score == float(found) == pytest.approx(5.0, abs=1e-12)
    assert found.standard_deviation == pytest.approx(0.0, abs=1e-12)
    unsure = kl.inception_score(np.full((20, 5), 0.2), splits=splits)
    assert unsure.score == pytest.approx(1.0, abs=1e-12)
    collapsed = kl.inception_score(np.eye(5)[[2] * 20], splits=splits)
    assert collapsed.score == pytest.approx(1.0, abs=1e-12)


def test_splits_take_turns_and_batches_do_not_matter():
    rows = RANDOM.dirichlet(np.ones(6), size=102)
    # Of each three in a row, every split takes one.
    random = np.random.default_rng(4)
    taken = np.stack(
        [3 * i + np.argsort(random.permutation(3)) for i in range(34)]
    )
    expected = [by_hand(rows[taken[:, split]]) for split in range(3)]
    for batch_size in (1, 10, 102):
        found = kl.inception_score(
            rows, splits=3, batch_size=batch_size, seed=4
        )
        np.testing.assert_allclose(found.scores, expected, rtol=1e-10)
    assert found.score == pytest.approx(np.mean(expected))
    assert found.standard_deviation == pytest.approx(np.std(expected))
    assert found.examples == 102


@pytest.mark.parametrize("order", ["turns", "runs"])
def test_the_order_of_the_classes_does_not_empty_the_splits(order):
    labels = np.arange(1000) % 10
    labels = labels if order == "turns" else np.sort(labels)
    found = kl.inception_score(np.eye(10)[labels], splits=10)
    # Each tenth by itself, as the authors split, would score 1 in runs.
    assert min(found.scores) > 9
    assert found.score <= 10


def test_logits_are_accepted_where_they_are_said_to_be():
    logits = 5 * RANDOM.normal(size=(40, 3))
    rows = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
    found = kl.inception_score(logits, from_logits=True, splits=2)
    expected = kl.inception_score(rows, splits=2)
    np.testing.assert_allclose(found.scores, expected.scores, rtol=1e-10)
    with pytest.raises(ValueError, match="from_logits=True"):
        kl.inception_score(logits, splits=2)


def test_a_classifier_reads_images_of_a_dataset():
    images = RANDOM.uniform(size=(30, 4, 4, 1)).astype("float32")

    def bright(batch):
        share = tf.reduce_mean(batch, axis=(1, 2))
        return tf.concat([share, 1 - share], axis=1)

    dataset = tf.data.Dataset.from_tensor_slices(images).batch(7)
    found = kl.inception_score(dataset, bright, splits=1)
    share = images.mean(axis=(1, 2)).astype("float64")
    rows = np.concatenate([share, 1 - share], axis=1)
    np.testing.assert_allclose(found.score, by_hand(rows), rtol=1e-5)
    assert found.features == "bright"


@pytest.mark.parametrize(
    "change, message",
    [
        ({"splits": 0}, "`splits`"),
        ({"splits": 11}, "at least 11 examples.* Received: 10"),
        ({"from_logits": 1}, "`from_logits`"),
        ({"seed": -1}, "`seed`"),
        ({"images": np.zeros((10, 4, 4, 1))}, "`images` must hold features"),
        ({"images": -np.eye(10)}, "must give probabilities"),
        ({"images": np.full((10, 3), np.nan)}, "finite"),
    ],
)
def test_bad_arguments_are_refused(change, message):
    good = dict(images=np.eye(10), splits=5)
    assert kl.inception_score(**good).score == pytest.approx(2.0)
    with pytest.raises(ValueError, match=message):
        kl.inception_score(**{**good, **change})
