"""Image sets: one common form, against independent references."""

import pathlib

import numpy as np
import pytest
import tensorflow as tf
from sklearn.datasets import load_digits

from keras_latent import datasets

DATA = pathlib.Path(__file__).parents[2] / ".." / "shared" / "data"


def folder(part, name):
    """A folder of real data; skips where it is not there."""
    if not (DATA / part / name).exists():
        pytest.skip(f"no ../shared/data/{part}/{name}")
    return DATA / part


@pytest.mark.parametrize(
    "size, new_size",
    [((8, 8), (28, 28)), ((28, 28), (14, 9)), ((16, 12), (7, 28))],
)
@pytest.mark.parametrize("channels", [1, 3])
def test_resizing_is_that_of_tensorflow(size, new_size, channels):
    random = np.random.default_rng(0)
    images = random.random((5, *size, channels)).astype("float32")
    expected = tf.image.resize(images, new_size, antialias=True).numpy()
    found = datasets.resize_images(images, new_size)
    np.testing.assert_allclose(found, expected, atol=1e-6)
    coarse = np.rint(images * 255).astype("uint8")
    expected = tf.image.resize(coarse, new_size, antialias=True).numpy()
    found = datasets.resize_images(coarse, new_size)
    assert found.dtype == np.uint8
    np.testing.assert_allclose(found, expected, atol=0.501)  # rounded


def test_resizing_in_chunks_is_resizing(monkeypatch):
    images = np.random.default_rng(0).random((9, 8, 8, 1)).astype("float32")
    whole = datasets.resize_images(images, 5)
    monkeypatch.setattr("keras_latent.image_arrays._CHUNK", 4)
    np.testing.assert_array_equal(datasets.resize_images(images, 5), whole)


def test_gray_is_repeated_and_colour_becomes_its_luminance():
    gray = np.random.default_rng(0).random((2, 4, 4, 1))
    colored = datasets.convert_channels(gray, 3)
    assert all((colored[..., i] == gray[..., 0]).all() for i in range(3))
    red = np.zeros((1, 1, 1, 3), "uint8")
    red[..., 0] = 200
    assert datasets.convert_channels(red, 1).item() == 60  # 0.299 * 200
    back = datasets.convert_channels(colored, 1)
    np.testing.assert_allclose(back, gray, atol=1e-6)
    assert datasets.convert_channels(gray, 1) is gray


def test_digits_are_those_of_scikit_learn_each_once():
    parts = [datasets.load("digits", split=s) for s in ("train", "test")]
    (train, train_labels), (test, test_labels) = parts
    assert train.shape == (1437, 8, 8, 1) and test.shape == (360, 8, 8, 1)
    assert train.dtype == np.float32 and train_labels.dtype == np.int32
    found = np.concatenate([train, test]).reshape(-1, 64)
    labels = np.concatenate([train_labels, test_labels])
    expected, expected_labels = load_digits(return_X_y=True)
    found = np.column_stack([np.rint(found * 16), labels])
    expected = np.column_stack([expected, expected_labels])
    assert sorted(map(tuple, found)) == sorted(map(tuple, expected))
    shares = np.bincount(test_labels)
    assert shares.min() >= 34 and shares.max() <= 38  # of each class alike


def test_digits_meet_another_domain_in_size_and_channels():
    images, _ = datasets.load(
        "digits", split="test", image_size=(28, 24), channels=3, dtype="uint8"
    )
    assert images.shape == (360, 28, 24, 3) and images.dtype == np.uint8


def test_a_name_with_m_behind_is_made_of_its_digits():
    plain, labels = datasets.load("digits", image_size=16)
    images, same_labels = datasets.load("digits_m", image_size=16)
    np.testing.assert_array_equal(labels, same_labels)
    expected = datasets.make_mnist_m(plain)
    np.testing.assert_allclose(images, expected, atol=1.01 / 255)
    test, _ = datasets.load("digits_m", split="test", image_size=16)
    assert not np.allclose(test[:9], images[:9], atol=0.2)


@pytest.fixture
def npz(tmp_path):
    random = np.random.default_rng(0)
    arrays = {
        "x_train": random.integers(0, 256, (6, 5, 4), "uint8"),
        "y_train": np.arange(6),
        "x_test": random.integers(0, 256, (3, 5, 4), "uint8"),
        "y_test": np.arange(3),
    }
    np.savez(tmp_path / "mine.npz", **arrays)
    return tmp_path, arrays


