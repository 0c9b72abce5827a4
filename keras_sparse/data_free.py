"""Pruning before training without data: SynFlow, by magnitude, at random."""

from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np

from keras_sparse._types import Distribution, Filters, Masks, Scope
from keras_sparse.config import check_choice, check_count
from keras_sparse.fixed_budget import FixedBudget
from keras_sparse.pattern import Pattern, num_units
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency_scores import magnitude_score, synflow_counts
from keras_sparse.score_masks import budget, masks_from_scores, warn_of_empty
from keras_sparse.synflow_model import SynFlowModel, check_flow


def synflow(
    model: keras.Model,
    sparsity: float | None = None,
    rounds: int = 100,
    *,
    filters: Filters = None,
    biases: Literal["zero", "absolute"] = "zero",
    dtype: Literal["float64"] | None = "float64",
    input_shape: Any = None,
    scope: Scope = "global",
    distribution: Distribution | None = None,
    custom: Mapping[str, float] | None = None,
    never_empty: bool = False,
    pattern: Pattern | None = None,
) -> Masks:
    """Keeps the weights on the strongest paths from input to output (SynFlow).

    Needs no data: an input of ones goes through the net of the weights'
    magnitudes, in inference mode. Pruned step by step; nothing of the model
    changes.

    Args:
        model: built `keras.Model`. The activation of its last layer is left
            out; a subclassed model has to return logits.
        sparsity: float in [0, 1), share of zeros over all chosen weights.
        rounds: int from 1; the density falls by the same factor in each.
        filters: which weights, as in `SparseOptimizer`.
        biases: "zero": biases, moving means and shifts of normalisation count
            as 0, so that each layer's scores have the same sum; "absolute":
            as their magnitudes.
        dtype: "float64", in which 60 layers of 512 units do not overflow, or
            None: what the layers compute in.
        input_shape: tuple, or structure of tuples, without the batch axis, for
            models that do not say it; None: what the model says.
        scope, distribution, custom, never_empty, pattern: as in `snip`.

    Returns:
        Dict variable path -> boolean numpy array, as in `snip`.

    Raises:
        ValueError: an argument is not as above, a score is not finite, or the
            outputs do not depend on the weights.

    Source: Tanaka et al. 2020, arXiv:2006.05467, algorithm 1;
        ganguli-lab/Synaptic-Flow, `Pruners/pruners.py`, whose biases are
        "absolute".

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> masks = synflow(model, sparsity=0.75, rounds=10)
        >>> [int(mask.sum()) for mask in masks.values()]
        [8]
    """
    pure = PureModel(model, filters)
    shapes = pure.shapes()
    counts = budget(shapes, sparsity, scope, distribution, custom, pattern)
    check_count("rounds", rounds, 1)
    check_choice("biases", biases, ("zero", "absolute"))
    check_choice("dtype", dtype, ("float64", None))
    masks = {path: np.ones(shape, bool) for path, shape in shapes.items()}
    net = SynFlowModel(pure, biases, input_shape)
    with net.prepared(dtype):
        budgets = _schedule(shapes, counts, rounds, pattern)
        for number, wanted in enumerate(budgets):
            scores = net.scores(masks)
            check_flow(scores, number)
            masks = masks_from_scores(scores, wanted, never_empty, pattern)
    warn_of_empty(masks)
    return masks


def magnitude(
    model: keras.Model,
    sparsity: float | None = None,
    scope: Scope = "global",
    filters: Filters = None,
    *,
    distribution: Distribution | None = None,
    custom: Mapping[str, float] | None = None,
    never_empty: bool = False,
    pattern: Pattern | None = None,
) -> Masks:
    """Keeps the weights of the largest magnitude.

    Args:
        model: built `keras.Model`; nothing of it changes.
        sparsity: float in [0, 1), share of zeros over all chosen weights.
        scope, filters, distribution, custom, never_empty, pattern: as in
            `snip`.

    Returns:
        Dict variable path -> boolean numpy array, as in `snip`.

    Raises:
        ValueError: an argument is not as above, or a weight is not finite.

    Source: Han et al. 2015, arXiv:1506.02626; before training the baseline
        of Frankle et al. 2021, arXiv:2009.08576.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> masks = magnitude(model, sparsity=0.75)
        >>> [int(mask.sum()) for mask in masks.values()]
        [8]
    """
    pure = PureModel(model, filters)
    counts = budget(
        pure.shapes(), sparsity, scope, distribution, custom, pattern
    )
    scores = {
        path: magnitude_score(value)
        for path, value in zip(pure.weights, pure.values(), strict=True)
    }
    masks = masks_from_scores(scores, counts, never_empty, pattern)
    warn_of_empty(masks)
    return masks


def random(
    model: keras.Model,
    sparsity: float | None = None,
    distribution: Distribution = "erk",
    custom: Mapping[str, float] | None = None,
    seed: int = 0,
    filters: Filters = None,
    *,
    dense_first: bool = False,
    pattern: Pattern | None = None,
) -> Masks:
    """Draws the masks at random: those that `Static` starts from.

    Args:
        model: built `keras.Model`; nothing of it changes.
        sparsity, distribution, custom, seed, dense_first, pattern: as in
            `Static`.
        filters: which weights, as in `SparseOptimizer`.

    Returns:
        Dict variable path -> boolean numpy array, as in `snip`; each layer
        keeps size - floor(its sparsity * size) weights.

    Raises:
        ValueError: an argument is not as above.

    Source: Evci et al. 2020, arXiv:1911.11134, section 3.

    Example:
        >>> import keras
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> masks = random(model, sparsity=0.75, seed=1)
        >>> [int(mask.sum()) for mask in masks.values()]
        [8]
    """
    pure = PureModel(model, filters)
    drawn = FixedBudget(
        sparsity,  # type: ignore[arg-type]  # None is refused there
        distribution,
        custom,
        dense_first,
        seed,
        pattern,
    )
    return drawn.initial_masks(pure.weights)


def _schedule(shapes, counts, rounds, pattern):
    """The budget of each round."""
    if not isinstance(counts, dict):
        size = sum(int(np.prod(shape)) for shape in shapes.values())
        return synflow_counts(size, counts, rounds)
    layers = [
        synflow_counts(num_units(pattern, shapes[path]), counts[path], rounds)
        for path in counts
    ]
    return [
        dict(zip(counts, wanted, strict=True))
        for wanted in zip(*layers, strict=True)
    ]
