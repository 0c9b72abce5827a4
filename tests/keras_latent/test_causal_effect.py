"""Causal effects of planted units."""

import functools

import numpy as np
import planted_units as planted
import pytest

import keras_latent as kl
from keras_latent.causal_locations import area_average, edit_at
from keras_latent.causal_score import ClassScore


@functools.cache
def found(label, **options):
    return kl.causal_effect(
        planted.planted_generator(),
        "units",
        planted.latents(150),
        planted.probabilities,
        label,
        initial=np.full(planted.UNITS, 0.5),
        count=2,
        steps=130,
        probes=2,
        **options,
    )


@pytest.mark.parametrize("label", [1, 3])
def test_alpha_is_near_one_on_the_planted_unit_and_near_zero_elsewhere(label):
    alpha = found(label).alpha
    planted_unit = [planted.PLANTED.get(u) == label for u in range(len(alpha))]
    assert alpha[planted_unit].item() > 0.9
    assert np.delete(alpha, np.flatnonzero(planted_unit)).max() < 0.1


def test_the_effect_is_that_of_the_planted_unit_alone():
    effect = found(1)
    unit = effect.units[0]
    assert planted.PLANTED[unit] == 1
    assert effect.effect == effect.inserted - effect.ablated
    assert float(effect) == effect.effect > 0.5
    assert effect.unit_effects[0] == pytest.approx(effect.effect, abs=0.02)
    assert abs(effect.unit_effects[1]) < 0.02
    assert effect.ablated < 0.05


def test_inserted_is_the_mean_activation_weighted_by_presence():
    network, z = planted.planted_generator(), planted.latents(150)
    maps = network.get_layer("units")(z).numpy().astype("float64")
    masks = planted.masks(network(z)) == 1
    presence = masks.reshape(150, 16, 2, 16, 2).mean(axis=(2, 4))
    expected = (maps * presence[..., None]).sum((0, 1, 2)) / presence.sum()
    np.testing.assert_allclose(found(1).value, expected, rtol=1e-4, atol=1e-5)


def test_equal_arguments_give_equal_results():
    again = found.__wrapped__(1)
    np.testing.assert_array_equal(again.alpha, found(1).alpha)
    assert again.effect == found(1).effect


def test_alpha_begins_at_the_iou_of_a_dissection():
    network, z = planted.planted_generator(), planted.latents(60)
    options = {"steps": 0, "count": 1, "probes": 1}
    dissected = kl.dissect(network, "units", z, planted.masks)
    arguments = network, "units", z, planted.probabilities, 2
    given = kl.causal_effect(*arguments, initial=dissected, **options)
    own = kl.causal_effect(*arguments, **options)
    iou = dissected.ious[:, 2]
    np.testing.assert_allclose(given.alpha, iou / iou.max(), rtol=1e-6)
    np.testing.assert_array_equal(own.alpha, given.alpha)


def test_insertion_is_read_where_it_is_inserted():
    # A unit that adds only where it is inserted: read anywhere else it has
    # no effect, and alpha would fall to 0.
    network = planted.planted_generator()
    score = ClassScore(planted.probabilities, 1)
    z = planted.latents(8)
    places = np.arange(8) * 20
    value = np.full(planted.UNITS, 1.5, "float32")
    alpha = np.eye(planted.UNITS, dtype="float32")[4]
    from keras_latent.layer_edits import edited

    edit = edit_at(places, (16, 16, planted.UNITS), alpha, value)
    before = area_average(score(network(z))[0], (16, 16)).numpy()
    with edited(network, "units", edit):
        after = area_average(score(network(z))[0], (16, 16)).numpy()
    gains = (after - before).reshape(8, -1)
    assert (gains.argmax(axis=1) == places).all()


@pytest.mark.parametrize("sizes", [((6, 8), (3, 2)), ((5, 7), (2, 3))])
def test_area_average_is_the_mean_of_each_cell(sizes):
    (rows, columns), shape = sizes
    x = np.random.default_rng(0).normal(size=(2, rows, columns))
    expected = np.empty((2, *shape))
    for i in range(shape[0]):
        for j in range(shape[1]):
            top, left = i * rows // shape[0], j * columns // shape[1]
            bottom = int(np.ceil((i + 1) * rows / shape[0]))
            right = int(np.ceil((j + 1) * columns / shape[1]))
            expected[:, i, j] = x[:, top:bottom, left:right].mean(axis=(1, 2))
    found = area_average(x, shape).numpy()
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)
