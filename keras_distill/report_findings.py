"""What a report says about subclasses, as numbers."""

import dataclasses

import numpy as np

from keras_distill.assignment import (
    normalized_mutual_information,
    subclass_assignment,
)


@dataclasses.dataclass(frozen=True, eq=False)
class SubclassFindings:
    """How the subclasses of a model agree with fine labels.

    Attributes:
        accuracy: float in [0, 1], share of the examples that are right where
            each subclass stands for its fine label.
        mutual_information: float in [0, 1], normalized.
        used: int, subclasses that hold more than a fifth of an even share of
            the examples: more than 2 % where there are ten.
        subclasses: int array (examples,), the subclass of each example.
        fine_labels: int array (labels,), the fine labels there are.
        counts: int array (K, labels), examples by subclass and fine label.
        permutation: int array (K,), the fine label that each subclass stands
            for, or -1.
        num_classes: int; subclass k is one of class `k // (K / num_classes)`.

    Example:
        >>> import numpy as np
        >>> import keras_distill as kd
        >>> counts, own = np.array([[0, 3], [2, 0]]), np.array([1, 0])
        >>> found = kd.SubclassFindings(
        ...     1.0, 1.0, 2, np.repeat([0, 1], [3, 2]), np.arange(2), counts,
        ...     own, num_classes=2)
        >>> found.order.tolist(), found.class_of(1)
        ([1, 0], 1)
    """

    accuracy: float
    mutual_information: float
    used: int
    subclasses: np.ndarray
    fine_labels: np.ndarray
    counts: np.ndarray
    permutation: np.ndarray
    num_classes: int

    @property
    def order(self) -> np.ndarray:
        """Subclasses in the order of the fine labels they stand for."""
        matched = self.permutation >= 0
        first = np.argsort(self.permutation[matched], kind="stable")
        return np.concatenate(
            [np.flatnonzero(matched)[first], np.flatnonzero(~matched)]
        )

    def class_of(self, subclass: int) -> int:
        """The class that a subclass is one of.

        Args:
            subclass: int from 0 to K - 1.

        Returns:
            int from 0 to `num_classes` - 1.
        """
        return int(subclass) * self.num_classes // len(self.counts)


def find_subclasses(subclass_logits, fine_labels, num_classes):
    """Counts subclasses against fine labels.

    Args:
        subclass_logits: float array of shape (examples, K).
        fine_labels: ints of shape (examples,) or (examples, 1), from 0, of at
            least two values.
        num_classes: int, a divisor of K.

    Returns:
        `SubclassFindings`.

    Raises:
        ValueError: as `keras_distill.subclass_assignment`; one fine label.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936, Table 1.

    Example:
        >>> from keras_distill.report_findings import find_subclasses
        >>> logits = [[9, 0, 0, 0], [0, 9, 0, 0], [0, 0, 9, 0], [0, 0, 9, 0]]
        >>> found = find_subclasses(logits, [1, 0, 2, 2], num_classes=2)
        >>> found.accuracy, found.used, found.order.tolist(), found.class_of(2)
        (1.0, 3, [1, 0, 2, 3], 1)
    """
    accuracy, permutation = subclass_assignment(subclass_logits, fine_labels)
    logits = np.asarray(subclass_logits)
    names, columns = np.unique(fine_labels, return_inverse=True)
    if len(names) < 2:
        raise ValueError(
            "`fine_labels` must have at least two values, to compare the "
            f"subclasses with. Received: only {names[0]}. Pass labels that "
            "are finer than the classes."
        )
    subclasses = logits.argmax(axis=-1)
    counts = np.zeros((logits.shape[-1], len(names)), "int64")
    np.add.at(counts, (subclasses, columns.reshape(-1)), 1)
    even = len(logits) / len(counts)
    return SubclassFindings(
        accuracy=accuracy,
        mutual_information=normalized_mutual_information(logits, fine_labels),
        used=int(np.sum(counts.sum(axis=1) > 0.2 * even)),
        subclasses=subclasses,
        fine_labels=names.astype("int64"),
        counts=counts,
        permutation=permutation,
        num_classes=num_classes,
    )
