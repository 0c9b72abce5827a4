"""Pictures of two domains: their images, their features, the training."""

import numpy as np

from _keras_sparse_common.drawing import draw

SHOWN = 10
MAPPED = 200
RIGHT, WRONG = "#1a7f37", "#b3261e"


def examples_picture(source, target, guesses):
    """Shows images of both domains, and what both networks say of the target.

    Args:
        source: array (n, height, width, channels) in [0, 1].
        target: tuple (images, labels) of as many.
        guesses: dict, name of a network -> int array (n,), of the target.

    Returns:
        bytes of a PNG: two rows, and under the second the guesses, green
        where they are right.
    """
    images, labels = target
    count = len(images)

    def paint(figure):
        axes = figure.subplots(2, count, squeeze=False)
        for row, shown in enumerate((source, images)):
            for axis, image in zip(axes[row], shown, strict=True):
                axis.imshow(image.squeeze(), "gray", vmin=0, vmax=1)
                axis.set(xticks=[], yticks=[])
                axis.spines[:].set_visible(False)
        for row, name in enumerate(("source", "target")):
            axes[row, 0].set_ylabel(name)
        for column, axis in enumerate(axes[1]):
            for line, (name, found) in enumerate(guesses.items()):
                right = found[column] == labels[column]
                where = (0.5, -0.08 - 0.22 * line)
                axis.annotate(
                    str(found[column]),
                    where,
                    xycoords="axes fraction",
                    ha="center",
                    va="top",
                    color=RIGHT if right else WRONG,
                )
                if column == 0:
                    axis.annotate(
                        f"{name}: ",
                        (0.0, where[1]),
                        xycoords="axes fraction",
                        ha="right",
                        va="top",
                    )

    return draw((8.5, 2.4), paint)


def features_picture(codes, labels):
    """Maps the features of both domains, once for each network.

    Args:
        codes: dict, name of a network -> tuple (source, target) of float
            arrays (n, numbers).
        labels: tuple of int arrays (n,), of the same.

    Returns:
        bytes of a PNG: a t-SNE map per network; the colour is the label, the
        source is dots and the target crosses.
    """
    from matplotlib import colormaps

    colors = colormaps["tab10"]

    def paint(figure):
        axes = figure.subplots(1, len(codes), squeeze=False)[0]
        for axis, (name, pair) in zip(axes, codes.items(), strict=True):
            points = np.split(_map(np.concatenate(pair)), [len(pair[0])])
            for part, marker, own in zip(points, "ox", labels, strict=True):
                shades = colors(own % 10)
                size, width = (9, 0) if marker == "o" else (12, 0.8)
                axis.scatter(*part.T, size, shades, marker, linewidths=width)
            axis.set(xticks=[], yticks=[], title=name)
        for marker, name in zip("ox", ("source", "target"), strict=True):
            axes[-1].scatter([], [], 14, "#1d2227", marker, label=name)
        figure.legend(loc="outside right upper", frameon=False)

    return draw((8.5, 4.0), paint)


def curves_picture(histories):
    """Draws loss and domain accuracy over the epochs, for each network.

    Args:
        histories: dict, name of a network -> list of dicts, logs of epochs.

    Returns:
        bytes of a PNG.
    """
    panels = {
        "label_loss": "loss of the labels, source",
        "domain_accuracy": "accuracy of the domain classifier",
    }

    def paint(figure):
        axes = figure.subplots(1, len(panels))
        for axis, (key, title) in zip(axes, panels.items(), strict=True):
            for name, history in histories.items():
                values = [logs[key] for logs in history]
                axis.plot(range(1, len(values) + 1), values, label=name)
            axis.set(xlabel="epoch", title=title)
            axis.xaxis.get_major_locator().set_params(integer=True)
        axes[0].set_ylim(bottom=0)
        axes[1].axhline(0.5, color="#8a8f98", lw=0.8, ls=":")
        axes[1].set_ylim(0, 1.02)
        axes[0].legend(frameon=False)

    return draw((8.5, 2.8), paint)


def _map(codes):
    from sklearn.decomposition import PCA
    from sklearn.manifold import TSNE
    from threadpoolctl import threadpool_limits

    perplexity = min(30.0, (len(codes) - 1) / 3)
    # One thread: several would add up t-SNE's gradient in any order.
    with threadpool_limits(1):
        most = min(30, *codes.shape)
        codes = PCA(most, random_state=0).fit_transform(codes)
        tsne = TSNE(perplexity=perplexity, random_state=0)
        return tsne.fit_transform(codes)
