"""Coloured shapes: each factor changes what it says, masks are the pixels'."""

import colorsys
import importlib

import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl
from keras_latent.shapes import FACTORS

MIDDLE = dict(hue=0.2, shape=0.0, horizontal=0.5, vertical=0.5, size=0.5)
SHAPES = pytest.mark.parametrize("shape", [0.0, 0.5, 1.0])


def drawn(pixels=64, background=0.0, **factor):
    """Image and mask of one shape whose other factors are in the middle."""
    row = {**MIDDLE, **factor}
    rows = [[row[name] for name in FACTORS]]
    images, masks = kl.render_shapes(rows, pixels, background)
    return images[0].numpy(), masks[0].numpy()


def cover(image):
    """Share of each pixel that a shape covers, on a black background."""
    return (image.max(axis=-1) + 1) / 2


def centre(image):
    weight, ticks = cover(image), (np.arange(len(image)) + 0.5) / len(image)
    return np.array([weight.sum(0) @ ticks, weight.sum(1) @ ticks]) / (
        weight.sum()
    )


@SHAPES
@pytest.mark.parametrize("place", [0.0, 0.3, 1.0])
def test_positions_move_the_centre_of_mass(shape, place):
    image, _ = drawn(shape=shape, horizontal=place, vertical=1 - place)
    expected = 0.3 + 0.4 * np.array([place, 1 - place])
    np.testing.assert_allclose(centre(image), expected, atol=2e-3)


@SHAPES
@pytest.mark.parametrize("extent", [0.0, 0.5, 1.0])
def test_size_sets_the_area_of_each_shape(shape, extent):
    image, mask = drawn(shape=shape, size=extent, horizontal=0.43)
    area = np.pi * (0.08 + 0.08 * extent) ** 2
    assert cover(image).mean() == pytest.approx(area, rel=0.02)
    assert (mask > 0).mean() == pytest.approx(area, abs=0.006)


@pytest.mark.parametrize("hue", [0.0, 0.1, 1 / 3, 0.5, 0.7, 0.95])
def test_hue_is_the_colour_of_the_covered_pixels(hue):
    image, mask = drawn(hue=hue, size=1.0)
    core = image[(mask > 0) & (cover(image) == cover(image).max())]
    expected = 2 * np.array(colorsys.hsv_to_rgb(hue, 1, 1)) - 1
    np.testing.assert_allclose(np.median(core, axis=0), expected, atol=1e-5)


@pytest.mark.parametrize(
    "shape, kind", [(0, 1), (0.24, 1), (0.26, 2), (0.74, 2), (0.76, 3), (1, 3)]
)
def test_the_mask_names_the_nearest_shape(shape, kind):
    _, mask = drawn(shape=float(shape))
    assert set(np.unique(mask)) == {0, kind} and mask.dtype == np.int32


def test_shapes_have_their_outlines():
    def widths(shape):
        _, mask = drawn(shape=shape, size=1.0, vertical=0.5)
        rows = (mask > 0).sum(axis=1)
        return rows[rows > 0]

    circle, square, triangle = map(widths, (0.0, 0.5, 1.0))
    assert len(set(square)) == 1 and len(square) == square[0]
    assert circle[0] < circle.max() and np.array_equal(circle, circle[::-1])
    assert (np.diff(triangle) >= 0).all() and triangle[0] <= 2
    assert triangle[-1] == triangle.max() > 1.3 * len(triangle) / 1.5


@pytest.mark.parametrize("size", [16, 32, 64])
def test_the_mask_is_the_pixels_covered_by_half_or_more(size):
    data = kl.shapes(40, size, seed=3)
    shares = (data.images.max(axis=-1) + 1) / 2
    np.testing.assert_array_equal(data.masks > 0, shares >= 0.5)
    assert (data.images[shares == 0] == -1).all()
    assert ((shares > 0) & (shares < 1)).any(), "edges are smooth"


def test_nothing_of_a_shape_is_outside_the_image():
    corners = np.array(np.meshgrid(*[[0.0, 1.0]] * 5)).reshape(5, -1).T
    images, _ = kl.render_shapes(corners)
    edge = tf.concat([images[:, 0], images[:, -1], images[:, :, 0]], 1)
    assert tf.reduce_max(edge) == -1 and tf.reduce_max(images[:, :, -1]) == -1


def test_a_small_circle_agrees_with_many_samples_of_its_pixels():
    image, _ = drawn(16, horizontal=0.37, vertical=0.58)
    fine = (np.arange(16 * 64) + 0.5) / (16 * 64)
    x, y = fine[None] - 0.3 - 0.4 * 0.37, fine[:, None] - 0.3 - 0.4 * 0.58
    inside = (x**2 + y**2 <= 0.12**2).reshape(16, 64, 16, 64).mean((1, 3))
    np.testing.assert_allclose(cover(image), inside, atol=0.08)


