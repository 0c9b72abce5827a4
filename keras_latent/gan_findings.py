"""What can be measured of a generator, and why the rest cannot."""

import dataclasses

import numpy as np

from keras_latent.feature_batches import features_name
from keras_latent.frechet_distance import FrechetFindings, frechet_distance
from keras_latent.inception_score import InceptionScoreFindings, inception_score
from keras_latent.kernel_distance import KernelFindings, kernel_distance
from keras_latent.mode_coverage import ModeFindings, mode_coverage

SUBSETS = 100
SUBSET = 1000  # most examples of a subset
SPLITS = 10


@dataclasses.dataclass(frozen=True, eq=False)
class GANFindings:
    """What a `GANReport` has found.

    Attributes:
        examples: int, how many were generated.
        generated_range: (low, high) of the generated examples, as measured.
        frechet: `FrechetFindings`, or None.
        kernel: `KernelFindings`, or None.
        inception: `InceptionScoreFindings`, or None.
        modes: `ModeFindings`, or None.
        missing: dict, name of what could not be measured -> str, why. Modes
            without `centres` are not in it, nor an inception score of points.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.GANFindings(9, (-1.0, 1.0))
        >>> found.modes is None
        True
    """

    examples: int
    generated_range: tuple[float, float]
    frechet: FrechetFindings | None = None
    kernel: KernelFindings | None = None
    inception: InceptionScoreFindings | None = None
    modes: ModeFindings | None = None
    missing: dict[str, str] = dataclasses.field(default_factory=dict)


def measure_gan(generated, real, features, classifier, centres, deviation):
    """Takes each measure that there is enough for.

    Args:
        generated: array (examples, ...).
        real: array (examples, ...), or None.
        features: network of examples to features (batch, d), or None: of
            points of the plane their coordinates.
        classifier: network of examples to logits, or None: the `classifier`
            of `features`, where it has one.
        centres: array (modes, 2), or None.
        deviation: number above 0, of each mode; None without centres.

    Returns:
        `GANFindings`; what could not be measured is in `missing`.

    Example:
        >>> from keras_latent.gan_findings import measure_gan
        >>> points = np.random.default_rng(0).normal(size=(9, 2))
        >>> found = measure_gan(points, points, None, None, None, None)
        >>> round(float(found.frechet), 6), found.missing
        (0.0, {})
    """
    found, missing = {}, {}

    def measure(name, reason, function, *arguments, **options):
        try:
            if reason is None:
                found[name] = function(*arguments, **options)
        except ValueError as error:
            reason = str(error)
        if reason is not None:
            missing[name] = reason

    reason = _no_distance(generated, real, features)
    measure("frechet", reason, frechet_distance, real, generated, features)
    few = len(generated) if real is None else min(len(real), len(generated))
    options = {"subsets": SUBSETS, "subset_size": max(2, min(SUBSET, few // 2))}
    sides = real, generated, features
    measure("kernel", reason, kernel_distance, *sides, **options)
    own = classifier is None and getattr(features, "classifier", None)
    classifier = own or classifier
    if classifier is not None or generated.ndim != 2:
        reason = "no classifier was given" if classifier is None else None
        options = {"from_logits": True, "splits": min(SPLITS, len(generated))}
        sides = generated, classifier
        measure("inception", reason, inception_score, *sides, **options)
    if own and "inception" in found:
        named = {"features": features_name(features)}
        found["inception"] = dataclasses.replace(found["inception"], **named)
    if centres is not None:
        measure("modes", None, mode_coverage, generated, centres, deviation)
    ends = float(np.min(generated)), float(np.max(generated))
    return GANFindings(len(generated), ends, **found, missing=missing)


def _no_distance(generated, real, features):
    """Why there is no distance to real examples; None where there is one."""
    if real is None:
        return "no real examples were given"
    if generated.shape[1:] != real.shape[1:]:
        return (
            f"the generator makes examples of shape {generated.shape[1:]} and "
            f"the real ones have {real.shape[1:]}"
        )
    if features is None and generated.ndim != 2:
        return "no features were given, as `feature_extractor` makes them"
    return None
