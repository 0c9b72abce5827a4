"""What interventions, causal effects and ablation refuse."""

import functools

import numpy as np
import planted_units as planted
import pytest
import tensorflow as tf

import keras_latent as kl


@functools.cache
def network():
    return planted.planted_generator()


BAD_INTERVENTIONS = {
    "unit": ({"units": 24}, "`units` must be ints from 0, less than 24"),
    "negative": ({"units": [-1]}, "`units` must be ints from 0"),
    "none": ({"units": []}, "`units` must be ints from 0"),
    "fraction": ({"units": [0.5]}, "`units` must be ints from 0"),
    "twice": ({"units": [1, 1]}, "`units` must be different"),
    "values": ({"value": [1.0, 2.0]}, "`value`.*one for each of 1 units"),
    "infinite": ({"value": np.inf}, "`value` must be a finite number"),
    "alpha": ({"alpha": 1.5}, r"`alpha` must be in \[0, 1\]"),
    "where": ({"where": np.ones((3, 3))}, r"`where`.*\(16, 16\).*\(3, 3\)"),
    "where values": ({"where": np.full((16, 16), 2)}, "`where` must be in"),
    "layer": ({"layer": "no"}, "`layer` must be the name"),
}


@pytest.mark.parametrize("case", BAD_INTERVENTIONS)
def test_intervene_refuses(case):
    options, message = BAD_INTERVENTIONS[case]
    options = {"layer": "units", "units": 0, **options}
    with pytest.raises(ValueError, match=message):
        with kl.intervene(network(), **options):
            pass


def logits(images):
    return 9 * planted.probabilities(images)


def only_background(images):
    return planted.probabilities(0 * images - 1)


def everywhere(images):
    shades = planted.probabilities(0 * images - 1)
    return tf.roll(shades, 1, axis=-1)


BAD_EFFECTS = {
    "masks": ((planted.masks, 1), "`segmenter` must give probabilities"),
    "logits": ((logits, 1), r"`segmenter`.*probabilities in \[0, 1\]"),
    "class": ((planted.probabilities, 4), "`class_` must be less than 4"),
    "background": ((planted.probabilities, 0), "`class_` must be an int"),
    "nowhere": ((only_background, 1), "`class_` must be in some"),
    "everywhere": ((everywhere, 1), "`class_` must be absent from some"),
}


@pytest.mark.parametrize("case", BAD_EFFECTS)
def test_causal_effect_refuses(case):
    arguments, message = BAD_EFFECTS[case]
    with pytest.raises(ValueError, match=message):
        kl.causal_effect(
            network(), "units", 8, *arguments, initial=np.ones(24), probes=1
        )


@pytest.mark.parametrize("initial", [np.ones(3), np.full(24, 2.0)])
def test_alpha_that_is_none_is_refused(initial):
    with pytest.raises(ValueError, match="`initial` must be a number"):
        kl.causal_effect(
            network(), "units", 4, planted.probabilities, 1, initial=initial
        )


def test_ablation_curve_refuses_counts_and_classes():
    arguments = network(), "units", 4, planted.masks
    with pytest.raises(ValueError, match="`counts` must rise"):
        kl.ablation_curve(*arguments, 1, [0, 1], counts=[2, 1])
    with pytest.raises(ValueError, match="`counts` must rise"):
        kl.ablation_curve(*arguments, 1, [0, 1], counts=[3])
    with pytest.raises(ValueError, match="`class_` must be in some"):
        kl.ablation_curve(*arguments, 7, [0])


def test_too_few_points_to_rank_units_are_refused():
    with pytest.raises(ValueError, match="`z` must be 100 points"):
        kl.artefact_units(
            network(),
            "units",
            20,
            np.random.default_rng(0).normal(size=(9, 3)),
            lambda x: np.reshape(x, (len(x), -1))[:, :3],
        )