def test_npz_files_are_found_by_name_and_by_path(npz):
    where, arrays = npz
    for name, data_dir in (("mine", where), (str(where / "mine.npz"), None)):
        for split in ("train", "test"):
            images, labels = datasets.load(name, data_dir, split)
            expected = arrays[f"x_{split}"][..., None] / np.float32(255)
            np.testing.assert_allclose(images, expected, rtol=1e-6)
            np.testing.assert_array_equal(labels, arrays[f"y_{split}"])
        assert datasets.origin(name, data_dir) == "file mine.npz"


def test_a_file_of_the_name_goes_before_digits_made(npz):
    where, arrays = npz
    np.savez(where / "mine_m.npz", **{**arrays, "y_train": np.arange(6)[::-1]})
    assert datasets.load("mine_m", where)[1].tolist() == [5, 4, 3, 2, 1, 0]
    (where / "mine_m.npz").unlink()
    assert datasets.load("mine_m", where)[0].shape == (6, 5, 4, 3)
    assert "mine.npz, on coloured" in datasets.origin("mine_m", where)


def test_usps_meets_mnist():
    where = folder("npz", "usps.npz")
    train, labels = datasets.load("usps", where, image_size=28)
    test, _ = datasets.load("usps", where, "test")
    assert train.shape == (7291, 28, 28, 1) and test.shape == (2007, 16, 16, 1)
    assert set(labels) == set(range(10))
    assert train.min() >= 0.0 and train.max() <= 1.0
    # Bright strokes on black ground, as in MNIST.
    corners = train[:, [0, 0, -1, -1], [0, -1, 0, -1]]
    assert corners.mean() < 0.1 < train.mean() < 0.4


def test_real_mnist_m_is_read():
    images, labels = datasets.load(
        "mnist_m_3000", folder("npz", "mnist_m_3000.npz"), "test", image_size=28
    )
    assert images.shape == (1000, 28, 28, 3) and labels[:3].tolist() == [
        7,
        2,
        1,
    ]


def test_mnist_is_read_by_its_tfds_name_with_slices():
    where = folder("tfds", "mnist")
    images, labels = datasets.load("mnist", where, "test[:300]", image_size=14)
    assert images.shape == (300, 14, 14, 1) and labels.shape == (300,)
    assert images.dtype == np.float32 and 0.9 < images.max() <= 1.0
    whole, all_labels = datasets.load("mnist", where, "test", dtype="uint8")
    assert whole.shape == (10000, 28, 28, 1) and whole.dtype == np.uint8
    np.testing.assert_array_equal(all_labels[:300], labels)
    smaller = datasets.resize_images(whole[:300], 14) / 255
    np.testing.assert_allclose(smaller, images, atol=1e-6)
    colored, _ = datasets.load("mnist_m", where, "test[:300]", image_size=14)
    assert colored.shape == (300, 14, 14, 3)


BAD = [
    (dict(name="digit"), "`name` must be .* Close to it: digits"),
    (dict(name="no_such_set_m"), "`name` must be .*'no_such_set'"),
    (dict(name=3), "`name` must be the name"),
    (dict(name="cut.npz"), "`name` must be that of a .npz file"),
    (dict(name="keys.npz"), "x_train and y_train"),
    (dict(name="short.npz"), "`y_train` in .* must be one integer per image"),
    (dict(name="digits", split="validation"), "`split` must be one of"),
    (dict(name="digits", image_size=0), "`image_size` must be"),
    (dict(name="digits", image_size=(8, 8, 1)), "`image_size` must be"),
    (dict(name="digits", channels=4), "`channels` must be one of"),
    (dict(name="digits", dtype="float16"), "`dtype` must be one of"),
]


@pytest.mark.parametrize("arguments, words", BAD, ids=str)
def test_bad_arguments_are_named(arguments, words, tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    pathlib.Path("cut.npz").write_bytes(b"PK\x03\x04")
    np.savez("keys.npz", images=np.zeros(3))
    np.savez("short.npz", x_train=np.zeros((3, 8, 8)), y_train=np.zeros(2, int))
    with pytest.raises(ValueError, match=words) as caught:
        datasets.load(**arguments)
    assert "Received: " in str(caught.value)


def test_what_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`data_dir` must hold"):
        datasets.load("mnist", tmp_path)
    with pytest.raises(FileNotFoundError, match="`name` must be the path"):
        datasets.load("gone.npz")


def test_an_unknown_split_of_tfds_is_named():
    where = folder("tfds", "mnist")
    with pytest.raises(
        ValueError, match=r"`split` must be .*\['test', 'train'\]"
    ):
        datasets.load("mnist", where, "validation")
