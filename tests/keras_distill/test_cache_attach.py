"""Attached data are the data, with the teacher's outputs in the targets."""

import cached_cases as cases
import keras
import numpy as np
import pytest
from cached_cases import Batches, as_numpy, tf_batches

import keras_distill as kd

X, Y = cases.arrays()
ONE_HOT = np.eye(2)[Y]
LOGITS = cases.logits(cases.teacher(), X)
WEIGHTS = np.linspace(0.5, 2, 50)


@pytest.fixture(scope="module")
def caches(tmp_path_factory):
    """Caches of the same inputs with integer, one-hot and no labels."""
    teacher, folder = cases.teacher(), tmp_path_factory.mktemp("caches")
    data = {"integers": (X, Y), "one-hot": (X, ONE_HOT), "none": X}
    return {
        name: kd.cache_teacher(teacher, part, folder / name, 16, chunk_size=12)
        for name, part in data.items()
    }


@pytest.fixture(scope="module")
def cache(caches):
    return caches["integers"]


def attached(kind, cache, *parts, size=16, **arguments):
    """x, targets and sample weights of all attached batches."""
    if kind == "arrays":
        data = parts if len(parts) > 1 else parts[0]
        found = cache.attach(data, **arguments)
        return [found[name] for name in ("x", "y", "sample_weight")]
    make = {"PyDataset": Batches, "tf.data": tf_batches}[kind]
    batches = as_numpy(cache.attach(make(*parts, size=size), **arguments))
    assert [len(x) for x, _, _ in batches[:-1]] == [size] * (len(batches) - 1)
    return [np.concatenate(part) for part in zip(*batches, strict=True)]


@pytest.mark.parametrize("kind", ["arrays", "PyDataset", "tf.data"])
@pytest.mark.parametrize("size", [1, 7, 16, 50])
def test_targets_are_labels_and_logits(cache, kind, size):
    """Whatever the batches that were cached, 16, and the chunks, 12."""
    x, targets, weights = attached(kind, cache, X, Y, size=size)
    assert targets.dtype == weights.dtype == "float32"
    np.testing.assert_array_equal(x, X)
    np.testing.assert_allclose(targets, np.c_[Y, LOGITS], atol=1e-6)
    np.testing.assert_array_equal(weights, np.ones(50))


@pytest.mark.parametrize("kind", ["arrays", "PyDataset", "tf.data"])
def test_one_hot_labels_and_none(caches, kind):
    _, targets, _ = attached(kind, caches["one-hot"], X, ONE_HOT)
    np.testing.assert_allclose(targets, np.c_[ONE_HOT, LOGITS], atol=1e-6)
    _, targets, weights = attached(kind, caches["none"], X)
    np.testing.assert_allclose(targets, LOGITS, atol=1e-6)
    np.testing.assert_array_equal(weights, np.ones(50))


@pytest.mark.parametrize("kind", ["arrays", "PyDataset", "tf.data"])
@pytest.mark.parametrize("labels", ["integers", "one-hot"])
def test_class_weights_multiply_sample_weights(caches, kind, labels):
    y, cache = {"integers": Y, "one-hot": ONE_HOT}[labels], caches[labels]
    parts, by_class = (X, y, WEIGHTS), np.where(Y, 3.0, 0.5)
    _, _, weights = attached(kind, cache, *parts)
    np.testing.assert_allclose(weights, WEIGHTS, rtol=1e-6)
    by_label = {0: 0.5, 1: 3.0}
    _, _, weights = attached(kind, cache, *parts, class_weight=by_label)
    np.testing.assert_allclose(weights, WEIGHTS * by_class, rtol=1e-6)
    _, _, weights = attached(kind, cache, X, y, class_weight=by_label)
    np.testing.assert_allclose(weights, by_class, rtol=1e-6)


def test_shuffling_afterwards_keeps_rows_together(cache):
    data = cache.attach(tf_batches(X, Y)).unbatch().shuffle(50, seed=0)
    x, targets, _ = as_numpy(data.batch(50))[0]
    assert not np.array_equal(x, X)
    expected = cases.logits(cases.teacher(), x)
    np.testing.assert_allclose(targets[:, 1:], expected, atol=1e-5)


@pytest.mark.parametrize("kind", ["arrays", "PyDataset", "tf.data"])
def test_keras_refuses_class_weights_of_its_own(cache, kind):
    """It would take the largest of packed targets for the class."""
    student = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    student.compile("sgd", "mse")
    data = {"arrays": (X, Y), "PyDataset": Batches(X, Y)}
    data = tf_batches(X, Y) if kind == "tf.data" else data[kind]
    found = cache.attach(data)
    found = found if isinstance(found, dict) else {"x": found}
    with pytest.raises(ValueError, match="cannot.*at the same time"):
        student.fit(
            **found, class_weight={0: 1, 1: 2}, shuffle=False, verbose=0
        )


