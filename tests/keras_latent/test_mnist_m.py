"""Digits on coloured backgrounds: by hand, and laws of their draws."""

import numpy as np
import pytest

from keras_latent.backgrounds import color_noise
from keras_latent.datasets import make_mnist_m
from keras_latent.mnist_m import blend

DIGITS = np.random.default_rng(3).random((50, 8, 8)).astype("float32")


def test_two_by_two_by_hand():
    digit = np.array([[0.0, 1.0], [0.5, 0.25]])[None, ..., None]
    patch = np.zeros((1, 2, 2, 3))
    patch[0, :, :, 0] = [[0.2, 0.2], [1.0, 0.25]]
    patch[0, :, :, 2] = 1.0
    found = blend(digit, patch)[0]
    np.testing.assert_allclose(found[..., 0], [[0.2, 0.8], [0.5, 0.0]])
    np.testing.assert_allclose(found[..., 1], digit[0, ..., 0])
    np.testing.assert_allclose(found[..., 2], 1 - digit[0, ..., 0])


def test_a_background_of_the_digits_size_is_taken_as_it_is():
    digit = np.array([[[0, 255], [100, 7]]], "uint8")
    background = np.array(
        [[[10, 20, 30], [0, 255, 128]], [[100, 90, 110], [7, 6, 8]]], "uint8"
    )
    found = make_mnist_m(digit, [background])
    expected = [[[10, 20, 30], [255, 0, 127]], [[0, 10, 10], [0, 1, 1]]]
    np.testing.assert_array_equal(found[0], expected)
    assert found.dtype == np.uint8


def test_float_digits_give_float_images():
    digit = np.array([[[0.0, 1.0], [0.5, 0.25]]])
    found = make_mnist_m(digit, [np.full((2, 2), 0.25)])
    assert found.dtype == np.float32
    expected = np.array([[0.25, 0.75], [0.25, 0.0]], "float32")
    np.testing.assert_array_equal(found[0], np.stack([expected] * 3, -1))


def test_binary_makes_every_pixel_above_zero_white():
    digit = np.array([[[0, 1], [128, 255]]], "uint8")
    found = make_mnist_m(digit, [np.full((2, 2), 55, "uint8")], binary=True)
    np.testing.assert_array_equal(found[0, ..., 0], [[55, 200], [200, 200]])


def test_every_patch_is_cut_out_of_one_of_the_backgrounds():
    # Each pixel of the two backgrounds holds its own number.
    first = np.arange(20 * 9, dtype="uint8").reshape(20, 9)
    second = np.arange(190, 190 + 64, dtype="uint8").reshape(8, 8)
    black = np.zeros((400, 8, 8), "uint8")
    found = make_mnist_m(black, [first, second], seed=5)[..., 0]
    corners = set()
    for image in found:
        source = second if image[0, 0] >= 190 else first
        top, left = np.argwhere(source == image[0, 0])[0]
        cut = source[top : top + 8, left : left + 8]
        np.testing.assert_array_equal(image, cut)
        corners.add((source is second, int(top), int(left)))
    # 13 x 2 places in the first, one in the second: all of them come up.
    assert len(corners) == 27


def test_equal_seeds_give_equal_images_and_others_do_not():
    first, again, other = (make_mnist_m(DIGITS, seed=s) for s in (1, 1, 2))
    np.testing.assert_array_equal(first, again)
    assert (first != other).mean() > 0.9


@pytest.mark.parametrize("backgrounds", [None, [np.eye(30), np.ones((9, 9))]])
def test_a_set_made_in_parts_is_the_set_made_at_once(backgrounds):
    whole = make_mnist_m(DIGITS, backgrounds, seed=4)
    parts = [
        make_mnist_m(DIGITS[start:stop], backgrounds, seed=4, start=start)
        for start, stop in ((0, 7), (7, 8), (8, 50))
    ]
    np.testing.assert_array_equal(np.concatenate(parts), whole)


def test_chunks_of_work_do_not_show(monkeypatch):
    whole = make_mnist_m(DIGITS, seed=4)
    monkeypatch.setattr("keras_latent.mnist_m._CHUNK", 7)
    np.testing.assert_array_equal(make_mnist_m(DIGITS, seed=4), whole)


