"""The curves of a Fader's training, beside what guessing would give."""

import math

import numpy as np

from _keras_sparse_common.drawing import draw

PANELS = {
    "reconstruction error": {"reconstruction_loss": ("training", "#3b6fb6")},
    "loss of the classifier": {"classifier_loss": ("in training", "#3b6fb6")},
    "reads the label, in %": {
        "classifier_accuracy": ("classifier in training", "#3b6fb6"),
        "probe_accuracy": ("fresh probe", "#d1495b"),
    },
}
GUESS = "#5b646d"


def curves_picture(history, guessing_loss, chance):
    """Draws the curves there are; epochs without a value are left out.

    Args:
        history: dict from the name of a log to a list, as in `History`.
        guessing_loss: float, loss of a classifier that guesses.
        chance: float in [0, 1], accuracy of one that guesses.

    Returns:
        bytes of a PNG; None where there is nothing to draw.
    """
    panels = {
        title: found
        for title, logs in PANELS.items()
        if (found := _found(history, logs))
    }
    if not panels:
        return None
    guesses = {
        "loss of the classifier": guessing_loss,
        "reads the label, in %": 100 * chance,
    }

    def paint(figure):
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, curves) in zip(row, panels.items(), strict=True):
            percent = 100 if "%" in title else 1
            for label, colour, epochs, values in curves:
                axes.plot(epochs, values * percent, ".-", c=colour, label=label)
            if title in guesses:
                axes.axhline(guesses[title], c=GUESS, ls="--", label="guessing")
            axes.set(title=title, xlabel="epoch")
            top = 1.08 * axes.get_ylim()[1]
            axes.set_ylim(0, 100 if percent == 100 else top)
            axes.xaxis.get_major_locator().set_params(integer=True)
            axes.spines[["top", "right"]].set_visible(False)
            axes.legend(frameon=False)

    return draw((3.1 * len(panels), 2.6), paint)


def _found(history, logs):
    """Tuples (label, colour, epochs, values), also of validation."""
    curves = []
    for prefix, style in (("", 1.0), ("val_", 0.5)):
        for name, (label, colour) in logs.items():
            values = np.array(history.get(prefix + name, []), "float64")
            finite = np.isfinite(values)
            if finite.any():
                words = "validation" if prefix else label
                epochs = np.flatnonzero(finite) + 1
                shade = (colour, style)
                curves.append((words, shade, epochs, values[finite]))
    return curves


def last_value(history, name):
    """The last number of a log that is not NaN, or None.

    Example:
        >>> from keras_latent.fader_curves import last_value
        >>> last_value({"loss": [3.0, 2.0, float("nan")]}, "loss")
        2.0
    """
    values = [float(v) for v in history.get(name, []) if not math.isnan(v)]
    return values[-1] if values else None
