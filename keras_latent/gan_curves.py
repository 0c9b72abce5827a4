"""The curves of a GAN's training, and which mutations won."""

import numpy as np

from _keras_sparse_common.drawing import draw

PANELS = {
    "losses": ("d_loss", "g_loss", "information_loss"),
    "mean logits": ("real_score", "fake_score"),
    "penalties": ("d_penalty", "g_penalty"),
    "fitness": ("fitness", "quality", "diversity"),
}
COLOURS = ("#3b6fb6", "#d1495b", "#2a9d6f", "#c78a1b", "#7a5ab5", "#5b646d")
WINS = "wins_"


def as_columns(history):
    """Logs as lists by name, whatever a training returned.

    Args:
        history: None; what `fit` returned; its dict of lists; or a dict of
            such dicts, as `ProgressiveGAN.fit_stages` returns it.

    Returns:
        dict, name of a log -> list of an entry per epoch; NaN where a stage
        has no such log.

    Example:
        >>> from keras_latent.gan_curves import as_columns
        >>> as_columns({4: {"d_loss": [3.0, 2.0]}, 8: {"d_loss": [1.0]}})
        {'d_loss': [3.0, 2.0, 1.0]}
    """
    history = getattr(history, "history", history) or {}
    stages = list(history.values())
    if not stages or not isinstance(stages[0], dict):
        return dict(history)
    lengths = [max(map(len, stage.values()), default=0) for stage in stages]
    names = dict.fromkeys(name for stage in stages for name in stage)
    return {
        name: [
            value
            for stage, length in zip(stages, lengths, strict=True)
            for value in stage.get(name, [float("nan")] * length)
        ]
        for name in names
    }


def curves_picture(history):
    """Draws the curves that there are over the epochs.

    Args:
        history: dict from the name of a log to a list; see `as_columns`.

    Returns:
        bytes of a PNG; None where there is nothing to draw.
    """
    given = dict(PANELS)
    # Accuracies and errors of an InfoGAN's codes.
    given["codes read back"] = [n for n in history if n.startswith("code_")]
    panels = {
        title: found
        for title, names in given.items()
        if (found := [name for name in names if _finite(history, name)])
    }
    if not panels:
        return None

    def paint(figure):
        row = figure.subplots(1, len(panels), squeeze=False)[0]
        for axes, (title, names) in zip(row, panels.items(), strict=True):
            for index, name in enumerate(names):
                values = np.asarray(history[name], "float64")
                colour = COLOURS[index % len(COLOURS)]
                mark = "." if len(values) < 40 else ""
                epochs = np.arange(1, len(values) + 1)
                words = name.replace("_", " ")
                axes.plot(epochs, values, "-", marker=mark, c=colour, lw=1.2)
                axes.lines[-1].set_label(words)
            _finish(axes, title)

    return draw((max(4.2, 2.9 * len(panels)), 2.6), paint)


def winners_picture(history):
    """Draws the share of survivors of each mutation, epoch by epoch.

    Args:
        history: dict from the name of a log to a list, with the `wins_` of an
            `EvolutionaryGAN`.

    Returns:
        bytes of a PNG; None where there are no such logs.
    """
    names = [name for name in history if name.startswith(WINS)]
    if not names:
        return None
    shares = np.array([history[name] for name in names], "float64")

    def paint(figure):
        axes = figure.subplots()
        bottom = np.zeros(shares.shape[1])
        epochs = np.arange(1, shares.shape[1] + 1)
        for index, (name, share) in enumerate(zip(names, shares, strict=True)):
            label = name.removeprefix(WINS).replace("_", " ")
            colour = COLOURS[index % len(COLOURS)]
            axes.bar(epochs, 100 * share, 1.0, 100 * bottom, color=colour)
            axes.containers[-1].set_label(label)
            bottom += share
        _finish(axes, "survivors by mutation, in %")
        axes.set(ylim=(0, 100), xlim=(0.5, len(epochs) + 0.5))
        axes.legend(frameon=False, loc="center left", bbox_to_anchor=(1, 0.5))

    return draw((6.2, 2.6), paint)


def win_shares(history):
    """Mean share of the survivors of each mutation, over the epochs.

    Example:
        >>> from keras_latent.gan_curves import win_shares
        >>> win_shares({"wins_minimax": [0.5, 1.0], "g_loss": [1, 1]})
        {'minimax': 0.75}
    """
    return {
        name.removeprefix(WINS): float(np.mean(values))
        for name, values in history.items()
        if name.startswith(WINS)
    }


def _finite(history, name):
    values = np.asarray(history.get(name, []), "float64")
    return values.ndim == 1 and np.isfinite(values).any()


def _finish(axes, title):
    axes.set(title=title, xlabel="epoch")
    axes.xaxis.get_major_locator().set_params(integer=True)
    axes.spines[["top", "right"]].set_visible(False)
    axes.legend(frameon=False)