def test_backgrounds_do_not_depend_on_the_digits():
    black = np.zeros_like(DIGITS)
    patches = make_mnist_m(black, seed=9)
    found = make_mnist_m(DIGITS, seed=9)
    expected = np.abs(patches - DIGITS[..., None])
    np.testing.assert_allclose(found, expected, atol=1e-6)


def test_the_noise_has_the_mean_and_contrast_asked_for():
    black = np.zeros((2000, 8, 8), "float32")
    flat = make_mnist_m(black, contrast=0.0, brightness=(0.25, 0.75))
    assert np.ptp(flat, axis=(1, 2)).max() < 1e-6  # one colour per image
    colors = flat[:, 0, 0]
    assert 0.25 <= colors.min() < 0.26 and 0.74 < colors.max() <= 0.75
    assert abs(colors.mean() - 0.5) < 0.01
    shared = np.corrcoef(colors.T)[np.triu_indices(3, 1)]
    assert np.abs(shared).max() < 0.1  # channels are independent
    for contrast in (0.2, 0.4):
        noisy = make_mnist_m(black, contrast=contrast, brightness=(0.5, 0.5))
        # Uniform noise of that width has this deviation; enlarging it
        # linearly averages some of it away.
        deviation = noisy.std() / (contrast / np.sqrt(12))
        assert 0.7 < deviation < 1.0
        assert np.abs(noisy - 0.5).max() <= contrast / 2 + 1e-6


def test_the_noise_is_smooth():
    generators = [np.random.default_rng(i) for i in range(50)]
    noise = color_noise(generators, (28, 28), 0.9, (0.5, 0.5))
    step = np.abs(np.diff(noise, axis=1)).mean()
    far = np.abs(noise[:, :14] - noise[:, 14:]).mean()
    assert step < 0.2 * far


BAD = [
    (dict(digits=np.zeros((2, 8, 8, 3))), "`digits` must be gray"),
    (dict(digits=np.zeros((8, 8))), "`digits` must have shape"),
    (dict(digits=np.zeros((0, 8, 8))), "`digits` must have shape"),
    (dict(digits=np.full((1, 8, 8), 2.0)), r"`digits` must be in \[0, 1\]"),
    (dict(digits=np.full((1, 8, 8), np.nan)), "`digits` must be in"),
    (dict(digits=np.zeros((1, 8, 8), int)), "`digits` must be uint8, or float"),
    (dict(backgrounds=[]), "`backgrounds` must hold at least one"),
    (
        dict(
            backgrounds=[np.zeros((9, 9)), np.zeros((9, 7)), np.zeros((7, 9))]
        ),
        r"Received: 2 smaller ones \(1: \(9, 7\), 2: \(7, 9\)\)",
    ),
    (dict(backgrounds=np.zeros((9, 9))), "`backgrounds` must be images"),
    (dict(backgrounds=[np.zeros((9, 9, 4))]), "number 0"),
    (dict(backgrounds=[np.full((9, 9), 9.0)]), r"`backgrounds\[0\]` must be"),
    (dict(backgrounds=[np.eye(9)], contrast=1.0), "`contrast` must be left"),
    (dict(backgrounds=[np.eye(9)], brightness=(0, 1)), "`brightness` must be"),
    (dict(contrast=-1), "`contrast` must be"),
    (dict(brightness=0.5), "`brightness` must be"),
    (dict(brightness=(0.5, 0.1)), "`brightness` must be"),
    (dict(brightness=(0.5, np.nan)), "`brightness` must be"),
    (dict(seed=-1), "`seed` must be"),
    (dict(seed=0.5), "`seed` must be"),
    (dict(start=-1), "`start` must be"),
]


@pytest.mark.parametrize("arguments, words", BAD, ids=str)
def test_bad_arguments_are_named(arguments, words):
    with pytest.raises(ValueError, match=words) as caught:
        make_mnist_m(**{"digits": np.zeros((1, 8, 8)), **arguments})
    assert "Received: " in str(caught.value)
