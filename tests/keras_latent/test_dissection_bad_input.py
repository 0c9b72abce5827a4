"""What dissection, interventions and causal effects refuse."""

import functools

import keras
import numpy as np
import planted_units as planted
import pytest
import tensorflow as tf

import keras_latent as kl


@functools.cache
def network():
    return planted.planted_generator()


def dissect(generator=None, layer="units", z=4, segmenter=None, **options):
    return kl.dissect(
        generator or network(), layer, z, segmenter or planted.masks, **options
    )


def no_label(images):
    return np.zeros(images.shape[:3], "int32")


BAD_DISSECTIONS = {
    "unknown layer": ({"layer": "unit"}, "`layer` must be the name of one"),
    "number of a layer": ({"layer": 9}, "`layer`.*less than 4.*layer=9"),
    "layer of another kind": ({"layer": 1.5}, "`layer` must be a name"),
    "the input": ({"layer": 0}, "`layer` must be called once.*0 times"),
    "latent size": ({"z": np.ones((4, 3))}, r"`z` must be.*12.*\(4, 3\)"),
    "no points": ({"z": 0}, "`z` must be an int of at least 1"),
    "infinite points": ({"z": np.full((2, 12), np.inf)}, "`z` must be finite"),
    "float masks": (
        {"segmenter": lambda x: planted.probabilities(x)[..., 0]},
        "`segmenter` must give masks of whole numbers.*argmax",
    ),
    "masks of another shape": (
        {"segmenter": lambda x: planted.masks(x)[0]},
        "`segmenter` must give masks .images, height, width",
    ),
    "negative labels": (
        {"segmenter": lambda x: planted.masks(x) - 1},
        "`segmenter` must give labels from 0.*-1 to",
    ),
    "labels that are bytes of pixels": (
        {"segmenter": lambda x: planted.masks(x) * 9999},
        "`segmenter` must give labels from 0, less than 4096",
    ),
    "no segmenter": ({"segmenter": 3}, "`segmenter` must be a Keras model"),
    "a label in two categories": (
        {"segmenter": lambda x: np.ones((*x.shape[:3], 2), int)},
        r"`segmenter`.*one category only.*\[1\]",
    ),
    "too few names": (
        {"class_names": ["sky"], "z": 20},
        "`class_names` must be a list.*labels up to 3",
    ),
    "quantile": ({"quantile": 0.0}, "`quantile` must be"),
    "threshold": ({"threshold": "otsu"}, "`threshold` must be one of"),
    "all for training": (
        {"threshold": "iqr", "training_share": 1.0},
        "`training_share` must leave images",
    ),
    "iou": ({"iou_threshold": 2}, "`iou_threshold` must be"),
    "conditioning": (
        {"conditioning": {"label": np.zeros(3)}},
        "`conditioning` must have a row for each of 4",
    ),
    "conditioning that is none": (
        {"conditioning": [1]},
        "`conditioning` must be a dict",
    ),
}


@pytest.mark.parametrize("case", BAD_DISSECTIONS)
def test_dissect_refuses(case):
    options, message = BAD_DISSECTIONS[case]
    with pytest.raises(ValueError, match=message):
        dissect(**options)


def test_a_class_that_is_nowhere_gives_no_names():
    found = dissect(segmenter=no_label)
    assert {unit.class_name for unit in found.units} == {""}
    assert found.counts() == {}


def several(call_twice):
    """Generators with a shared layer, or several outputs."""
    z = keras.Input((12,))
    maps = keras.layers.Reshape((2, 2, 3))(z)
    shared = keras.layers.Identity(name="units")
    if call_twice:
        return keras.Model(z, shared(shared(maps)))
    return keras.Model(z, [shared(maps), maps])


def test_a_layer_called_twice_and_several_outputs_are_refused():
    with pytest.raises(ValueError, match="`layer`.*called 2 times"):
        dissect(several(True))
    with pytest.raises(ValueError, match="`generator` must have one output"):
        dissect(several(False))


def test_a_layer_without_maps_is_refused():
    generator = keras.Sequential([keras.Input((12,)), keras.layers.Identity()])
    with pytest.raises(ValueError, match=r"`layer` must give maps.*\(1, 12\)"):
        dissect(generator, 0)


def test_a_layer_that_is_not_called_is_refused():
    with pytest.raises(ValueError, match="`layer`.*called 0 times"):
        dissect(layer=keras.layers.Identity())


def test_a_layer_with_two_outputs_is_refused():
    class Pair(keras.layers.Layer):
        def call(self, x):
            return x, x

    z = keras.Input((12,))
    generator = keras.Model(z, Pair(name="units")(z)[0])
    with pytest.raises(ValueError, match="`layer` must have one output"):
        dissect(generator)


def test_a_layer_inside_a_tf_function_is_refused():
    layer = keras.layers.Reshape((2, 2, 3))
    with pytest.raises(ValueError, match="`layer`.*`tf.function`"):
        dissect(tf.function(lambda z: layer(z)), layer, latent_dim=12)


def test_a_generator_that_diverged_is_refused():
    layer = keras.layers.Lambda(
        lambda z: tf.reshape(z, (-1, 2, 2, 3)) * np.nan, name="units"
    )
    generator = keras.Sequential([keras.Input((12,)), layer])
    with pytest.raises(ValueError, match="must give finite numbers"):
        dissect(generator)


def test_classes_are_found_by_name_or_label():
    found = dissect(z=20, class_names=planted.CLASSES)
    assert (found.ranking("disc") == found.ranking(1)).all()
    for class_, message in (("cat", "`class_` must be one of"), (9, "less")):
        with pytest.raises(ValueError, match=message):
            found.ranking(class_)
