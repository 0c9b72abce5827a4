"""Whether a decoder obeys the label that it is told."""

import dataclasses
from typing import Any, Literal

import numpy as np

from _keras_sparse_common.arguments import (
    check_choice,
    check_count,
    check_number,
)
from keras_latent._types import FaderLike, LabelledData, Network, Sizes
from keras_latent.fader_attributes import one_hot_attributes
from keras_latent.frozen_networks import call_frozen, encoder_and_decoder
from keras_latent.labelled_data import (
    argmax_blocks,
    attribute_table,
    labelled_batches,
)

TARGETS = ("all", "random")


@dataclasses.dataclass(frozen=True, eq=False)
class SwapFindings:
    """How often decoded images show the label asked for.

    Attributes:
        judge_accuracy: float in [0, 1], of the judge on the images as given,
            mean of the attributes: what a perfect decoder would reach.
        hits: list, for each attribute an int array (source, target): images
            in which the judge reads the target.
        counts: list of int arrays like `hits`: images decoded.

    Example:
        >>> import numpy as np, keras_latent as kl
        >>> hits, counts = np.array([[4, 3], [1, 4]]), np.full((2, 2), 4)
        >>> found = kl.SwapFindings(1.0, [hits], [counts])
        >>> found.accuracy, found.own_accuracy
        (0.5, 1.0)
    """

    judge_accuracy: float
    hits: list[np.ndarray]
    counts: list[np.ndarray]

    @property
    def accuracy(self) -> float:
        """Share of hits among other labels than the own, mean of attributes.

        Returns:
            float in [0, 1]; `float(found)` is the same.
        """
        return self._share(lambda table: table.sum() - np.trace(table))

    @property
    def own_accuracy(self) -> float:
        """Share of hits among images decoded with their own label."""
        return self._share(np.trace)

    @property
    def matrices(self) -> list[np.ndarray]:
        """For each attribute, shares (source, target); NaN without images."""
        return [
            np.where(counts, hits / np.maximum(counts, 1), np.nan)
            for hits, counts in zip(self.hits, self.counts, strict=True)
        ]

    def __float__(self) -> float:
        return self.accuracy

    def _share(self, total):
        pairs = zip(self.hits, self.counts, strict=True)
        return float(np.mean([total(a) / total(b) for a, b in pairs]))


def swap_accuracy(
    model: FaderLike,
    classifier: Network,
    data: LabelledData,
    attribute_sizes: Sizes | None = None,
    targets: Literal["all", "random"] = "all",
    minimum_judge_accuracy: float = 0.8,
    batch_size: int = 256,
    seed: int = 0,
) -> SwapFindings:
    """Decodes images with other labels and lets a classifier read them.

    A decoder that ignores the label keeps the source, so that the judge reads
    the target in almost none of the images. With several attributes one is
    changed at a time and the others keep their label.

    Args:
        model: `Fader`, or a pair (encoder, decoder) whose decoder takes
            [code, one-hot attributes]. It is not changed.
        classifier: the judge, as from `train_classifier`: Keras model or
            function from images to logits or probabilities of shape (batch,
            sum of the attributes' sizes). It must not have trained along.
        data: (images, labels) as for `probe_accuracy`, read once.
        attribute_sizes: int or list of int, classes of each attribute. None:
            those of the `Fader`; for one attribute, the outputs of the judge.
        targets: "all", every image with every label; or "random", with its
            own and one other, for speed.
        minimum_judge_accuracy: float in [0, 1]; a judge below it on the
            images themselves is refused.
        batch_size: int from 1, for arrays.
        seed: int from 0, of the random targets.

    Returns:
        `SwapFindings`.

    Raises:
        ValueError: arguments out of range, a weak judge, outputs of another
            width than the attributes, labels out of range.

    Source: Lample et al. 2017, arXiv:1706.00409: the authors' training.py
        selects models by such a classifier.

    Example:
        >>> import keras_latent as kl
        >>> labels = np.arange(8) % 4
        >>> data, code = (np.eye(4)[labels], labels), np.copy
        >>> def obey(inputs):
        ...     return inputs[1]
        >>> kl.swap_accuracy((code, obey), np.copy, data).accuracy
        1.0
    """
    check_choice("targets", targets, TARGETS)
    check_number("minimum_judge_accuracy", minimum_judge_accuracy, high=1)
    check_count("seed", seed, minimum=0)
    encoder, decoder = encoder_and_decoder(model)
    sizes = attribute_sizes or getattr(model, "attribute_sizes", None)
    random = np.random.default_rng(seed)
    tally: list[np.ndarray] = []
    right: Any = None
    examples = 0
    for images, labels in labelled_batches(data, batch_size):
        scores = call_frozen(classifier, images)
        table, sizes = attribute_table(labels, sizes or _width(labels, scores))
        if not tally:
            tally = [np.zeros((2, size, size), "int64") for size in sizes]
            right = np.zeros(len(sizes), "int64")
        right += (_read(scores, sizes) == table).sum(axis=0)
        examples += len(table)
        codes = call_frozen(encoder, images)
        for column, changed in _swaps(table, sizes, targets, random):
            told = np.asarray(one_hot_attributes(changed, sizes))
            decoded = call_frozen(decoder, [codes, told])
            read = _read(call_frozen(classifier, decoded), sizes)[:, column]
            cells = table[:, column], changed[:, column]
            np.add.at(tally[column][0], cells, read == cells[1])
            np.add.at(tally[column][1], cells, 1)
    judge = float(np.mean(right / examples))
    _check_judge(judge, minimum_judge_accuracy)
    return SwapFindings(judge, [t[0] for t in tally], [t[1] for t in tally])


def _swaps(table, sizes, targets, random):
    """The tables to decode with: pairs of the attribute changed and a table."""
    for column, size in enumerate(sizes):
        own = table[:, column]
        if targets == "all":
            columns = [np.full_like(own, target) for target in range(size)]
        else:
            columns = [own, (own + random.integers(1, size, len(own))) % size]
        for target in columns:
            changed = table.copy()
            changed[:, column] = target
            yield column, changed


def _width(labels, scores):
    """Classes of a single attribute: the outputs of the judge."""
    if labels.ndim == 1 or labels.shape[1] == 1:
        return [scores.shape[-1]]
    raise ValueError(
        "`attribute_sizes` must be given for several attributes, unless "
        f"`model` is a `Fader`. Received: labels of shape {labels.shape}."
    )


def _read(scores, sizes):
    if scores.ndim != 2 or scores.shape[1] != sum(sizes):
        raise ValueError(
            "`classifier` must give one number for each class, "
            f"{sum(sizes)} for attributes of {sizes} classes. Received: "
            f"outputs of shape {scores.shape}."
        )
    return argmax_blocks(scores, sizes)


def _check_judge(accuracy, minimum):
    if accuracy < minimum:
        raise ValueError(
            "`classifier` must read the images themselves before it judges "
            f"decoded ones. Received: accuracy {accuracy:.3f} on `data`, less "
            f"than minimum_judge_accuracy={minimum:g}. Give images in the "
            "range it was trained on, or train it longer or on more examples."
        )
