"""Interventions on units: what they change, and that they end."""

import functools

import keras
import numpy as np
import planted_units as planted
import pytest
import tensorflow as tf

import keras_latent as kl

PLANTED = {label: unit for unit, label in planted.PLANTED.items()}


@functools.cache
def networks():
    subclassed = planted.SubclassedGenerator()
    subclassed(planted.latents(1))
    return {
        "functional": planted.planted_generator(),
        "subclassed": subclassed,
        "dcgan": kl.dcgan_networks((16, 16, 1), planted.LATENT, 8)[0],
    }


LAYERS = {"functional": "units", "subclassed": "units", "dcgan": -4}
UNIT = 4


@pytest.mark.parametrize("kind", LAYERS)
@pytest.mark.parametrize("call", ["call", "predict", "tf.function"])
def test_the_generator_is_restored_bit_for_bit_after_an_exception(kind, call):
    network, z = networks()[kind], planted.latents(4)

    def images():
        if call == "predict":
            return network.predict(z, verbose=0)
        run = tf.function(network) if call == "tf.function" else network
        return run(z).numpy()

    before, weights = images(), network.get_weights()
    program = network.predict_function
    names = [vars(layer).get("call") for layer in network.layers]
    with pytest.raises(KeyError, match="inside"):
        with kl.intervene(
            network, LAYERS[kind], UNIT, 3.0, latent_dim=planted.LATENT
        ):
            changed = images()
            raise KeyError("inside")
    assert np.abs(changed - before).max() > 1e-3
    np.testing.assert_array_equal(images(), before)
    assert network.predict_function is program or call == "predict"
    assert names == [vars(layer).get("call") for layer in network.layers]
    for one, two in zip(weights, network.get_weights(), strict=True):
        np.testing.assert_array_equal(one, two)


def applied(images, *arguments, **options):
    network = generator_of(images)
    with kl.intervene(network, "units", *arguments, **options):
        return network(np.zeros((len(images), 1))).numpy()


def generator_of(images):
    """Gives the same images for any latent points."""
    constant = keras.layers.Lambda(
        lambda z: (
            tf.constant(images[:1], "float32")
            if z.shape[0] == 1
            else tf.constant(images, "float32")
        ),
        output_shape=images.shape[1:],
    )
    units = keras.layers.Identity(name="units")
    return keras.Sequential([keras.Input((1,)), constant, units])


@pytest.mark.parametrize("shape", [(2, 2), (5, 2, 2)])
def test_units_move_to_their_values_in_their_places(shape):
    draw = np.random.default_rng(0)
    x = draw.normal(size=(5, 2, 2, 3)).astype("float32")
    where = draw.uniform(size=shape).astype("float32")
    found = applied(x, [2, 0], [4.0, -1.0], alpha=[0.5, 1.0], where=where)
    a = np.zeros_like(x)
    a[..., 2] = 0.5 * where
    a[..., 0] = where
    r = np.array([-1.0, 0.0, 4.0])
    np.testing.assert_allclose(found, x * (1 - a) + r * a, rtol=1e-6)
    np.testing.assert_array_equal(found[..., 1], x[..., 1])


def test_interventions_are_nested():
    x = np.ones((1, 2, 2, 3), "float32")
    network, z = generator_of(x), np.zeros((1, 1))
    with kl.intervene(network, "units", 0):
        with kl.intervene(network, "units", 1, value=5.0):
            assert network(z)[0, 0, 0].numpy().tolist() == [0, 5, 1]
        assert network(z)[0, 0, 0].numpy().tolist() == [0, 1, 1]
    assert network(z)[0, 0, 0].numpy().tolist() == [1, 1, 1]


def test_mixed_precision_keeps_its_type():
    layer = keras.layers.Identity(name="units", dtype="mixed_float16")
    network = keras.Sequential([keras.Input((3,)), layer])
    with kl.intervene(network, "units", 0):
        assert network(np.ones((1, 3))).dtype == tf.float16


def test_a_function_is_changed_where_the_layer_is_given():
    layer = keras.layers.Identity()

    def network(z):
        return layer(z) + 1

    with kl.intervene(network, layer, [1], latent_dim=2):
        assert network(tf.ones((1, 2))).numpy().tolist() == [[2, 1]]
    assert network(tf.ones((1, 2))).numpy().tolist() == [[2, 2]]


@pytest.mark.parametrize("label", [1, 2, 3])
def test_ablation_removes_the_class_and_leaves_the_others(label):
    network, z = networks()["functional"], planted.latents(200)
    before = planted.masks(network(z))
    with kl.intervene(network, "units", PLANTED[label]):
        after = planted.masks(network(z))
    assert (after == label).sum() <= 0.05 * (before == label).sum()
    others = (before != label) & (before > 0)
    assert (after != before)[others].mean() < 0.01


@pytest.mark.parametrize("label", [1, 2, 3])
def test_insertion_adds_the_class_where_it_is_inserted(label):
    network, z = networks()["functional"], planted.latents(50)
    where = np.zeros((16, 16))
    where[6:10, 6:10] = 1
    before = planted.masks(network(z))
    with kl.intervene(network, "units", PLANTED[label], 1.5, where=where):
        after = planted.masks(network(z))
    middle = slice(None), slice(13, 19), slice(13, 19)
    assert (after[middle] == label)[before[middle] == 0].all()


@pytest.mark.parametrize("everywhere", [False, True])
def test_ablation_curve_falls_with_the_planted_unit(everywhere):
    network, z = networks()["functional"], planted.latents(100)
    curve = kl.ablation_curve(
        network,
        "units",
        z,
        planted.masks,
        2,
        [0, PLANTED[2], 1],
        everywhere=everywhere,
    )
    before = planted.masks(network(z))
    counts = np.bincount(before.ravel(), minlength=4)
    np.testing.assert_array_equal(curve.pixels[0], counts)
    assert curve.remaining[1] > 0.95
    assert curve.remaining[2] <= 0.05
    others = curve.pixels[:, [1, 3]] / curve.pixels[0, [1, 3]]
    assert np.abs(others - 1).max() < 0.01


def test_units_of_bad_images_are_found_and_removed():
    network = networks()["functional"]
    bad = PLANTED[3]

    def colours(images):
        return np.asarray(images).mean(axis=(1, 2))

    with kl.intervene(network, "units", bad):
        real = network(planted.latents(300, seed=1)).numpy()
    z = planted.latents(300)
    found = kl.artefact_units(network, "units", z, real, colours, count=1)
    assert found.units == (bad,)
    assert found.after.distance < 0.1 * found.before.distance
    assert found.before.generated_examples == 150
    with kl.intervene(network, "units", found.units):
        masks = planted.masks(network(z))
    assert (masks == 3).mean() < 1e-3
