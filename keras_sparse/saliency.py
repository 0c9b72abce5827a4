"""Pruning before training by what the data say: SNIP and GraSP."""

import numbers
from collections.abc import Mapping
from typing import Any, Literal

import keras
import numpy as np

from keras_sparse._types import Distribution, Filters, Masks, Scope
from keras_sparse.batches import stream
from keras_sparse.config import check_choice
from keras_sparse.data_free import magnitude, random, synflow
from keras_sparse.data_scores import grasp_scores, snip_scores
from keras_sparse.pattern import Pattern
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency_losses import data_loss
from keras_sparse.score_masks import budget, masks_from_scores, warn_of_empty
from keras_sparse.tempered import OUTPUTS

__all__ = ["grasp", "magnitude", "random", "snip", "synflow"]


def snip(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sparsity: float | None = None,
    loss: Any = None,
    scope: Scope = "global",
    filters: Filters = None,
    batch_size: int = 128,
    *,
    sample_weight: np.ndarray | None = None,
    training: bool = False,
    distribution: Distribution | None = None,
    custom: Mapping[str, float] | None = None,
    never_empty: bool = False,
    pattern: Pattern | None = None,
) -> Masks:
    """Keeps the weights whose removal would change the loss most (SNIP).

    Goes through the data once; nothing of the model changes.

    Args:
        model: built `keras.Model`.
        x: array (examples, ...) or list, tuple or dict of arrays; or, with
            `y=None`, a `tf.data.Dataset`, `keras.utils.PyDataset` or iterable
            of batches (x, y) or (x, y, sample_weight).
        y: array (examples, ...) or structure of arrays, or None.
        sparsity: float in [0, 1), share of zeros over all chosen weights.
        loss: `keras.losses.Loss`, its name, a function (y_true, y_pred), or
            one of these per output; None: the loss the model is compiled with.
            Weight decay does not count.
        scope: "global": all weights compete; "layer": each layer keeps a
            number of its own, by `distribution` and `custom`.
        filters: which weights, as in `SparseOptimizer`.
        batch_size: int from 1, examples at a time, for arrays.
        sample_weight: array (examples,) or None, for arrays.
        training: bool, whether batch normalisation uses the batch's own
            statistics, and dropout drops.
        distribution: "uniform" (None), "erdos_renyi" or "erk", for "layer".
        custom: dict path -> sparsity in [0, 1), for "layer", or None.
        never_empty: bool, whether each layer keeps at least one weight; the
            total stays the same.
        pattern: what is kept or dropped as a whole, by its mean score:
            `Block`, `NofM`, `Channels`, `ConstantFanIn`, or None: single
            weights. With scope "layer" only.

    Returns:
        Dict variable path -> boolean numpy array, true = keep, as
        `sparsify(..., masks=...)` takes it: exactly n - floor(sparsity * n)
        of n weights; ties go to the lower index. A warning names layers that
        are left empty.

    Raises:
        ValueError: an argument is not as above, or a score is not finite.

    Source: Lee et al. 2019, arXiv:1810.02340; namhoonlee/snip-public.
    Differs from the authors' code: weights only, where it also scores biases;
        the mean over all the data given, where it takes one batch of 100; the
        weights stay as they are.

    Example:
        >>> import keras, numpy as np, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> x, y = np.eye(8), np.eye(8, 4)
        >>> masks = snip(model, x, y, sparsity=0.75, loss="mse")
        >>> optimizer = ks.sparsify(model, "adam", ks.Static(0.75), masks)
        >>> [int(mask.sum()) for mask in optimizer.masks.values()]
        [8]
    """
    pure = PureModel(model, filters)
    counts = budget(
        pure.shapes(), sparsity, scope, distribution, custom, pattern
    )
    start = stream(x, y, sample_weight, batch_size)
    scores = snip_scores(pure, data_loss(model, loss), start, training)
    masks = masks_from_scores(scores, counts, never_empty, pattern)
    warn_of_empty(masks)
    return masks


def grasp(
    model: keras.Model,
    x: Any,
    y: Any = None,
    sparsity: float | None = None,
    temperature: float = 200.0,
    loss: Any = None,
    scope: Scope = "global",
    filters: Filters = None,
    batch_size: int = 128,
    *,
    sample_weight: np.ndarray | None = None,
    training: bool = True,
    reduction: Literal["mean", "sum"] = "mean",
    outputs: Literal["logits", "softmax", "sigmoid"] | None = None,
    distribution: Distribution | None = None,
    custom: Mapping[str, float] | None = None,
    never_empty: bool = False,
    pattern: Pattern | None = None,
) -> Masks:
    """Keeps the weights that the flow of the gradient needs most (GraSP).

    Goes through the data twice; nothing of the model changes.

    Args:
        model, x, y, sparsity, loss, scope, filters, batch_size, sample_weight,
            distribution, custom, never_empty, pattern: as in `snip`. `x`
            must be something that can be gone through twice; `balanced_batch`
            draws the authors' sample.
        temperature: float > 0 that divides the logits.
        training: bool, as in `snip`; dropout drops the same in every batch.
        reduction: "mean": the mean loss over all examples; "sum": the sum of
            the batches' means. They differ by more than a factor only if the
            batches differ in size.
        outputs: "logits", "softmax" or "sigmoid", what the model returns, or
            None: what the loss says.

    Returns:
        Dict variable path -> boolean numpy array, as in `snip`.

    Raises:
        ValueError: an argument is not as above, or a score is not finite.

    Source: Wang et al. 2020, arXiv:2002.07376, algorithm 1;
        alecwangcq/GraSP, `pruner/GraSP.py`, whose two halves are two batches
        with `reduction="sum"`.
    Differs from the authors' code: keeps exactly the wanted number, where it
        keeps one more; dense layers are not initialised anew.

    Example:
        >>> import keras, numpy as np
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        >>> x, y = np.eye(8), np.arange(8) % 4
        >>> masks = grasp(model, x, y, sparsity=0.75, loss=loss)
        >>> [int(mask.sum()) for mask in masks.values()]
        [8]
    """
    pure = PureModel(model, filters)
    counts = budget(
        pure.shapes(), sparsity, scope, distribution, custom, pattern
    )
    _check_grasp(temperature, reduction, outputs)
    start = stream(x, y, sample_weight, batch_size, passes=2)
    compare = data_loss(model, loss, temperature, outputs)
    scores = grasp_scores(pure, compare, start, training, reduction)
    masks = masks_from_scores(scores, counts, never_empty, pattern)
    warn_of_empty(masks)
    return masks


def _check_grasp(temperature, reduction, outputs):
    check_choice("reduction", reduction, ("mean", "sum"))
    check_choice("outputs", outputs, (None, *OUTPUTS))
    number = isinstance(temperature, numbers.Real)
    number = number and not isinstance(temperature, bool)
    if not number or not 0 < temperature < np.inf:
        raise ValueError(
            "`temperature` must be a finite number above 0. Received: "
            f"temperature={temperature!r}. The authors use 200."
        )