@pytest.mark.parametrize(
    "parts, words",
    [
        ((X[::-1], Y), "other inputs"),
        ((X, 1 - Y), "other labels"),
        ((X[:40], Y[:40]), "40 examples"),
        ((np.r_[X, X], np.r_[Y, Y]), "more than the 50"),
        ((X, ONE_HOT), "labels of 1 columns.*Received: 2"),
        ((X,), "labels of 1 columns.*Received: 0"),
    ],
)
@pytest.mark.parametrize("kind", ["arrays", "PyDataset", "tf.data"])
def test_other_data_are_refused(cache, kind, parts, words):
    with pytest.raises(ValueError, match=words):
        attached(kind, cache, *parts)


def test_datasets_in_another_order_each_time_are_refused(cache):
    data = tf_batches(X, Y).unbatch().shuffle(50).batch(16)
    with pytest.raises(ValueError, match="reshuffle_each_iteration=False"):
        cache.attach(data)
    # The first batch is the same on every pass, the others are not.
    rest = tf_batches(X[16:], Y[16:], size=1).shuffle(34).unbatch().batch(16)
    late = tf_batches(X[:16], Y[:16]).concatenate(rest)
    with pytest.raises(ValueError, match="from example 12 on"):
        cache.attach(late)


def test_pydataset_that_shuffles_after_an_epoch_is_refused(cache):
    class Shuffling(Batches):
        def on_epoch_end(self):
            order = np.random.default_rng(0).permutation(50)
            self.parts = [part[order] for part in self.parts]

    quiet, loud = cache.attach(Batches(X, Y)), cache.attach(Shuffling(X, Y))
    for data in (quiet, loud):
        data.on_epoch_begin()
    quiet.on_epoch_end()
    with pytest.raises(ValueError, match="Shuffling.*between epochs"):
        loud.on_epoch_end()


class Uneven(Batches):
    """Batches of 10, 10, 5, 25 examples."""

    def __len__(self):
        return 4

    def __getitem__(self, index):
        rows = slice(*[(0, 10), (10, 20), (20, 25), (25, 50)][index])
        return tuple(part[rows] for part in self.parts)


def uneven_tf():
    parts = [tf_batches(*batch, size=25) for batch in Uneven(X, Y)]
    return parts[0].concatenate(parts[1]).concatenate(parts[2])


def test_batches_of_unequal_size_are_refused(cache):
    for data in (Uneven(X, Y), uneven_tf().concatenate(tf_batches(X, Y))):
        with pytest.raises(ValueError, match="one size.*10 and of 5"):
            cache.attach(data)
    with pytest.raises(ValueError, match="one size.*batch 2 of 5"):
        as_numpy(cache.attach(Uneven(X, Y), check=False))


def test_without_a_check_rows_still_may_not_run_out(cache):
    import tensorflow as tf

    longer = np.r_[X, X], np.r_[Y, Y]
    for data in (tf_batches(*longer), uneven_tf()):
        with pytest.raises(tf.errors.InvalidArgumentError, match="one size"):
            as_numpy(cache.attach(data, check=False))
    with pytest.raises(ValueError, match="from 0 to 50"):
        as_numpy(cache.attach(Batches(*longer), check=False))
    with pytest.raises(ValueError, match="from 0 to 50"):
        cache.attach(longer, check=False)


@pytest.mark.parametrize(
    "class_weight, words",
    [
        ([1.0, 2.0], r"must be a dict.*\[1.0, 2.0\]"),
        ({1: 1.0, 2: 2.0}, "each class from 0"),
        ({0: 1.0, 1: -1.0}, r"`class_weight\[1\]`"),
        ({0: 1.0}, r"labels \[1\] without"),
    ],
)
def test_class_weights_that_do_not_fit(cache, class_weight, words):
    with pytest.raises(ValueError, match=words):
        cache.attach((X, Y), class_weight=class_weight)


def test_class_weights_need_classes(caches):
    with pytest.raises(ValueError, match="labels of 0 columns"):
        caches["none"].attach(X, class_weight={0: 1.0})
    with pytest.raises(ValueError, match="3 classes and labels of 2"):
        weights = {0: 1.0, 1: 1.0, 2: 1.0}
        caches["one-hot"].attach((X, ONE_HOT), class_weight=weights)


def test_sample_weights_are_one_number_each(cache):
    for data in ((X, Y, np.ones((50, 3))), Batches(X, Y, np.ones((50, 3)))):
        with pytest.raises(ValueError, match="one number for each example"):
            found = cache.attach(data)
            as_numpy(found)
