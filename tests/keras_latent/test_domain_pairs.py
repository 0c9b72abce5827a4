"""Batches of two domains depend on the seed and the step alone."""

import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

SOURCE = np.arange(10, dtype="float32").reshape(10, 1)
LABELS = np.arange(10) * 3
TARGET = 100 + np.arange(4, dtype="float32").reshape(4, 1)


def read(batches, count):
    return [
        [part.numpy().ravel() for part in tf.nest.flatten(batch)]
        for batch in batches.take(count)
    ]


def test_each_pass_shows_each_row_once_and_labels_stay_with_images():
    batches = kl.pair((SOURCE, LABELS), TARGET, 5, seed=3)
    found = read(batches, 8)
    source = np.concatenate([batch[0] for batch in found])
    target = np.concatenate([batch[1] for batch in found])
    labels = np.concatenate([batch[2] for batch in found])
    np.testing.assert_array_equal(labels, source * 3)
    for rows, count in ((source, 10), (target - 100, 4)):
        passes = rows.reshape(-1, count)
        np.testing.assert_array_equal(
            np.sort(passes, axis=1), np.tile(np.arange(count), (40 // count, 1))
        )
        assert len({tuple(each) for each in passes}) > 1  # shuffled anew


@pytest.mark.parametrize("step", [1, 2, 7])
def test_from_a_later_step_the_batches_are_the_same(step):
    given = dict(batch_size=3, seed=1)
    all_of_them = read(kl.pair((SOURCE, LABELS), TARGET, **given), 12)
    variable = tf.Variable(0, dtype="int64")
    later = kl.pair((SOURCE, LABELS), TARGET, step=variable, **given)
    variable.assign(step)  # read when the iteration begins
    for one, other in zip(read(later, 4), all_of_them[step:], strict=False):
        for part, same in zip(one, other, strict=True):
            np.testing.assert_array_equal(part, same)
    other = read(kl.pair((SOURCE, LABELS), TARGET, 3, seed=2), 12)
    assert any(
        (a[0] != b[0]).any() for a, b in zip(other, all_of_them, strict=True)
    )


def test_without_shuffling_the_order_is_the_given_one():
    weights = np.linspace(0, 1, 10)
    source = (SOURCE, LABELS, weights)
    (first,) = read(kl.pair(source, TARGET, 6, shuffle=False), 1)
    assert first[0].tolist() == [0, 1, 2, 3, 4, 5]
    assert first[1].tolist() == [100, 101, 102, 103, 100, 101]
    np.testing.assert_array_equal(first[3], weights[:6])


@pytest.mark.parametrize("lengths", [(3, 2), (2, 3)])
def test_of_two_data_sets_the_shorter_begins_again(lengths):
    one, two = (tf.data.Dataset.range(n).batch(1) for n in lengths)
    both = kl.pair(one.map(lambda x: (x, x)), two)
    found = read(both, 9)
    assert len(found) == 3 == int(both.cardinality())
    for batch, step in zip(found, range(3), strict=True):
        assert batch[0].tolist() == [step % lengths[0]]
        assert batch[1].tolist() == [step % lengths[1]]


def test_where_a_length_is_unknown_the_source_ends_it():
    source = tf.data.Dataset.range(3).batch(1).map(lambda x: (x, x))
    target = tf.data.Dataset.range(4).filter(lambda x: x < 2).batch(1)
    assert len(read(kl.pair(source, target), 9)) == 3


def labelled(shape=(2,), dtype="float32", rows=4):
    images = tf.data.Dataset.from_tensor_slices(np.zeros((rows, *shape), dtype))
    return images.map(lambda image: (image, 0)).batch(2)


def images(*arguments, **options):
    return labelled(*arguments, **options).map(lambda image, _: image)


HOLED = np.where(np.arange(10)[:, None] == 3, np.nan, SOURCE)


@pytest.mark.parametrize(
    "source, target, given, fix",
    [
        (SOURCE, TARGET, {}, "`source` must be a tuple"),
        ((SOURCE, LABELS[:9]), TARGET, {}, "as many labels"),
        ((SOURCE, LABELS), (TARGET, LABELS[:4]), {}, "labels are not used"),
        ((SOURCE, LABELS), TARGET[:0], {}, "`target` must hold at least one"),
        ((SOURCE[:0], LABELS[:0]), TARGET, {}, "`source` must hold at least"),
        ((SOURCE, LABELS), np.zeros((4, 2)), {}, "of one shape and dtype"),
        ((SOURCE, LABELS), TARGET.astype("uint8"), {}, "one shape and dtype"),
        ((HOLED, LABELS), TARGET.astype("float64"), {}, "NaN .*in 1 of 10"),
        ((SOURCE, LABELS), TARGET * np.inf, {}, "`target` images must be fin"),
        ((SOURCE, LABELS), TARGET, {"batch_size": 0}, "`batch_size` must be"),
        ((SOURCE, LABELS), TARGET, {"seed": -1}, "`seed` must be an int"),
        (labelled(), TARGET, {}, "both be arrays or both be"),
        (images(), images(), {}, "data set of \\(images, labels\\)"),
        (labelled(), labelled(), {}, "data set of images alone"),
        (labelled(), images((3,)), {}, "of one shape and dtype"),
        (labelled(), images(dtype="float64"), {}, "of one shape and dtype"),
        (labelled(), images(rows=0), {}, "`target` must not be empty"),
        (labelled(), images(), {"batch_size": 8}, "`batch_size`=8"),
        (labelled(), images(), {"shuffle": True}, "`shuffle`=True"),
    ],
)
def test_domains_that_do_not_pair_are_refused(source, target, given, fix):
    with pytest.raises(ValueError, match=fix):
        kl.pair(source, target, **given)


@pytest.mark.parametrize("bad", ["source", "target"])
def test_nan_in_a_data_set_stops_it(bad):
    holed = {bad: np.float32("nan")}
    source = labelled().map(lambda x, y: (x + holed.get("source", 0.0), y))
    target = images().map(lambda x: x + holed.get("target", 0.0))
    with pytest.raises(tf.errors.InvalidArgumentError, match=f"`{bad}` images"):
        read(kl.pair(source, target), 1)
