"""Whether a Fader forgot the label: the numbers, a verdict and the reasons."""

import dataclasses
import math
from typing import Literal

import numpy as np

from _keras_sparse_common.arguments import check_number
from keras_latent.probe import ProbeFindings
from keras_latent.reconstruction_error import ReconstructionFindings
from keras_latent.swap import SwapFindings

FOOLED = 0.9  # of the loss of guessing: the classifier looks fooled


@dataclasses.dataclass(frozen=True)
class FaderLimits:
    """What a Fader must reach.

    Args:
        readable: float in [0, 1], the most that a probe may read of what
            there is beyond guessing, (accuracy - chance) / (1 - chance), of
            each attribute. 0.2 is an accuracy of 28 % for ten even labels.
        swap: float in [0, 1], the least swap accuracy.
        error_ratio: float from 1, the most reconstruction error, in units of
            the baseline's.

    Raises:
        ValueError: numbers out of range.

    Example:
        >>> import keras_latent as kl
        >>> round(kl.FaderLimits(readable=0.2).probe(chance=0.1), 2)
        0.28
    """

    readable: float = 0.2
    swap: float = 0.8
    error_ratio: float = 1.5

    def __post_init__(self) -> None:
        check_number("readable", self.readable, high=1.0)
        check_number("swap", self.swap, high=1.0)
        check_number("error_ratio", self.error_ratio, low=1.0)

    def probe(self, chance: float) -> float:
        """The accuracy that a probe may reach.

        Args:
            chance: float in [0, 1], the accuracy of guessing.

        Returns:
            float in [0, 1].
        """
        return chance + self.readable * (1 - chance)


@dataclasses.dataclass(frozen=True, eq=False)
class FaderFindings:
    """The numbers of a report and what they mean.

    Attributes:
        verdict: "SUCCESS" or "FAILURE".
        reasons: list of str, a sentence or more for each thing that failed;
            empty for a success.
        probe: `ProbeFindings`.
        swap: `SwapFindings`.
        reconstruction: `ReconstructionFindings`.
        classifier_loss: float, the last of the classifier in training, or
            None where it is not known.
        guessing_loss: float, that of a classifier which knows only how
            frequent each label is: ln 10 for ten even labels.

    Example:
        >>> import keras_latent as kl
        >>> probe = kl.ProbeFindings((0.9,), (0.1,), 100)
        >>> swap = kl.SwapFindings(1.0, [np.eye(2)], [np.ones((2, 2))])
        >>> error = kl.ReconstructionFindings(0.1, None, (-1.0, 1.0))
        >>> found = kl.FaderFindings(
        ...     "FAILURE", ["A probe reads it."], probe, swap, error, 2.29, 2.3)
        >>> found.looks_fooled
        True
    """

    verdict: Literal["SUCCESS", "FAILURE"]
    reasons: list[str]
    probe: ProbeFindings
    swap: SwapFindings
    reconstruction: ReconstructionFindings
    classifier_loss: float | None
    guessing_loss: float

    @property
    def looks_fooled(self) -> bool:
        """Whether the classifier in training seems to know nothing."""
        return looks_fooled(self.classifier_loss, self.guessing_loss)


def guessing_loss(table, sizes):
    """Cross-entropy of a classifier that knows the shares of the labels.

    Args:
        table: int array (examples, attributes).
        sizes: list of int, classes of each attribute.

    Returns:
        Float, in nats, summed over the attributes like `classifier_loss`.

    Example:
        >>> from keras_latent.fader_verdict import guessing_loss
        >>> round(guessing_loss(np.arange(10)[:, None], [10]), 3)
        2.303
    """
    total = 0.0
    for column, size in enumerate(sizes):
        shares = np.bincount(table[:, column], minlength=size) / len(table)
        shares = shares[shares > 0]
        total -= float(np.sum(shares * np.log(shares)))
    return total


def looks_fooled(loss, guessing):
    """Whether a loss is near (from 90 %) or above that of guessing."""
    return loss is not None and (loss >= FOOLED * guessing or math.isnan(loss))


def judge_fader(probe, swap, reconstruction, loss, guessing, limits):
    """Compares numbers with limits and says in words what is wrong.

    Args:
        probe: `ProbeFindings`.
        swap: `SwapFindings`.
        reconstruction: `ReconstructionFindings`; judged with a baseline only.
        loss: float or None, last loss of the classifier in training.
        guessing: float, from `guessing_loss`.
        limits: `FaderLimits`.

    Returns:
        `FaderFindings`. The loss of the classifier in training is never a
        reason for success.
    """
    reasons = [
        *_probe_reasons(probe, loss, guessing, limits),
        *_swap_reasons(swap, limits),
        *_error_reasons(reconstruction, limits),
    ]
    verdict = "FAILURE" if reasons else "SUCCESS"
    return FaderFindings(
        verdict, reasons, probe, swap, reconstruction, loss, guessing
    )


def _probe_reasons(probe, loss, guessing, limits):
    pairs = list(zip(probe.accuracies, probe.chances, strict=True))
    reasons = [
        f"A fresh classifier reads {_of(index, len(pairs))} from the code of "
        f"{_percent(accuracy)} of the held-out examples, where guessing is "
        f"right in {_percent(chance)} and {_percent(limits.probe(chance))} is "
        "the limit: the label is still in the code."
        for index, (accuracy, chance) in enumerate(pairs)
        if accuracy > limits.probe(chance)
    ]
    if reasons and looks_fooled(loss, guessing):
        reasons.append(
            "The classifier in training only looks fooled: its loss of "
            f"{loss:.2f} is near that of guessing, {guessing:.2f}, but an "
            "encoder that moves at each step can outrun one classifier "
            "without hiding anything. Give the classifier more steps "
            "(`critic_steps`), the encoder a lower learning rate, or train "
            "longer; do not go by `classifier_loss`."
        )
    elif reasons and loss is not None:
        reasons.append(
            f"The classifier in training reads it too: loss {loss:.2f}, where "
            f"guessing gives {guessing:.2f}. Raise `beta` or train longer."
        )
    return reasons


def _swap_reasons(swap, limits):
    if swap.accuracy >= limits.swap:
        return []
    own = _percent(swap.own_accuracy)
    if swap.own_accuracy >= limits.swap:
        cause = (
            f"With their own label {own} do: the decoder does not go by the "
            "label it is told, but by what it finds in the code."
        )
    else:
        cause = (
            f"With their own label only {own} do: the decoder has not learned "
            "to draw. Train longer, or lower `beta`."
        )
    return [
        "Decoded with another label, only "
        f"{_percent(swap.accuracy)} of the images show that label; "
        f"{_percent(limits.swap)} is the limit, and of the images themselves "
        f"the judge reads {_percent(swap.judge_accuracy)}. {cause}"
    ]


def _error_reasons(reconstruction, limits):
    ratio = reconstruction.ratio
    if ratio is None or ratio <= limits.error_ratio:
        return []
    return [
        f"The reconstruction error is {ratio:.2f} times that of the baseline; "
        f"{limits.error_ratio:g} is the limit. The code has lost more than "
        "the label: lower `beta` or give the code more numbers."
    ]


def _of(index, count):
    return "the label" if count == 1 else f"attribute {index}"


def _percent(share):
    return f"{100 * share:.1f} %"
