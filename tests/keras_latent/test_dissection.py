"""Dissection of a generator whose units are planted."""

import functools

import keras
import numpy as np
import planted_units as planted
import pytest

import keras_latent as kl

IMAGES = 600
PLANTED = list(planted.PLANTED)
OTHERS = [u for u in range(planted.UNITS) if u not in planted.PLANTED]


@functools.cache
def generator():
    return planted.planted_generator()


@functools.cache
def true_masks():
    return planted.masks(generator()(planted.latents(IMAGES)))


def dissect(network=None, **options):
    return kl.dissect(
        network or generator(),
        "units",
        planted.latents(IMAGES),
        planted.masks,
        class_names=planted.CLASSES,
        **options,
    )


def area():
    """Share of the pixels that a shape has, of the mean class."""
    return float((true_masks() > 0).mean()) / 3


@pytest.mark.parametrize("quantile", [0.005, 0.01, 0.02, 0.04])
def test_planted_units_have_their_label_at_any_quantile(quantile):
    found = dissect(quantile=quantile)
    for unit, label in planted.PLANTED.items():
        assert found.units[unit].label == label
        assert found.units[unit].class_name == planted.CLASSES[label]
    assert found.ious[OTHERS].max() <= 0.05
    assert found.exact and found.images == IMAGES


@pytest.mark.parametrize("threshold", ["quantile", "iqr"])
def test_iou_is_high_where_the_threshold_fits_the_class(threshold):
    found = dissect(quantile=area(), threshold=threshold)
    for unit, label in planted.PLANTED.items():
        assert found.units[unit].label == label
        assert found.units[unit].iou >= 0.8
        assert found.units[unit].interpretable
    assert found.ious[OTHERS].max() <= 0.05
    assert found.counts() == {"disc": 1, "square": 1, "diamond": 1}
    assert found.ranking("square")[0] == PLANTED[1]


def test_iou_is_at_most_the_quantile_over_the_area():
    quantile = 0.005
    found = dissect(quantile=quantile)
    for unit, label in planted.PLANTED.items():
        share = float((true_masks() == label).mean())
        assert 0 < found.ious[unit, label] <= quantile / share


def upsampled(maps, factor):
    """Bilinear enlargement by hand, with the border continued."""
    for axis in (1, 2):
        size = maps.shape[axis]
        place = (np.arange(size * factor) + 0.5) / factor - 0.5
        place = np.clip(place, 0, size - 1)
        low = np.floor(place).astype(int)
        high = np.minimum(low + 1, size - 1)
        weight = (place - low).astype("float32")
        weight = weight.reshape([-1 if k == axis else 1 for k in range(4)])
        below, above = maps.take(low, axis), maps.take(high, axis)
        maps = below * (1 - weight) + above * weight
    return maps


def test_iou_is_pooled_over_images_as_in_numpy():
    found = dissect(quantile=0.02)
    layer = generator().get_layer("units")
    maps = layer(planted.latents(IMAGES)).numpy()
    levels = np.quantile(maps, 0.98, axis=(0, 1, 2))
    np.testing.assert_allclose(found.thresholds, levels, rtol=1e-5)
    large, masks = upsampled(maps, 2), true_masks()
    # An image without any label has not been judged.
    seen = masks.any(axis=(1, 2))[:, None, None]
    for unit in (*PLANTED, 0):
        active = large[..., unit] > found.thresholds[unit]
        for label in (1, 2, 3):
            both = (active & (masks == label)).sum()
            union = ((active & seen) | (masks == label)).sum()
            expected = both / union
            assert found.ious[unit, label] == pytest.approx(expected, rel=1e-3)


def test_a_category_counts_where_it_is_seen():
    layer = keras.layers.Reshape((1, 2, 1), name="units")
    network = keras.Sequential([keras.Input((2,)), layer])
    z = np.array([[1.0, 0.0], [1.0, 0.0], [1.0, 1.0]])

    def segmenter(images):
        masks = np.zeros((*images.shape[:3], 2), "int32")
        masks[0, 0, 0, 0] = 1  # the first category, in image 0 alone
        masks[1:, 0, 0, 1] = 2
        return masks[: len(images)]

    found = kl.dissect(network, "units", z, segmenter, quantile=0.8)
    assert found.thresholds.tolist() == [0.0]  # all ones are above
    assert found.ious[0, 1] == 1.0
    assert found.ious[0, 2] == pytest.approx(2 / 3)


def test_equal_arguments_give_equal_results():
    one, two = (dissect(threshold="iqr") for _ in range(2))
    np.testing.assert_array_equal(one.ious, two.ious)
    assert one.rows() == two.rows()


def test_batch_size_does_not_matter():
    one = dissect(quantile=0.02)
    two = dissect(quantile=0.02, batch_size=77)
    np.testing.assert_allclose(one.ious, two.ious, atol=1e-3)


def test_top_images_activate_a_unit_most():
    found = dissect(top_images=3)
    layer = generator().get_layer("units")
    peaks = layer(planted.latents(IMAGES)).numpy().max(axis=(1, 2))
    for unit in PLANTED:
        best = np.argsort(-peaks[:, unit], kind="stable")[:3]
        assert found.units[unit].top_images == tuple(best)


def test_a_subclassed_generator_is_dissected_alike():
    network = planted.SubclassedGenerator()
    network(planted.latents(1))
    one = dissect(quantile=0.02)
    two = kl.dissect(
        network,
        "units",
        planted.latents(IMAGES),
        planted.masks,
        quantile=0.02,
        latent_dim=planted.LATENT,
    )
    np.testing.assert_array_equal(one.ious, two.ious)


@pytest.mark.parametrize("networks", ["dcgan_networks", "sngan_networks"])
def test_generators_of_the_package_are_dissected(networks):
    network, _ = getattr(kl, networks)((16, 16, 1), latent_dim=6, width=4)
    layer = network.layers[-3]
    found = kl.dissect(
        network, -3, 20, lambda images: images[..., 0] > 0.0, quantile=0.1
    )
    assert found.layer == layer.name
    assert len(found.units) == layer.output.shape[-1]
    assert np.isfinite(found.ious).all()


def test_the_table_is_written_as_csv(tmp_path):
    found = dissect(top_images=2)
    found.to_csv(tmp_path / "units.csv")
    lines = (tmp_path / "units.csv").read_text().splitlines()
    assert lines[0].startswith("number,label,class_name,iou,threshold,")
    assert len(lines) == 1 + planted.UNITS
    assert lines[1 + PLANTED[0]].startswith(f"{PLANTED[0]},1,disc,")


def test_conditioning_goes_with_its_latent_point():
    layer = keras.layers.Reshape((1, 2, 1))

    def network(z, scale, shift):
        return layer(z) * scale[:, None, None, None] + shift

    scale = np.arange(5, dtype="float32")
    found = kl.dissect(
        network,
        layer,
        np.tile([[0.0, 1.0]], (5, 1)),
        lambda images: images[..., 0] > 2.5,  # scale 2 and more, place 1
        quantile=0.9,
        conditioning={"scale": scale, "shift": 1.0},
        latent_dim=2,
        batch_size=2,
    )
    # In these three images the unit is above its threshold at place 1.
    assert found.ious[0, 1] == 1.0
