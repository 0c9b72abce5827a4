"""What a fresh classifier reads from codes: the truth about an adversary."""

import dataclasses
from typing import Any

import numpy as np

from _keras_sparse_common.arguments import check_count, check_number
from keras_latent._types import LabelledData, Network, Sizes
from keras_latent.frozen_networks import encode
from keras_latent.labelled_data import attribute_table
from keras_latent.probe_classifier import fit_given, fit_mlp, standardize

FEWEST = 50
CHOSEN_SHARE = 0.15


@dataclasses.dataclass(frozen=True)
class ProbeFindings:
    """How much of the labels a probe reads; `float(found)` is its accuracy.

    Attributes:
        accuracy: float in [0, 1], on held-out examples, mean of attributes.
        chance: float in [0, 1], the same of always saying the label that is
            most frequent among these examples.
        accuracies, chances: tuples of the same for each attribute.
        examples: int, held-out examples that were judged.

    Example:
        >>> import keras_latent as kl
        >>> found = kl.ProbeFindings((0.5, 0.75), (0.5, 0.5), 100)
        >>> found.accuracy, found.chance
        (0.625, 0.5)
    """

    accuracies: tuple[float, ...]
    chances: tuple[float, ...]
    examples: int

    @property
    def accuracy(self) -> float:
        """Mean of `accuracies`."""
        return float(np.mean(self.accuracies))

    @property
    def chance(self) -> float:
        """Mean of `chances`."""
        return float(np.mean(self.chances))

    def __float__(self) -> float:
        return self.accuracy


def probe_accuracy(
    encoder: Network,
    data: LabelledData,
    test_data: LabelledData | None = None,
    attribute_sizes: Sizes | None = None,
    classifier: Any = None,
    held_out: float = 0.25,
    batch_size: int = 256,
    seed: int = 0,
) -> ProbeFindings:
    """Trains a fresh classifier on frozen codes; how much does it read?

    The adversary inside a training cannot tell: it lags behind an encoder
    that moves at each step, so that its loss can stand at chance while the
    label is plain in the code. This classifier starts anew, the encoder
    stands still, and the accuracy is that on examples neither training nor
    the choice of its epoch has seen. More examples make a stronger probe.

    Args:
        encoder: Keras model or function from a batch to codes of any shape;
            a `Fader` stands for its encoder. It is not changed.
        data: (x, labels) arrays, or a finite `tf.data.Dataset` of batches,
            read once; at least 50 examples. Labels are ints of shape
            (examples,) or (examples, attributes).
        test_data: the same, to judge by. None: `held_out` of `data`.
        attribute_sizes: int or list of int, classes of each attribute; then
            labels may be one-hot. None: those of a `Fader`, else as the
            largest labels say.
        classifier: function of (code_size, num_classes) that returns a new
            compiled `keras.Model` on standardized codes, or a scikit-learn
            classifier. None: two layers of 256 units (see `fit_mlp`).
        held_out: float in (0, 0.9], share of `data` without `test_data`.
        batch_size: int from 1, for the encoder and arrays.
        seed: int from 0, of the split and the default classifier.

    Returns:
        `ProbeFindings`; equal for equal arguments and order of the data.

    Raises:
        ValueError: arguments out of range, too few examples, an attribute
            with only one label, codes that are not finite.

    Source: Lample et al. 2017, arXiv:1706.00409, section 4, whose classifier
        on the latent code is the one that trains along.
    Differs from it: fresh, on frozen codes, on held-out examples.

    Example:
        >>> import keras_latent as kl
        >>> labels = np.arange(200) % 4
        >>> found = kl.probe_accuracy(lambda x: x, (np.eye(4)[labels], labels))
        >>> found.accuracy, found.examples
        (1.0, 50)
    """
    check_number("held_out", held_out, high=0.9, open_low=True)
    check_count("batch_size", batch_size)
    check_count("seed", seed, minimum=0)
    attribute_sizes = attribute_sizes or getattr(
        encoder, "attribute_sizes", None
    )
    encoder = getattr(encoder, "encoder", encoder)
    codes, labels = encode(encoder, data, batch_size)
    table, sizes = attribute_table(labels, attribute_sizes)
    count = len(codes)
    if count < FEWEST:
        raise ValueError(
            f"`data` must hold at least {FEWEST} examples, for a probe that "
            f"can learn. Received: {count}."
        )
    rows = np.random.default_rng(seed).permutation(count)
    if test_data is None:
        cut = max(1, round(held_out * count))
        test = codes[rows[:cut]], table[rows[:cut]]
        rows = rows[cut:]
    else:
        test = _encode_test(encoder, test_data, sizes, codes, batch_size)
    cut = max(1, round(CHOSEN_SHARE * len(rows)))
    split = rows[cut:], rows[:cut]
    return _probe(codes, table, sizes, split, test, classifier, seed)


def _probe(codes, table, sizes, split, test, classifier, seed):
    train, chosen, judged = standardize(*[codes[r] for r in split], test[0])
    accuracies, chances = [], []
    for column, size in enumerate(sizes):
        labels = [table[rows, column] for rows in split]
        truth = test[1][:, column]
        if len(np.unique(labels[0])) < 2:
            raise ValueError(
                "`data` must hold at least two labels of each attribute. "
                f"Received: only {labels[0][0]} of attribute {column}, among "
                f"{len(train)} examples to learn from."
            )
        pairs = (train, labels[0]), (chosen, labels[1])
        if classifier is None:
            predict = fit_mlp(*pairs, size, seed)
        else:
            model = classifier(train.shape[1], size)
            predict = fit_given(model, *pairs, size)
        accuracies.append(float(np.mean(predict(judged) == truth)))
        chances.append(float(np.bincount(truth).max() / len(truth)))
    return ProbeFindings(tuple(accuracies), tuple(chances), len(judged))


def _encode_test(encoder, data, sizes, codes, batch_size):
    test, labels = encode(encoder, data, batch_size)
    if test.shape[1] != codes.shape[1]:
        raise ValueError(
            "`test_data` must give codes as long as those of `data`. "
            f"Received: {test.shape[1]} numbers, not {codes.shape[1]}."
        )
    return test, attribute_table(labels, sizes)[0]
