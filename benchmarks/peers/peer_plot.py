"""The pictures of the comparison: accuracy by zeros and by size."""

import numpy as np
from matplotlib.figure import Figure

MARKERS = "osD^vP*X<>"


def plot(content, path):
    """Draws mean accuracy, with bars from the worst to the best seed.

    Args:
        content: dict, what `compare.measure` returned.
        path: of the picture.
    """
    plan = content["plan"]
    figure = Figure(figsize=(11, 5), layout="constrained")
    left, right = figure.subplots(1, 2, sharey=True)
    groups, sparsities = _groups(content["rows"]), plan["sparsities"]
    for number, rows in enumerate(groups):
        style = {"color": f"C{number}", "marker": MARKERS[number % 10]}
        if rows[0]["sparsity"] == 0:
            left.axhline(
                100 * rows[0]["mean"], color=style["color"], ls=":", lw=1
            )
        else:
            # Side by side, so that bars do not hide each other.
            shift = 0.06 * (number - len(groups) / 2)
            places = [sparsities.index(r["sparsity"]) + shift for r in rows]
            _bars(left, places, rows, style)
        stored = [row for row in rows if "bytes" in row["file"]]
        sizes = [row["file"]["bytes"] / 1000 for row in stored]
        _bars(right, sizes, stored, style)
    left.set_xticks(range(len(sparsities)), [f"{s:.4g}" for s in sparsities])
    left.set_xlabel("share of zeros in the kernels; dotted: dense")
    left.set_ylabel("test accuracy, %: mean, worst and best seed")
    right.set_xscale("log", base=2)
    right.xaxis.set_major_formatter("{x:g}")
    right.set_xlabel(".tflite file, kB (log scale)")
    right.legend(fontsize=8, loc="lower right")
    figure.suptitle(
        f"{plan['model']} on {plan['dataset']}, "
        f"{plan['epochs'] * plan['steps_per_epoch']} steps, "
        f"{plan['seeds']} seeds"
    )
    figure.savefig(path, dpi=120)


def _groups(rows):
    """Rows that ran, by peer."""
    ran = [row for row in rows if "not_run" not in row]
    names = dict.fromkeys(row["peer"] for row in ran)
    return [[row for row in ran if row["peer"] == name] for name in names]


def _bars(axes, places, rows, style):
    means = np.array([100 * row["mean"] for row in rows])
    lowest = np.array([100 * min(row["accuracies"]) for row in rows])
    highest = np.array([100 * max(row["accuracies"]) for row in rows])
    axes.errorbar(
        places,
        means,
        [means - lowest, highest - means],
        label=rows[0]["label"] if rows else None,
        ms=5,
        lw=1,
        capsize=2,
        **style,
    )
