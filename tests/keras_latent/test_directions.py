"""Directions: where they lead, and the pictures drawn along them."""

import io

import numpy as np
import pytest
from PIL import Image

import keras_latent as kl

MATRIX = [[1.0, 0.0, 0.0], [0.0, 2.0, 0.0]]


def directions(**options):
    return kl.Directions(MATRIX, **{"names": ["light", "none"], **options})


def plain(z):
    """Images (batch, 6, 4, 1), all of the value of the first number."""
    return np.tile(np.array(z)[:, :1, None, None], (1, 6, 4, 1))


def pixels(content):
    with Image.open(io.BytesIO(content)) as image:
        return np.asarray(image.convert("RGB"))


def test_traverse_moves_all_points_by_each_shift():
    z = np.random.default_rng(0).normal(size=(4, 3)).astype("float32")
    images = directions().traverse(lambda z: z, z, 1, [-1, 0, 0.5])
    expected = [z + s * np.array(MATRIX[1], "float32") for s in (-1, 0, 0.5)]
    np.testing.assert_allclose(images, np.stack(expected, 1), rtol=1e-6)


def test_names_are_numbers_unless_given():
    assert kl.Directions(MATRIX).names == ["0", "1"]
    assert directions().index("none") == directions().index(1) == 1


def test_a_subset_keeps_names_and_scores_in_its_order():
    some = directions(scores={"rank": [5.0, 6.0]}).subset(["none", 0])
    assert some.names == ["none", "light"]
    assert some.scores["rank"].tolist() == [6, 5]
    np.testing.assert_array_equal(some.matrix, np.array(MATRIX)[[1, 0]])


def test_a_sheet_shows_a_row_for_each_direction():
    content = directions().plot(
        plain, np.zeros((1, 3)), shifts=[-1, 0, 1], image_range=(-1, 1)
    )
    colours = {tuple(c) for c in pixels(content).reshape(-1, 3)}
    assert {(0, 0, 0), (255, 255, 255), (128,) * 3} <= colours
    both = directions().plot(plain, np.zeros((2, 3)), shifts=[-1, 0, 1])
    heights = [pixels(c).shape[0] for c in (content, both)]
    assert 1.6 < heights[1] / heights[0] < 2


def test_a_sheet_has_the_directions_asked_for_and_is_written(tmp_path):
    all_rows = directions().plot(plain, np.zeros((1, 3)))
    one = directions().plot(
        plain, np.zeros((1, 3)), ["light"], path=tmp_path / "sheet.png"
    )
    assert (tmp_path / "sheet.png").read_bytes() == one
    assert pixels(one).shape[0] < pixels(all_rows).shape[0]
    assert one == directions().plot(plain, np.zeros((1, 3)), 0)


def test_a_film_goes_there_and_back_for_ever(tmp_path):
    shifts = [-1.0, -0.5, 0.0, 1.0]
    content = directions().animate(
        plain,
        np.zeros((2, 3)),
        "light",
        tmp_path / "film.gif",
        shifts,
        milliseconds=80,
        image_range=(-1, 1),
    )
    assert (tmp_path / "film.gif").read_bytes() == content
    with Image.open(io.BytesIO(content)) as film:
        assert film.n_frames == 6 and film.info["loop"] == 0
        values, lasting = [], []
        for frame in range(film.n_frames):
            film.seek(frame)
            shown = np.asarray(film.convert("L"))
            values.append(shown[shown.shape[0] // 2, shown.shape[1] // 4])
            lasting.append(film.info["duration"])
    expected = np.array([0, 64, 128, 255, 128, 64])
    np.testing.assert_allclose(values, expected, atol=2)
    assert lasting == [80] * 6


def test_colours_of_a_film_are_those_of_the_images():
    def coloured(z):
        colour = np.array([0.8, 0.3, 0.1]) + 0 * np.array(z)[:, :1]
        return np.tile(colour[:, None, None], (1, 8, 8, 1))

    content = directions().animate(coloured, np.zeros((1, 3)), 0)
    shown = pixels(content)
    middle = shown[shown.shape[0] // 2, shown.shape[1] // 2]
    np.testing.assert_allclose(middle, [204, 76, 26], atol=3)


def test_conditioning_goes_to_every_image():
    def scaled(z, scale):
        return plain(z) * scale + scale

    options = dict(conditioning={"scale": 0.5}, image_range=(0, 1))
    content = directions().plot(scaled, np.zeros((1, 3)), [1], **options)
    shares = [(pixels(content) == gray).mean() for gray in (127, 128)]
    assert max(shares) > 0.2, "half of white"
    assert directions().animate(scaled, np.zeros((1, 3)), 1, **options)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(k=[]), "`k`.*none"),
        (dict(k=["dark"]), "`k`.*'dark'"),
        (dict(k=[2]), "`k`.*less than 2"),
        (dict(shifts=[]), "`shifts`"),
        (dict(z=np.zeros((1, 4))), r"`z`.*\(1, 4\)"),
        (dict(z=np.zeros((1, 1))), r"`z`.*\(1, 1\)"),
        (dict(z=np.full((1, 3), np.nan)), "`z`.*3 of 3"),
        (dict(shifts=[np.inf]), "`shifts`.*finite"),
        (dict(generator=lambda z: z), r"`generator`.*\(1, 3\)"),
        (dict(generator=lambda z: np.nan * plain(z)), "`generator`.*NaN"),
        (dict(image_range=(1, 0)), "`image_range`"),
    ],
)
def test_what_cannot_be_drawn_is_named(options, words):
    given = {"generator": plain, "z": np.zeros((1, 3)), **options}
    with pytest.raises(ValueError, match=words):
        directions().plot(**given)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(shifts=[1.0]), "`shifts`"),
        (dict(milliseconds=10), "`milliseconds`"),
        (dict(k="dark"), "`k`"),
    ],
)
def test_what_cannot_be_animated_is_named(options, words):
    given = {"k": 0, **options}
    with pytest.raises(ValueError, match=words):
        directions().animate(plain, np.zeros((1, 3)), **given)


@pytest.mark.parametrize(
    "options, words",
    [
        (dict(matrix=[1.0]), r"`matrix`.*\(1,\)"),
        (dict(matrix=[[0.0, 0.0]]), "1 rows of zeros"),
        (dict(matrix=[[np.inf, 0.0]]), "1 numbers"),
        (dict(names=["one"]), "`names`.*2"),
        (dict(scores={"rank": [1.0]}), "`scores`.*'rank'"),
    ],
)
def test_what_is_no_direction_is_named(options, words):
    with pytest.raises(ValueError, match=words):
        kl.Directions(**{"matrix": MATRIX, **options})


def test_a_name_of_several_needs_its_number():
    with pytest.raises(ValueError, match="`k`.*name of 2"):
        directions(names=["same", "same"]).index("same")
