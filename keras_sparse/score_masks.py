"""From scores to masks: exactly as many weights as wanted, the best ones."""

import warnings

import numpy as np
from keras import ops

from keras_sparse import global_masks
from keras_sparse.config import check_fraction
from keras_sparse.fixed_budget import FixedBudget
from keras_sparse.kth_largest import kth_largest
from keras_sparse.pattern import fitting
from keras_sparse.tensor_values import on_host


def budget(
    shapes,
    sparsity,
    scope="global",
    distribution=None,
    custom=None,
    pattern=None,
):
    """Counts the weights to keep.

    Args:
        shapes: dict path -> shape (tuple of ints).
        sparsity: float in [0, 1), share of zeros over all weights.
        scope: "global": all weights compete; "layer": each keeps its share.
        distribution: how the zeros are shared among the layers, for scope
            "layer": "uniform" (None), "erdos_renyi" or "erk".
        custom: dict path -> sparsity in [0, 1) of weights that do not follow
            the distribution, for scope "layer", or None.
        pattern: `Pattern` for scope "layer", or None.

    Returns:
        int, or for scope "layer" dict path -> int; what is left of n weights
        after floor(sparsity * n) zeros. With a pattern, the number of units
        that each of its groups keeps.

    Raises:
        ValueError: an argument is not as above.

    Example:
        >>> budget({"a": (4, 5), "b": (2, 5)}, 0.9)
        3
        >>> budget({"a": (4, 5), "b": (2, 5)}, 0.9, "layer")
        {'a': 2, 'b': 1}
    """
    sparsity = check_fraction("sparsity", sparsity)
    global_masks.check_scope(scope, pattern)
    if scope == "global":
        given = {"distribution": distribution, "custom": custom}
        given = {name: v for name, v in given.items() if v is not None}
        if given:
            raise ValueError(
                "`scope` must be 'layer' for the sparsity of single layers. "
                f"Received: scope='global' and {given}. Pass scope='layer', or "
                "leave layers dense with `filters`."
            )
        return global_masks.num_kept(list(shapes.values()), sparsity)[0]
    shared = FixedBudget(
        sparsity, distribution or "uniform", custom, pattern=pattern
    )
    return shared.num_kept(shapes)


def masks_from_scores(scores, num_kept, never_empty=False, pattern=None):
    """Keeps the weights with the largest scores: exactly as many as wanted.

    Args:
        scores: dict path -> float array or tensor of any shape.
        num_kept: int, kept of all weights together, or dict path -> int, kept
            of each.
        never_empty: bool, whether each layer keeps its best weight, whatever
            the others score; the total stays the same.
        pattern: `Pattern` or None. Where it fits, `num_kept` of a path is the
            number of units that each group keeps, by their mean score.

    Returns:
        Dict path -> boolean array, true = keep; ties go to the earlier layer
        and the lower index.

    Raises:
        ValueError: a score is not finite, or there are more layers than
            weights to keep and none may be empty.

    Example:
        >>> import numpy as np
        >>> scores = {"a": np.array([1.0, 5.0, 3.0]), "b": np.array([2.0, 4.0])}
        >>> masks = masks_from_scores(scores, 3)
        >>> masks["a"].tolist(), masks["b"].tolist()
        ([False, True, True], [False, True])
    """
    scores = {path: on_host(score) for path, score in scores.items()}
    check_finite(scores)
    if isinstance(num_kept, dict):
        masks = {
            path: _best_of_layer(
                score, num_kept[path], fitting(pattern, score.shape)
            )
            for path, score in scores.items()
        }
    else:
        masks = _best_overall(scores, num_kept)
        if never_empty and not all(mask.any() for mask in masks.values()):
            masks = _best_of_each_and_overall(scores, num_kept)
    return masks


def check_finite(scores):
    """Raises ValueError that names the layers with a NaN or infinity."""
    wrong = [p for p in scores if not np.isfinite(on_host(scores[p])).all()]
    if wrong:
        raise ValueError(
            "`scores` must be finite. Received: NaN or infinity in "
            f"{', '.join(wrong)}. Check data, loss and weights for NaN and for "
            "values out of range."
        )


def warn_of_empty(masks):
    """Warns the caller's caller of layers without a live weight."""
    empty = [path for path, mask in masks.items() if not mask.any()]
    if empty:
        warnings.warn(
            f"No weight is left in {', '.join(empty)}: no signal passes there. "
            "Lower the sparsity, or pass never_empty=True or scope='layer'.",
            stacklevel=3,
        )


def _best_of_layer(score, num_kept, pattern):
    if pattern is None:
        return _best_overall({"": score}, num_kept)[""]
    means = ops.convert_to_numpy(ops.mean(pattern.units(score), axis=-1))
    ranks = np.argsort(np.argsort(-means, axis=1, kind="stable"), axis=1)
    return ops.convert_to_numpy(pattern.weights(ranks < num_kept, score.shape))


def _best_overall(scores, num_kept):
    if not num_kept:
        return {path: np.zeros(s.shape, bool) for path, s in scores.items()}
    threshold, num_ties = kth_largest(list(scores.values()), num_kept)
    masks = {}
    for path, score in scores.items():
        mask = score > threshold
        tied = np.flatnonzero(score == threshold)[:num_ties]
        mask.reshape(-1)[tied] = True
        num_ties -= len(tied)
        masks[path] = mask
    return masks


def _best_of_each_and_overall(scores, num_kept):
    if num_kept < len(scores):
        raise ValueError(
            "`sparsity` must leave a weight for each of the "
            f"{len(scores)} layers if `never_empty`. Received: a sparsity that "
            f"keeps {num_kept}. Lower it, or mask fewer layers by `filters`."
        )
    best = {path: int(np.argmax(score)) for path, score in scores.items()}
    rest = {
        path: np.delete(score.reshape(-1), best[path])
        for path, score in scores.items()
    }
    masks = {}
    for path, mask in _best_overall(rest, num_kept - len(scores)).items():
        masks[path] = np.insert(mask, best[path], True)
        masks[path] = masks[path].reshape(scores[path].shape)
    return masks
