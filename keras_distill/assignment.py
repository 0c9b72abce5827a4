"""How well subclasses, found without labels, agree with finer labels."""

import numpy as np
from keras import ops

from keras_distill._types import ArrayLike, TensorLike


def subclass_assignment(
    subclass_logits: TensorLike, fine_labels: ArrayLike
) -> tuple[float, np.ndarray]:
    """Accuracy of the best one-to-one naming of subclasses by fine labels.

    Each example belongs to its most probable subclass. Each subclass gets at
    most one fine label, and each label at most one subclass, such that the
    most examples are right (Hungarian algorithm, exact). Examples of a
    subclass without a label, or of a label without a subclass, are wrong:
    where there are more subclasses than labels, some get none (-1); where
    there are fewer, some labels go without.

    Args:
        subclass_logits: float array or tensor of shape (examples, K).
        fine_labels: ints of shape (examples,) or (examples, 1), from 0.

    Returns:
        (accuracy, permutation): a float in [0, 1], and an int64 array of
        shape (K,) with the fine label of each subclass, or -1.

    Raises:
        ValueError: one-hot or negative labels, logits that are not finite,
            shapes that do not fit, no examples.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936, Table 1
        (accuracy of subclasses under the best permutation);
        `scipy.optimize.linear_sum_assignment`.

    Example:
        >>> import keras_distill as kd
        >>> logits = [[9, 0, 0], [0, 9, 0], [0, 0, 9], [0, 0, 9]]
        >>> accuracy, permutation = kd.subclass_assignment(logits, [2, 1, 0, 1])
        >>> accuracy, permutation.tolist()
        (0.75, [2, 1, 0])
    """
    from scipy.optimize import linear_sum_assignment

    logits = _logits(subclass_logits)
    fine_labels = _labels("fine_labels", fine_labels, len(logits))
    names, columns = np.unique(fine_labels, return_inverse=True)
    counts = np.zeros((logits.shape[-1], len(names)), "int64")
    np.add.at(counts, (logits.argmax(axis=-1), columns), 1)
    rows, matched = linear_sum_assignment(counts, maximize=True)
    permutation = np.full(len(counts), -1, "int64")
    permutation[rows] = names[matched]
    return float(counts[rows, matched].sum() / len(logits)), permutation


def normalized_mutual_information(
    subclasses: ArrayLike, fine_labels: ArrayLike
) -> float:
    """Mutual information of subclasses and fine labels, over mean entropy.

    Args:
        subclasses: subclass logits of shape (examples, K), or the subclass of
            each example, ints of shape (examples,) from 0.
        fine_labels: ints of shape (examples,) or (examples, 1), from 0.

    Returns:
        float in [0, 1]: 1 if each tells the other, 0 if they are independent.
        The mean of the two entropies is the arithmetic one.

    Raises:
        ValueError: as `keras_distill.subclass_assignment`.

    Source: `sklearn.metrics.normalized_mutual_info_score`.

    Example:
        >>> import keras_distill as kd
        >>> kd.normalized_mutual_information([2, 2, 0, 0], [1, 1, 0, 0])
        1.0
    """
    from sklearn.metrics import normalized_mutual_info_score

    subclasses = _array(subclasses)
    if subclasses.ndim == 1:
        subclasses = _labels("subclasses", subclasses, len(subclasses))
    else:
        subclasses = _logits(subclasses).argmax(axis=-1)
    fine_labels = _labels("fine_labels", fine_labels, len(subclasses))
    return float(normalized_mutual_info_score(fine_labels, subclasses))


def _array(values):
    return np.asarray(ops.convert_to_numpy(values))


def _logits(subclass_logits):
    logits = _array(subclass_logits)
    if logits.ndim != 2 or not logits.size or not np.isfinite(logits).all():
        raise ValueError(
            "`subclass_logits` must be finite numbers of shape (examples, "
            f"K), at least one of each. Received: shape {logits.shape}, "
            f"{np.count_nonzero(~np.isfinite(logits))} of them not finite. "
            "Pass `model.predict(x)` of a subclass model."
        )
    return logits


def _labels(name, labels, examples):
    labels = _array(labels)
    flat = labels.reshape(-1)
    if labels.shape not in ((examples,), (examples, 1)) or not examples:
        raise ValueError(
            f"`{name}` must be ints of shape (examples,), one for each of "
            f"{examples} examples, at least one. Received: shape "
            f"{labels.shape}. One-hot labels become ints by "
            "`labels.argmax(-1)`."
        )
    wrong = flat[~((flat >= 0) & (flat == np.floor(flat)))]
    if wrong.size:
        raise ValueError(
            f"`{name}` must be whole numbers from 0. Received: "
            f"{wrong.size} others, such as {np.unique(wrong)[:5].tolist()}. "
            "Number the labels from 0, and leave out unlabelled examples."
        )
    return flat.astype("int64")
