"""The pictures of a Fader: grids, strips, curves."""

import io
import struct

import matplotlib
import numpy as np
import pytest
from fader_cases import squares, whole
from matplotlib import pyplot

import keras_latent as kl
from keras_latent.fader_curves import curves_picture, last_value
from keras_latent.pictures import as_shades, image_limits, tile


def pixels(png):
    """Array (height, width, 3) of a PNG, from 0 to 255."""
    from matplotlib.image import imread

    return np.round(imread(io.BytesIO(png))[..., :3] * 255).astype(int)


@pytest.mark.parametrize("channels, low", [(1, 0.0), (3, 0.0), (1, -1.0)])
def test_grid_has_sources_down_and_targets_across(channels, low):
    networks, images, labels, shades = squares(channels, low)
    given = networks, images, labels
    picture = pixels(kl.fader_grid(*given, attribute_sizes=4))
    # Cells of one shade are found by the runs of that shade in the picture.
    for target, shade in enumerate(shades):
        level = round(255 * (shade - low) / (1 - low))
        cells = np.all(np.abs(picture - level) <= 1, axis=-1)
        columns = np.flatnonzero(cells.sum(axis=0) > 0.5 * cells.shape[0])
        assert len(columns) > 20, target
        assert len(columns) == np.ptp(columns) + 1
        # The source of that label stands further left, in one row only.
        left = cells[:, : columns.min()].sum(axis=1) > 20
        assert left.any()


def test_own_label_has_a_red_frame_in_each_row():
    networks, images, labels, _ = squares(1)
    picture = pixels(kl.fader_grid(networks, images, labels, attribute_sizes=4))
    red = (picture[..., 0] - picture[..., 1]) > 90
    columns = np.flatnonzero(red.any(axis=0))
    first, last = [
        np.flatnonzero(red[:, edge].ravel()).mean()
        for edge in (columns.min() + 1, columns.max() - 1)
    ]
    # Rows are sorted by label, so that frames go down the diagonal.
    assert first < last
    share = np.ptp(columns) / np.ptp(np.flatnonzero(red.any(axis=1)))
    assert 0.9 < share < 1.1


def test_strips_go_from_own_to_other_label_and_beyond():
    seen = []

    def decoder(inputs):
        seen.append(inputs[1])
        return inputs[0]

    labels = np.array([0, 1])
    kl.interpolation_strips(
        (whole, decoder),
        np.ones((2, 4, 4, 1)),
        labels,
        attribute_sizes=2,
        steps=4,
    )
    own = np.array([2.0, 1.0, 0.0, -1.0])
    expected = np.concatenate(
        [np.stack([own, 1 - own], 1), np.stack([1 - own, own], 1)]
    )
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


def test_curves_leave_out_epochs_without_a_value():
    nan = float("nan")
    sparse = {"probe_accuracy": [nan, 0.9, nan, 0.4], "loss": [1, 1, 1, 1]}
    picture = curves_picture(sparse, 2.3, 0.1)
    width, height = struct.unpack(">II", picture[16:24])
    assert width > height > 0
    assert curves_picture({"loss": [1.0]}, 2.3, 0.1) is None
    assert curves_picture({"probe_accuracy": [nan]}, 2.3, 0.1) is None
    assert last_value(sparse, "probe_accuracy") == 0.4
    assert last_value(sparse, "other") is None


def test_pictures_leave_pyplot_and_the_styles_of_the_caller_alone():
    networks, images, labels, _ = squares(1)
    given = networks, images, labels
    plain = kl.fader_grid(*given, attribute_sizes=4)
    with matplotlib.rc_context({"figure.facecolor": "red", "font.size": 30}):
        before = dict(matplotlib.rcParams), pyplot.get_fignums()
        styled = kl.fader_grid(*given, attribute_sizes=4)
        assert (dict(matplotlib.rcParams), pyplot.get_fignums()) == before
    assert plain == styled


def test_shades_and_limits_and_tiles_by_hand():
    assert image_limits(np.array([0.1, 0.9])) == (0.0, 1.0)
    assert image_limits(np.array([-0.1, 0.9])) == (-1.0, 1.0)
    assert image_limits(np.array([-2.0, 5.0])) == (-2.0, 5.0)
    shades = as_shades(np.array([[[-1.0], [0.0], [3.0]]]), (-1.0, 1.0))
    np.testing.assert_array_equal(shades[0], [[0] * 3, [0.5] * 3, [1] * 3])
    cells = np.arange(4.0).reshape(2, 2, 1, 1, 1) * np.ones(3)
    picture = tile(cells, gap=1)[..., 0]
    np.testing.assert_array_equal(picture[1::3, 1::3], [[0, 1], [2, 3]])
    assert picture.shape == (6, 6) and picture.sum() == 36 - 4 + 6


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"images": np.ones((4, 8, 8))}, "`images` must have the shape"),
        ({"labels": np.arange(3)}, "4 examples and 3 labels"),
        ({"labels": np.arange(4) + 1}, "`labels` must be from 0"),
        ({"attribute": 1}, "`attribute` must be"),
        ({"class_names": ["a", "b"]}, "`class_names` must name 4"),
        ({"class_names": "abcd"}, "`class_names` must name 4"),
        ({"rows_per_class": 0}, "`rows_per_class`"),
        ({"model": whole}, "`model` must be a `Fader`"),
    ],
)
def test_bad_arguments_of_the_grid_are_refused(changed, message):
    networks, images, labels, _ = squares(1)
    given = {"model": networks, "images": images, "labels": labels}
    with pytest.raises(ValueError, match=message):
        kl.fader_grid(**{**given, "attribute_sizes": 4, **changed})