def test_gradients_reach_every_factor():
    factors = tf.constant([[0.2, 0.3, 0.4, 0.6, 0.7]])
    level = tf.constant([0.3])
    with tf.GradientTape() as tape:
        tape.watch([factors, level])
        images, _ = kl.render_shapes(factors, 32, level)
        loss = tf.reduce_sum(
            images * tf.random.stateless_normal(images.shape, [0, 1])
        )
    slopes, of_level = tape.gradient(loss, [factors, level])
    assert np.isfinite(slopes).all() and (np.abs(slopes) > 0.1).all()
    assert np.abs(of_level) > 0.1


@pytest.mark.parametrize("shape", [0.0, 0.5, 1.0])
def test_gradients_are_finite_with_a_pixel_on_the_very_centre(shape):
    factors = tf.constant([[0.0, shape, 0.5, 0.5, 0.0]])
    with tf.GradientTape() as tape:
        tape.watch(factors)
        images, _ = kl.render_shapes(factors, 33)
    assert np.isfinite(tape.gradient(images, factors)).all()


def test_size_has_the_slope_of_the_area():
    places = np.random.default_rng(0).uniform(size=(200, 2))
    factors = tf.constant([[0.0, 0.0, *place, 0.5] for place in places])
    with tf.GradientTape() as tape:
        tape.watch(factors)
        images, _ = kl.render_shapes(factors, 32)
        area = tf.reduce_mean(images[..., 0] + 1, axis=(1, 2)) / 2
    slope = np.mean(tape.gradient(area, factors)[:, -1])
    assert slope == pytest.approx(2 * np.pi * 0.12 * 0.08, rel=0.02)


def test_a_graph_draws_the_same():
    factors = np.random.default_rng(0).uniform(size=(3, 5))
    graph = tf.function(
        kl.render_shapes,
        input_signature=[tf.TensorSpec((None, 5), "float64")],
    )
    for made, wanted in zip(
        graph(factors), kl.render_shapes(factors), strict=True
    ):
        np.testing.assert_allclose(made, wanted, atol=1e-5)


def test_backgrounds_are_numbers_levels_or_pictures():
    level, _ = drawn(background=0.75)
    assert level[0, 0].tolist() == [0.5] * 3
    colours = np.random.default_rng(0).uniform(size=(1, 64, 64, 3))
    picture, mask = drawn(background=colours)
    far = cover(drawn()[0]) == 0
    np.testing.assert_allclose(picture[far], 2 * colours[0, far] - 1, atol=1e-6)
    one, _ = drawn(background=[0.75])
    np.testing.assert_array_equal(one, level)


def test_equal_seeds_give_equal_data_and_others_do_not():
    first, again, other = kl.shapes(9), kl.shapes(9), kl.shapes(9, seed=1)
    for one, two in zip(first, again, strict=True):
        np.testing.assert_array_equal(one, two)
    assert (first.factors != other.factors).any()


def test_data_has_all_shapes_and_its_factors_draw_it(monkeypatch):
    monkeypatch.setattr(
        importlib.import_module(kl.shapes.__module__), "BATCH", 7
    )
    data = kl.shapes(30, 16)
    assert set(data.factors[:, 1]) == {0, 0.5, 1}
    images, masks = kl.render_shapes(data.factors, 16)
    np.testing.assert_allclose(data.images, images, atol=1e-6)
    np.testing.assert_array_equal(data.masks, masks)
    assert data.images.dtype == data.factors.dtype == np.float32


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(factors=[[0.5] * 4]), r"`factors`.*\(n, 5\)"),
        (dict(factors=[0.5] * 5), r"`factors`.*\(n, 5\)"),
        (dict(factors=[[0.5] * 4 + [1.5]]), r"`factors`.*1 of 5.*1\.5"),
        (dict(factors=[[0.5] * 4 + [np.nan]]), r"`factors`.*nan"),
        (dict(size=7), "`size`"),
        (dict(size=32.0), "`size`"),
        (dict(background=1.5), r"`background`.*\[0, 1\]"),
        (dict(background=[0.5, 0.5]), r"`background`.*\(2,\)"),
        (dict(background=[[0.5]]), r"`background`.*\(1, 1\)"),
    ],
)
def test_bad_input_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        kl.render_shapes(**{"factors": [[0.5] * 5], **options})


@pytest.mark.parametrize("options", [dict(count=0), dict(seed=-1)], ids=str)
def test_bad_counts_are_named(options):
    (name,) = options
    with pytest.raises(ValueError, match=f"`{name}`"):
        kl.shapes(**{"count": 1, **options})
