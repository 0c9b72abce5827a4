"""The report on a dissection."""

import functools
import io
import re

import numpy as np
import planted_units as planted
import pytest
from matplotlib.image import imread

import keras_latent as kl
from keras_latent.dissection_pictures import GAP, OUTLINE, unit_strips


@functools.cache
def dissected():
    network = planted.planted_generator()
    found = kl.dissect(
        network,
        "units",
        planted.latents(100),
        planted.masks,
        quantile=0.025,
        class_names=["background", "<disc>", "square", "diamond"],
        top_images=4,
    )
    return network, found


def report(path, **options):
    network, found = dissected()
    written = kl.dissection_report(found, network, path, **options)
    return written.read_text()


def test_the_page_shows_each_unit_and_loads_nothing(tmp_path):
    text = report(tmp_path / "new" / "units.html")
    assert text.count('<li class="unit"') == planted.UNITS
    assert text.count("data:image/png") == planted.UNITS
    assert "3 of 24 units of layer &#x27;units&#x27; meet one of 3" in text
    assert "&lt;disc&gt;" in text and "<disc>" not in text
    assert "<script" not in text and "http" not in text.replace(
        "http-equiv", ""
    )


def test_the_orders_are_by_iou_class_and_number(tmp_path):
    text = report(tmp_path / "units.html")
    found = dissected()[1]
    pattern = r"--iou: (\d+); --class: (\d+); --number: (\d+)"
    places = np.array(re.findall(pattern, text), int)
    iou, of_class, number = places.T
    assert sorted(iou) == sorted(of_class) == sorted(number)
    by_iou = number[np.argsort(iou)]
    ious = [found.units[k].iou for k in by_iou]
    assert ious == sorted(ious, reverse=True)
    named = [unit for unit in planted.PLANTED]
    assert number[np.argsort(of_class)][:3].tolist() == named


def test_equal_arguments_give_equal_bytes(tmp_path):
    one = report(tmp_path / "a.html", images=2)
    assert one == report(tmp_path / "b.html", images=2)


def test_the_outline_is_the_edge_of_the_mask():
    network, found = dissected()
    unit = next(iter(planted.PLANTED))
    strip = imread(io.BytesIO(unit_strips(found, network, images=1)[unit]))
    cell = strip[GAP:-GAP, GAP:-GAP, :3]
    yellow = np.isclose(cell, OUTLINE, atol=1 / 255).all(axis=-1)
    row = found.units[unit].top_images[0]
    mask = planted.masks(network(planted.latents(100)[row][None]))[0] == 1
    large = mask.repeat(3, 0).repeat(3, 1)
    rows, columns = np.nonzero(yellow)
    for edge, whole in zip((rows, columns), np.nonzero(large), strict=True):
        assert abs(edge.min() - whole.min()) <= 6
        assert abs(edge.max() - whole.max()) <= 6
    middle = rows.min() + rows.max(), columns.min() + columns.max()
    assert not yellow[middle[0] // 2, middle[1] // 2]


def test_something_else_is_refused(tmp_path):
    network, found = dissected()
    with pytest.raises(ValueError, match="`dissection` must be what"):
        kl.dissection_report(found.rows(), network, tmp_path / "a.html")
    other = kl.dcgan_networks((16, 16, 1), planted.LATENT, 4)[0]
    with pytest.raises(ValueError, match="`dissection` must be of this gen"):
        kl.dissection_report(found, other, tmp_path / "a.html", layer=3)
