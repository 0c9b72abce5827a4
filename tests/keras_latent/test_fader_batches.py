"""No step sees the batch of another, and no row is lost."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from keras import ops

from keras_latent.fresh_batches import group_batches, share_rows


def shares(count, parts):
    rows = np.arange(count)
    return [
        ops.convert_to_numpy(share_rows(rows, index, parts)).tolist()
        for index in range(parts)
    ]


@pytest.mark.parametrize("count, parts", [(12, 3), (13, 3), (14, 6), (6, 6)])
def test_parts_are_the_rows_in_order_and_of_equal_size(count, parts):
    found = shares(count, parts)
    assert sum(found, []) == list(range(count))
    sizes = {len(part) for part in found}
    assert max(sizes) - min(sizes) <= 1


@pytest.mark.parametrize("count, parts", [(1, 6), (2, 3), (5, 6)])
def test_few_rows_are_lent_to_several_parts(count, parts):
    found = shares(count, parts)
    assert all(found)
    assert set(sum(found, [])) == set(range(count))


@pytest.mark.parametrize("jit_compile", [False, True])
def test_parts_are_the_same_in_graphs_of_unknown_size(jit_compile):
    @tf.function(
        input_signature=[tf.TensorSpec([None], "int32")],
        jit_compile=jit_compile,
    )
    def second(rows):
        return share_rows(rows, 1, 3)

    for count in (9, 7, 1):
        expected = shares(count, 3)[1]
        assert second(tf.range(count)).numpy().tolist() == expected


class Batches(keras.utils.PyDataset):
    """Seven batches of ten rows, the last of four."""

    def __init__(self):
        super().__init__()
        self.begun = 0

    @property
    def num_batches(self):
        return 7

    def __getitem__(self, index):
        rows = np.arange(64)[index * 10 : index * 10 + 10]
        return rows.astype("float32")[:, None], rows % 3

    def on_epoch_begin(self):
        self.begun += 1


def dataset():
    rows = np.arange(64)
    pairs = (rows.astype("float32")[:, None], rows % 3)
    return tf.data.Dataset.from_tensor_slices(pairs).batch(10)


def collect(groups):
    if isinstance(groups, keras.utils.PyDataset):
        return [groups[index] for index in range(groups.num_batches)]
    return list(groups.as_numpy_iterator())


def accept(images, attributes):
    pass


@pytest.mark.parametrize("make", [Batches, dataset], ids=["py", "tf"])
def test_a_group_is_some_batches_after_each_other(make):
    groups, y, batch_size = group_batches(make(), None, None, 3, accept)
    assert y is None and batch_size is None
    found = collect(groups)
    assert [len(images) for images, _ in found] == [30, 30, 4]
    images = np.concatenate([images for images, _ in found])
    labels = np.concatenate([labels for _, labels in found])
    np.testing.assert_array_equal(images[:, 0], np.arange(64))
    np.testing.assert_array_equal(labels, np.arange(64) % 3)


def test_a_dataset_is_not_read_ahead():
    reads = []

    def note(x, y):
        tf.py_function(lambda: reads.append(1), [], [])
        return x, y

    groups, *_ = group_batches(dataset().map(note), None, None, 3, accept)
    assert not reads
    assert len(collect(groups)) == 3


def test_groups_are_counted_where_batches_are():
    uneven = (
        dataset()
        .take(2)
        .concatenate(dataset().skip(6))
        .concatenate(dataset().take(1))
    )
    for batches, expected in [
        (dataset(), 3),
        (uneven, 2),
        (dataset().repeat(), tf.data.INFINITE_CARDINALITY),
        (dataset().filter(lambda x, y: True), tf.data.UNKNOWN_CARDINALITY),
    ]:
        groups, *_ = group_batches(batches, None, None, 3, accept)
        assert int(groups.cardinality()) == expected
    sizes = [
        len(images)
        for images, _ in collect(
            group_batches(uneven, None, None, 3, accept)[0]
        )
    ]
    assert sizes == [10 + 10 + 4, 10]


def test_arrays_are_grouped_by_the_size_of_their_batches():
    x, y = np.zeros((64, 1)), np.zeros(64, "int32")
    assert group_batches(x, y, 10, 3, accept) == (x, y, 30)
    assert group_batches(x, y, None, 3, accept)[2] == 96


def test_a_grouped_dataset_passes_the_epochs_on():
    batches = Batches()
    groups, *_ = group_batches(batches, None, None, 3, accept)
    groups.on_epoch_begin()
    assert batches.begun == 1


def refuse(images, attributes):
    if np.max(attributes) == 2:
        raise ValueError("`attributes` are wrong")


def test_every_kind_of_data_is_checked():
    x, y = np.zeros((64, 1)), np.arange(64) % 3
    with pytest.raises(ValueError, match="`attributes` are wrong"):
        group_batches(x, y, 10, 3, refuse)
    with pytest.raises(ValueError, match="`attributes` are wrong"):
        group_batches(Batches(), None, None, 3, refuse)[0][0]
    with pytest.raises(tf.errors.OpError, match="`attributes` are wrong"):
        collect(group_batches(dataset(), None, None, 3, refuse)[0])


@pytest.mark.parametrize(
    "x, y, batch_size, message",
    [
        (dataset(), None, 10, "`y` and `batch_size` must be None"),
        (dataset(), np.zeros(64), None, "`y` and `batch_size` must be None"),
        (dataset().map(lambda x, y: x), None, None, "dataset of pairs"),
        (dataset().map(lambda x, y: (x, y, y)), None, None, "without weights"),
        (dataset().take(0), None, None, "an empty `tf.data.Dataset`"),
        (iter([1]), None, None, "`x` and `y` must be arrays"),
        (np.zeros((64, 1)), None, None, "`x` and `y` must be arrays"),
        ([np.zeros((64, 1))], np.zeros(64), None, "`x` and `y` must be arrays"),
    ],
)
def test_other_data_is_refused(x, y, batch_size, message):
    with pytest.raises(ValueError, match=message):
        group_batches(x, y, batch_size, 3, accept)
