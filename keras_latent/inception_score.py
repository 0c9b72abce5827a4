"""How sure a classifier is of images, and how many classes it sees."""

import dataclasses
import itertools
from typing import Any

import numpy as np
from scipy import special

from _keras_sparse_common.arguments import check_count
from keras_latent._types import Examples, Network, Range
from keras_latent.feature_batches import feature_batches, features_name

SUM_TOLERANCE = 0.01  # of a row of probabilities in half precision


@dataclasses.dataclass(frozen=True)
class InceptionScoreFindings:
    """The score of images; `float(found)` is its mean over the splits.

    Attributes:
        scores: tuple of float in [1, classes], one for each split.
        features: str, name of the classifier.
        examples: int.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.InceptionScoreFindings((3.0, 5.0), "mine", 100)
        >>> found.score, found.standard_deviation
        (4.0, 1.0)
    """

    scores: tuple[float, ...]
    features: str
    examples: int

    @property
    def score(self) -> float:
        """Mean of the scores of the splits."""
        return float(np.mean(self.scores))

    @property
    def standard_deviation(self) -> float:
        """Over the splits, divided by their number as the authors do."""
        return float(np.std(self.scores))

    def __float__(self) -> float:
        return self.score


def inception_score(
    images: Examples,
    classifier: Network | None = None,
    from_logits: bool = False,
    splits: int = 10,
    batch_size: int = 64,
    image_range: Range | None = None,
    seed: int = 0,
) -> InceptionScoreFindings:
    """exp of the mean divergence of p(y|x) from p(y), for any classifier.

    1: every image looks the same to the classifier. As much as there are
    classes: it is sure of each image, and sees all classes equally. Images
    are not compared to real ones, and of the features only sums are kept.

    Args:
        images: array (examples, ...); or a finite `tf.data.Dataset` or other
            iterable of batches, without labels.
        classifier: Keras model or function from images to probabilities
            (batch, classes). None: `images` holds the probabilities.
        from_logits: bool, whether logits come instead of probabilities.
        splits: int from 1, parts to take mean and spread over.
        batch_size: int from 1, for arrays.
        image_range: None, or (low, high): a warning tells of images in
            another range. None takes that of the classifier, if it has one.
        seed: int from 0, of the order in which splits take images.

    Returns:
        `InceptionScoreFindings`; equal for equal arguments and order.

    Raises:
        ValueError: fewer examples than splits, rows that are no
            probabilities, arguments out of range.

    Source: Salimans et al. 2016, arXiv:1606.03498, section 4;
        `get_inception_score` in inception_score/model.py of
        openai/improved-gan.
    Differs from the authors' code: of each `splits` images in a row every
        split takes one, at random, and not a run of images. Nothing waits for
        the end, and images that come class by class, or with their classes
        in turns, are in all splits. Probabilities of 0 count 0 and not NaN.

    Example:
        >>> import keras_latent as kl
        >>> round(float(kl.inception_score(np.eye(4), splits=1)), 6)
        4.0
    """
    check_count("splits", splits)
    check_count("seed", seed, minimum=0)
    if not isinstance(from_logits, bool):
        raise ValueError(
            "`from_logits` must be True or False. Received: "
            f"from_logits={from_logits!r}."
        )
    sums: Any = None
    negative_entropies: Any = None
    examples, turns = 0, _turns(splits, seed)
    counts = np.zeros(splits, "int64")
    options = classifier, batch_size, image_range
    for rows in feature_batches("images", images, *options):
        rows = special.softmax(rows, axis=1) if from_logits else _checked(rows)
        if sums is None:
            sums = np.zeros((splits, rows.shape[1]))
            negative_entropies = np.zeros(splits)
        split = np.fromiter(itertools.islice(turns, len(rows)), "int64")
        np.add.at(sums, split, rows)
        np.add.at(negative_entropies, split, -special.entr(rows).sum(axis=1))
        np.add.at(counts, split, 1)
        examples += len(rows)
    if examples < splits:
        raise ValueError(
            f"`images` must hold at least {splits} examples, one for each of "
            f"the `splits`. Received: {examples}."
        )
    means = sums / counts[:, None]
    divergence = negative_entropies / counts + special.entr(means).sum(axis=1)
    scores = tuple(np.exp(np.maximum(divergence, 0.0)).tolist())
    return InceptionScoreFindings(scores, features_name(classifier), examples)


def _turns(splits, seed):
    """The split of each image: all of them in a new order, again and again."""
    random = np.random.default_rng(seed)
    while True:
        yield from random.permutation(splits)


def _checked(rows):
    totals = rows.sum(axis=1)
    if rows.min() < 0 or np.abs(totals - 1).max() > SUM_TOLERANCE:
        raise ValueError(
            "The classifier must give probabilities: from 0, with a sum of 1 "
            f"in each row. Received: numbers from {rows.min():g}, sums from "
            f"{totals.min():g} to {totals.max():g}. Of logits say "
            "`from_logits=True`."
        )
    return rows / totals[:, None]
