"""Pictures of subclasses: a map of their logits, a confusion, examples."""

import numpy as np

from _keras_sparse_common.drawing import draw

MARKERS = "o^sDvP*X<>"
MOST_NUMBERS = 400  # written into the confusion
_CENTRED = {"ha": "center", "va": "center", "fontsize": 8}
_OUTLINE = {"boxstyle": "circle,pad=0.25", "fc": "white", "ec": "#1d2227"}


def map_picture(points, subclasses, fine_labels, findings, fine_names):
    """Draws examples as points: colour = fine label, marker = class.

    The number of each subclass stands at the median of its points.

    Args:
        points: float array (n, 2), from `project`.
        subclasses, fine_labels: int arrays (n,).
        findings: `SubclassFindings` of these and perhaps more examples.
        fine_names: dict from a fine label to its name.

    Returns:
        bytes of a PNG.
    """
    classes = np.array([findings.class_of(number) for number in subclasses])
    labels = findings.fine_labels
    colours = dict(zip(labels, _colours(len(labels)), strict=True))

    def paint(figure):
        axes = figure.subplots()
        for number in np.unique(classes):
            rows = classes == number
            shades = [colours[label] for label in fine_labels[rows]]
            marker = MARKERS[number % len(MARKERS)]
            axes.scatter(*points[rows].T, 12, shades, marker, lw=0)
        for label, colour in colours.items():
            axes.scatter([], [], 20, [colour], "s", label=fine_names[label])
        for subclass in np.unique(subclasses):
            middle = np.median(points[subclasses == subclass], axis=0)
            axes.text(*middle, subclass, **_CENTRED, bbox=_OUTLINE)
        axes.set(xticks=[], yticks=[])
        columns = -(-len(labels) // 20)
        figure.legend(loc="outside right upper", ncols=columns, frameon=False)

    return draw((7.0, 5.0), paint)


def confusion_picture(findings, fine_names):
    """Draws the share of each fine label that each subclass holds, in %.

    Args:
        findings: `SubclassFindings`.
        fine_names: dict from a fine label to its name.

    Returns:
        bytes of a PNG; subclasses in the order of `findings.order`, so that
        what `findings.accuracy` counts as right is the diagonal.
    """
    order = findings.order
    counts = findings.counts[order].T
    shares = counts / counts.sum(axis=1, keepdims=True)
    without = ~np.isin(findings.fine_labels, findings.permutation)
    rows = np.argsort(without, kind="stable")
    names = [fine_names[label] for label in findings.fine_labels[rows]]

    def paint(figure):
        axes = figure.subplots()
        axes.imshow(shares[rows], "Blues", vmin=0, vmax=1, aspect="auto")
        axes.set_xticks(range(len(order)), order.tolist())
        axes.set_yticks(range(len(names)), names)
        axes.set(xlabel="subclass", ylabel="fine label")
        if counts.size <= MOST_NUMBERS:
            _write_shares(axes, shares[rows])

    size = 0.5 * np.array([counts.shape[1], counts.shape[0]]) + (2.0, 1.0)
    return draw(tuple(np.clip(size, 3.0, 14.0)), paint)


def images_picture(images, findings, columns):
    """Shows the first examples of each subclass, a row for each.

    Args:
        images: float array (n, height, width, 1 or 3) in [0, 1].
        findings: `SubclassFindings` of the same n examples.
        columns: int, most examples of a subclass.

    Returns:
        bytes of a PNG; empty rows for subclasses without examples.
    """
    height, width, channels = images.shape[1:]
    order = findings.order
    grid = np.ones((len(order), columns, height + 2, width + 2, channels))
    for row, subclass in enumerate(order):
        found = np.flatnonzero(findings.subclasses == subclass)[:columns]
        grid[row, : len(found), 1:-1, 1:-1] = images[found]
    picture = grid.transpose(0, 2, 1, 3, 4).reshape(
        len(order) * (height + 2), columns * (width + 2), channels
    )
    picture = picture[..., 0] if channels == 1 else picture

    def paint(figure):
        axes = figure.subplots()
        axes.imshow(picture, "gray", vmin=0, vmax=1, interpolation="nearest")
        middles = (np.arange(len(order)) + 0.5) * (height + 2) - 0.5
        axes.set_yticks(middles, [str(k) for k in order])
        axes.set(xticks=[], ylabel="subclass")
        axes.spines[:].set_visible(False)

    tall = np.clip(7.0 * picture.shape[0] / picture.shape[1], 1.0, 20.0)
    return draw((7.0, float(tall)), paint)


def _colours(count):
    from matplotlib import colormaps

    if count <= 20:
        table = colormaps["tab10" if count <= 10 else "tab20"]
        return [table(number) for number in range(count)]
    return list(colormaps["turbo"](np.linspace(0.02, 0.98, count)))


def _write_shares(axes, shares):
    for (row, column), share in np.ndenumerate(shares):
        if share >= 0.005:
            colour = "white" if share > 0.5 else "#1d2227"
            axes.text(
                column, row, f"{100 * share:.0f}", color=colour, **_CENTRED
            )
