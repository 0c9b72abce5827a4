"""Image classification sets: the same examples in the same order."""

import pathlib
import subprocess
import sys

import keras
import numpy as np
import pytest
from prepared_sets import prepare

from keras_sparse import datasets

PREPARED = pathlib.Path(__file__).parents[3] / "shared" / "data" / "tfds"
PACKAGE = pathlib.Path(datasets.__file__).parent
needs_data = pytest.mark.skipif(
    not (PREPARED / "mnist").is_dir(),
    reason="no prepared TensorFlow Datasets in ../shared/data/tfds",
)


@pytest.fixture(scope="module")
def streamed():
    return datasets.load("mnist", data_dir=PREPARED, memory_limit=0)


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


def collect(pipeline):
    return [(x.numpy(), y.numpy()) for x, y in pipeline]


def assert_same(first, second):
    assert len(first) == len(second)
    for (x, y), (other_x, other_y) in zip(first, second, strict=True):
        np.testing.assert_array_equal(x, other_x)
        np.testing.assert_array_equal(y, other_y)


def test_digits_are_split_evenly_and_always_alike(digits):
    assert (digits.num_train, digits.num_test) == (1437, 360)
    assert digits.image_shape == (8, 8, 1)
    assert digits.class_names == tuple("0123456789")
    x, y = digits.arrays("test")
    assert x.shape == (360, 8, 8, 1) and x.dtype == "float32"
    assert y.shape == (360,) and y.dtype == "int32"
    assert x.min() == 0 and x.max() == 1
    assert set(np.bincount(y)) <= {35, 36, 37}
    again = datasets.load("digits").arrays("test")
    assert_same([(x, y)], [again])


def test_digits_hold_every_image_once(digits):
    from sklearn.datasets import load_digits

    parts = [digits.arrays(split)[0] for split in ("train", "test")]
    found = np.concatenate(parts).reshape(-1, 64) * 16
    expected = load_digits().data
    order, other = np.lexsort(found.T), np.lexsort(expected.T)
    np.testing.assert_array_equal(found[order], expected[other])


def test_train_and_test_are_single_examples_in_the_order_of_arrays(digits):
    x, y = digits.arrays("train", limit=20)
    assert_same(collect(digits.train.take(20)), list(zip(x, y, strict=True)))
    assert digits.train.element_spec[0].shape == (8, 8, 1)
    assert len(digits.train) == 1437 and len(digits.test) == 360


def test_later_epochs_are_the_tail_of_the_full_run(digits):
    full = collect(digits.batches("train", 100, epochs=5, seed=3))
    tail = digits.batches("train", 100, epochs=5, seed=3, first_epoch=3)
    assert_same(full[45:], collect(tail))


def test_each_epoch_is_another_permutation_of_the_split(digits):
    batches = collect(digits.batches("test", 100, epochs=2, seed=1))
    assert [len(y) for _, y in batches] == [100, 100, 100, 60] * 2
    first, second = (
        np.concatenate([x for x, _ in batches[start : start + 4]])
        for start in (0, 4)
    )
    assert not np.array_equal(first, second)
    stored = digits.arrays("test")[0].reshape(360, 64)
    for epoch in (first, second):
        rows = epoch.reshape(360, 64)
        assert not np.array_equal(rows, stored)
        np.testing.assert_array_equal(
            rows[np.lexsort(rows.T)], stored[np.lexsort(stored.T)]
        )


def test_the_seed_alone_decides_not_the_global_seed(digits):
    keras.utils.set_random_seed(1)
    first = collect(digits.batches("test", 90, seed=7))
    keras.utils.set_random_seed(2)
    assert_same(first, collect(digits.batches("test", 90, seed=7)))
    other = collect(digits.batches("test", 90, seed=8))
    assert not np.array_equal(first[0][1], other[0][1])


def test_without_shuffle_the_order_is_fixed(digits):
    batches = collect(digits.batches("test", 360, epochs=2, shuffle=False))
    assert_same(batches, [digits.arrays("test")] * 2)


def test_number_of_steps(digits):
    assert digits.steps("train", 128) == 12
    assert digits.steps("train", 128, drop_remainder=True) == 11
    assert digits.steps("test", 360, drop_remainder=True) == 1
    whole = digits.batches("train", 128, epochs=3, drop_remainder=True)
    assert len(whole) == 33
    assert [len(y) for _, y in collect(whole)] == [128] * 33


