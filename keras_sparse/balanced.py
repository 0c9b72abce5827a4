"""A sample with the same number of examples of every class."""

from typing import Any

import keras
import numpy as np

from keras_sparse.batches import count_examples
from keras_sparse.config import check_count


def balanced_batch(
    x: Any, y: np.ndarray, samples_per_class: int, seed: int = 0
) -> tuple[Any, np.ndarray]:
    """Draws the same number of examples of every class.

    Args:
        x: array, or structure of arrays, of n examples.
        y: integer array (n,) or (n, 1), or one-hot array (n, classes).
        samples_per_class: int from 1.
        seed: int from 0.

    Returns:
        Tuple (x, y) of arrays with classes * samples_per_class examples, drawn
        without replacement and ordered by class.

    Raises:
        ValueError: a class has too few examples, or an argument is not as
            above.

    Source: alecwangcq/GraSP, `pruner/GraSP.py`, `GraSP_fetch_data`.
    Differs from it: examples are drawn at random, not the first that come.

    Example:
        >>> import numpy as np
        >>> y = np.array([0, 1, 0, 1, 1, 0])
        >>> balanced_batch(np.arange(6), y, samples_per_class=2)[1]
        array([0, 0, 1, 1])
    """
    check_count("samples_per_class", samples_per_class, 1)
    check_count("seed", seed, 0)
    count_examples(x, y)
    targets = np.asarray(y)
    labels = _labels(targets)
    classes, counts = np.unique(labels, return_counts=True)
    few = counts < samples_per_class
    if few.any():
        found = dict(
            zip(classes[few].tolist(), counts[few].tolist(), strict=True)
        )
        raise ValueError(
            "`samples_per_class` must not exceed the examples of any class. "
            f"Received: samples_per_class={samples_per_class}, but classes "
            f"with fewer: {found}. Lower it or add data."
        )
    generator = np.random.default_rng(seed)
    drawn = [
        generator.permutation(np.flatnonzero(labels == label))
        for label in classes
    ]
    chosen = np.concatenate([part[:samples_per_class] for part in drawn])
    taken = keras.tree.map_structure(lambda a: np.asarray(a)[chosen], x)
    return taken, targets[chosen]


def _labels(targets):
    if targets.ndim == 2 and targets.shape[1] > 1:
        return targets.argmax(axis=1)
    if targets.size != len(targets):
        raise ValueError(
            "`y` must be integer labels (n,) or (n, 1), or one-hot (n, "
            f"classes). Received: shape {targets.shape}. Pass class labels."
        )
    return targets.reshape(-1)
