"""Curves and stacked steps as SVG that takes its colours from the page."""

import html
import io
import re

import matplotlib.style
import numpy as np
from matplotlib.colors import to_hex, to_rgb
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

# Colours that stand for what the page decides, light or dark.
INK, DENSE, SPARSE = "#010101", "#020202", "#030303"
_PAGE_COLOURS = {
    INK: "currentColor",
    DENSE: "var(--dense)",
    SPARSE: "var(--sparse)",
}
_STYLE = {
    "axes.axisbelow": True,
    "axes.edgecolor": INK,
    "axes.labelcolor": INK,
    "axes.linewidth": 0.5,
    "axes.spines.right": False,
    "axes.spines.top": False,
    "font.size": 9,
    "grid.alpha": 0.15,
    "grid.color": INK,
    "grid.linewidth": 0.5,
    "lines.linewidth": 1.5,
    "svg.fonttype": "none",
    "image.composite_image": False,
    "text.color": INK,
    "xtick.color": INK,
    "xtick.major.width": 0.5,
    "ytick.color": INK,
    "ytick.major.width": 0.5,
}
_LEFT_OUT = (
    r"^.*?(?=<svg)",
    r"<metadata>.*?</metadata>\s*",
    r"<defs>\s*<style.*?</style>\s*</defs>\s*",
    r' xmlns(:xlink)?="[^"]*"',
    r' id="[A-Za-z.\d]+_\d+"',
    r" font-family: [^;\"]*;?",
)
LIGHT, DARK, OTHER = "#f7c28e", "#9a3a02", "#8a8f98"
MOST_LAYERS = 6


def draw(name, alt, size, paint):
    """Returns a figure as an SVG element for the inside of an HTML page.

    Args:
        name: str, differs between the figures of a page; equal names and
            equal data give equal text.
        alt: str, what the picture shows, for those who do not see it.
        size: (width, height) in inches; one inch is 96 pixels at full size.
        paint: function that draws on the axes it is given.
    """
    with matplotlib.style.context(["default", _STYLE, {"svg.hashsalt": name}]):
        figure = Figure(figsize=size, layout="constrained")
        paint(figure.subplots())
        buffer = io.StringIO()
        none = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(buffer, format="svg", transparent=True, metadata=none)
    svg = buffer.getvalue()
    for pattern in _LEFT_OUT:
        svg = re.sub(pattern, "", svg, flags=re.DOTALL)
    for colour, page_colour in _PAGE_COLOURS.items():
        svg = svg.replace(colour, page_colour)
    label = html.escape(alt)
    return svg.replace("<svg", f'<svg role="img" aria-label="{label}"', 1)


def history_curves(quantity, dense, sparse):
    """Draws one quantity over the epochs, of both runs, test and train.

    Args:
        quantity: "accuracy" (drawn in %) or "loss".
        dense: dict of lists, a Keras `History.history`.
        sparse: likewise, of the sparse run.

    Returns:
        str, SVG; empty where neither run recorded the quantity.
    """
    percent = quantity == "accuracy"
    curves = [
        (np.asarray(history.get(key, ()), "float64"), colour, line)
        for history, colour in ((dense, DENSE), (sparse, SPARSE))
        for key, line in ((quantity, "--"), (f"val_{quantity}", "-"))
    ]
    if not any(len(values) for values, _, _ in curves):
        return ""

    def paint(axes):
        for values, colour, line in curves:
            epochs = np.arange(1, len(values) + 1)
            marker = "o" if len(values) == 1 else None
            values = 100 * values if percent else values
            axes.plot(epochs, values, line, color=colour, marker=marker)
        axes.set_xlabel("epoch")
        axes.set_ylabel("accuracy (%)" if percent else quantity)
        axes.grid(axis="y")
        axes.xaxis.set_major_locator(MaxNLocator(integer=True))

    alt = f"{quantity} per epoch of the dense and the sparse model".capitalize()
    return draw(quantity, alt, (4.6, 2.9), paint)


def moved_per_layer(updates, paths):
    """Sums up the updates: how many connections moved in which layer.

    Args:
        updates: list of {"step": int, "moved": {path: int}}.
        paths: list of str, the order of the layers; others come after them.

    Returns:
        dict from a layer's path to an int array, one number per update. The
        layers that moved least share the entry "N other layers".
    """
    found = [path for update in updates for path in update["moved"]]
    order = [p for p in dict.fromkeys([*paths, *found]) if p in set(found)]
    moved = {
        path: np.array([update["moved"].get(path, 0) for update in updates])
        for path in order
    }
    if len(moved) > MOST_LAYERS:
        ranked = sorted(order, key=lambda path: -moved[path].sum())
        rest = ranked[MOST_LAYERS - 1 :]
        others = np.sum([moved.pop(path) for path in rest], axis=0)
        moved[f"{len(rest)} other layers"] = others
    return moved


def layer_colours(moved):
    """Returns one colour per entry of `moved_per_layer`, light to dark."""
    whole = sum(name.endswith(" other layers") for name in moved)
    shares = np.linspace(0, 1, max(len(moved) - whole, 1))[:, None]
    ramp = (1 - shares) * to_rgb(LIGHT) + shares * to_rgb(DARK)
    colours = [to_hex(colour) for colour in ramp] + [OTHER] * whole
    return dict(zip(moved, colours, strict=False))


def connections_moved(steps, moved):
    """Draws the connections moved per update, layers stacked on each other.

    Args:
        steps: list of increasing int, the step of each update.
        moved: dict from `moved_per_layer`, not empty.

    Returns:
        str, SVG.
    """
    steps = np.asarray(steps, "float64")
    half = np.diff(steps) / 2 if len(steps) > 1 else np.array([0.5])
    outer = [steps[0] - half[0]], [steps[-1] + half[-1]]
    edges = np.concatenate([outer[0], steps[:-1] + half, outer[1]])

    def paint(axes):
        bottom = np.zeros(len(steps))
        for path, colour in layer_colours(moved).items():
            top = bottom + moved[path]
            axes.stairs(top, edges, baseline=bottom, fill=True, color=colour)
            bottom = top
        axes.set_xlabel("training step")
        axes.set_ylabel("connections moved per update")
        axes.set_ylim(0, max(1, 1.05 * bottom.max()))
        axes.grid(axis="y")
        for axis in (axes.xaxis, axes.yaxis):
            axis.set_major_locator(MaxNLocator(6, integer=True))
        axes.yaxis.set_major_formatter("{x:,.0f}")

    total = sum(int(counts.sum()) for counts in moved.values())
    alt = (
        f"{total:,} connections moved in {len(steps)} updates, "
        f"steps {steps[0]:.0f} to {steps[-1]:.0f}, stacked by layer"
    )
    return draw("moved", alt, (5.0, 2.9), paint)