def test_fit_trains_over_the_epochs(digits):
    model = keras.Sequential(
        [keras.Input((8, 8, 1)), keras.layers.Flatten(), keras.layers.Dense(10)]
    )
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile("adam", loss, metrics=["accuracy"])
    history = model.fit(
        digits.batches("train", 64, epochs=3),
        epochs=3,
        steps_per_epoch=digits.steps("train", 64),
        validation_data=digits.batches("test", 360, shuffle=False),
        shuffle=False,
        verbose=0,
    ).history
    assert history["val_accuracy"][-1] > history["val_accuracy"][0]


def test_digits_can_be_resized():
    larger = datasets.load("digits", image_size=(16, 12))
    assert larger.image_shape == (16, 12, 1)
    x, _ = larger.arrays("test", limit=5)
    assert x.shape == (5, 16, 12, 1) and 0 <= x.min() and x.max() <= 1


@needs_data
def test_mnist_comes_from_a_prepared_folder():
    mnist = datasets.load("mnist", data_dir=PREPARED)
    assert (mnist.num_train, mnist.num_test) == (60000, 10000)
    assert mnist.image_shape == (28, 28, 1) and mnist.num_classes == 10
    x, y = mnist.arrays("test")
    assert x.shape == (10000, 28, 28, 1) and x.dtype == "float32"
    assert (x.min(), x.max()) == (0, 1)
    assert np.bincount(y).tolist()[:3] == [980, 1135, 1032]
    fixed = collect(mnist.batches("test", 5000, shuffle=False))
    np.testing.assert_array_equal(fixed[0][0], x[:5000])


@needs_data
def test_class_names_and_other_sets():
    fashion = datasets.load("fashion_mnist", data_dir=PREPARED)
    assert fashion.class_names[0] == "T-shirt/top"
    cifar = datasets.load("cifar10", data_dir=PREPARED, image_size=16)
    assert cifar.image_shape == (16, 16, 3) and cifar.in_memory
    x, _ = cifar.arrays("test", limit=3)
    assert x.shape == (3, 16, 16, 3) and 0 <= x.min() and x.max() <= 1


@needs_data
def test_a_set_too_large_for_memory_is_streamed_repeatably(streamed):
    assert not streamed.in_memory
    full = collect(streamed.batches("test", 1000, epochs=2, seed=5))
    tail = streamed.batches("test", 1000, epochs=2, seed=5, first_epoch=1)
    assert len(tail) == 10
    assert_same(full[10:], collect(tail))
    assert not np.array_equal(full[0][1], full[10][1])


@needs_data
def test_split_errors():
    with pytest.raises(ValueError, match=r"There are: \['test', 'train'\]"):
        datasets.load("mnist", data_dir=PREPARED, test_split="validation")


def test_images_of_any_size_need_a_size(tmp_path):
    from tensorflow_datasets import features

    prepare(
        tmp_path,
        "photos",
        {
            "image": features.Image(shape=(None, None, 3)),
            "label": features.ClassLabel(names=["cat", "dog"]),
        },
        {"image": np.full((6, 5, 3), 255, "uint8"), "label": 1},
        ("image", "label"),
    )
    with pytest.raises(ValueError, match="Pass image_size=") as raised:
        datasets.load("photos", data_dir=tmp_path)
    assert "(None, None, 3)" in str(raised.value)
    photos = datasets.load("photos", data_dir=tmp_path, image_size=4)
    assert photos.class_names == ("cat", "dog")
    x, y = photos.arrays("train")
    assert x.shape == (2, 4, 4, 3) and (x == 1).all() and (y == 1).all()
    assert len(collect(photos.batches("train", 2, epochs=2))) == 2


def test_importing_the_module_imports_no_tensorflow():
    # Keras itself would, on its TensorFlow backend: the source decides.
    code = (
        "import sys, types; sys.modules['keras_sparse'] = "
        "types.ModuleType('keras_sparse'); "
        f"sys.modules['keras_sparse'].__path__ = [{str(PACKAGE)!r}]; "
        "import keras_sparse.datasets, keras_sparse.distributions; "
        "import keras_sparse.counting; "
        "assert not {'tensorflow', 'keras', 'tensorflow_datasets'} & "
        "set(sys.modules)"
    )
    subprocess.run([sys.executable, "-c", code], check=True)
