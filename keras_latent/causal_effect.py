"""Which units make a generator draw a class, and how much they do."""

import dataclasses

import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import ArrayLike, Conditioning, LayerLike, Network
from keras_latent.causal_alpha import (
    Interventions,
    held_out,
    optimise_alpha,
)
from keras_latent.causal_locations import candidate_places, present_places
from keras_latent.causal_score import ClassScore, initial_alpha
from keras_latent.dissection_table import Dissection
from keras_latent.layer_maps import LayerMaps


@dataclasses.dataclass(frozen=True, eq=False)
class CausalEffect:
    """What units do to a class; `float(found)` is the effect.

    Attributes:
        effect: float in [-1, 1], `inserted` - `ablated`.
        inserted, ablated: floats in [0, 1], share of the class in places of
            the map where `units` are inserted, or ablated, on images that
            `alpha` was not optimised on.
        alpha: float32 array (units,) in [0, 1], optimised.
        value: float32 array (units,), what is inserted.
        units: tuple of int, those of the largest alpha, which were measured.
        unit_effects: tuple of float, the effect of each of `units` alone.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> one = np.ones(1, "float32")
        >>> found = kl.CausalEffect(0.5, 0.75, 0.25, one, one, (0,), (0.5,))
        >>> float(found)
        0.5
    """

    effect: float
    inserted: float
    ablated: float
    alpha: np.ndarray
    value: np.ndarray
    units: tuple[int, ...]
    unit_effects: tuple[float, ...]

    def __float__(self) -> float:
        return self.effect


def causal_effect(
    generator: Network,
    layer: LayerLike,
    z: ArrayLike | int,
    segmenter: Network,
    class_: int,
    initial: Dissection | ArrayLike | None = None,
    count: int = 20,
    steps: int = 500,
    learning_rate: float = 0.01,
    weight_decay: float = 0.005,
    limit: int = 1200,
    probes: int = 5,
    batch_size: int = 20,
    conditioning: Conditioning = None,
    latent_dim: int | None = None,
    seed: int = 0,
) -> CausalEffect:
    """Average causal effect of a layer's units on a class.

    Units are ablated in a place where the class is, and inserted in a place
    where it is not. How far each unit takes part, alpha in [0, 1], is
    optimised by Adam: least of the class after ablation, most of it after
    insertion, and few units. The effect is then measured, on the last sixth
    of the images and by hard masks, with the units of the largest alpha.

    Args:
        generator, layer, z, conditioning, latent_dim: as for `dissect`.
        segmenter: Keras model or function, of TensorFlow operations, from
            images to probabilities (images, height, width, labels), label 0
            the background. A pixel has the class whose probability is largest.
        class_: int from 1, a label.
        initial: where alpha begins. None: IoU of each unit over the largest,
            by `dissect`; a `Dissection`; or array (units,) in [0, 1].
        count: int from 1, units to measure.
        steps: int from 0, of Adam.
        learning_rate: number above 0.
        weight_decay: number from 0, of the sum of squares of alpha.
        limit: int from 2, images with the class, and without, at most.
        probes: int from 1, places to try in an image without the class.
        batch_size: int from 1, images at a time.
        seed: int from 0, of drawn points, probes and batches.

    Returns:
        `CausalEffect`; equal for equal arguments.

    Raises:
        ValueError: as `dissect`; masks instead of probabilities, a class that
            there is not, too few images with the class or without.

    Source: Bau et al. 2019, arXiv:1811.10597, section 3.2;
        `netdissect/aceoptimize.py` of CSAILVision/gandissect.
    Differs from the authors' code: what insertion adds is read where it is
        inserted, while their `ace_loss` reads it at the place of ablation,
        `ploc`, in another image; both places are of the same images `z`; the
        effect is that of the paper, both interventions in all places.

    Example:
        >>> import keras, numpy as np, keras_latent as kl
        >>> layer = keras.layers.Reshape((2, 2, 1), name="units")
        >>> generator = keras.Sequential([keras.Input((4,)), layer])
        >>> def segmenter(images):
        ...     return keras.ops.concatenate([1 - images, images], -1)
        >>> z = np.random.default_rng(0).uniform(size=(60, 4))
        >>> found = kl.causal_effect(
        ...     generator, "units", z, segmenter, 1, steps=20)
        >>> round(float(found)), round(float(found.alpha[0]))
        (1, 1)
    """
    check_count("count", count)
    check_count("steps", steps, minimum=0)
    check_count("limit", limit, minimum=2)
    check_count("probes", probes)
    check_number("learning_rate", learning_rate, open_low=True)
    check_number("weight_decay", weight_decay)
    maps = LayerMaps(
        generator, layer, z, batch_size, conditioning, latent_dim, seed
    )
    score = ClassScore(segmenter, class_)
    alpha = initial_alpha(initial, maps, score)
    present, value, presence = present_places(maps, score, limit)
    draw = np.random.default_rng(seed)
    candidates = candidate_places(
        maps, score, present, value, presence, limit, (probes, draw)
    )
    present, held_present = held_out(present)
    candidates, held_candidates = held_out(candidates)
    interventions = Interventions(maps, score, value)
    settings = learning_rate, weight_decay, batch_size, draw
    alpha = optimise_alpha(
        interventions, present, candidates, alpha, steps, settings
    )

    def measured(units):
        chosen = np.isin(np.arange(len(alpha)), units).astype("float32")
        return [
            np.mean(
                [
                    interventions.mean(places, chosen, insert)
                    for places in (held_present, held_candidates)
                ]
            )
            for insert in (True, False)
        ]

    units = np.argsort(-alpha, kind="stable")[:count]
    inserted, ablated = measured(units)
    single = [np.subtract(*measured([unit])) for unit in units]
    return CausalEffect(
        float(inserted - ablated),
        float(inserted),
        float(ablated),
        alpha,
        value,
        tuple(units.tolist()),
        tuple(map(float, single)),
    )
