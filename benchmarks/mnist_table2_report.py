"""The MNIST table on the screen and as a picture, the paper's rows beside."""

import matplotlib.figure
import rich.box
from rich.console import Console
from rich.table import Table

# Evci et al. 2020, arXiv:1911.11134, Table 2: inputs and hidden units,
# sparsity, KFLOPs, bytes, training GFLOPs, error in % (RigL: final epoch; of
# the others the paper has the best one only).
PAPER = {
    "SBP": ((245, 160, 55), 0.0, 97.1, 195_100, 13_521.6, 1.6),
    "L0": ((266, 88, 33), 0.0, 53.3, 107_092, 13_521.6, 1.6),
    "VIB": ((97, 71, 33), 0.0, 19.1, 38_696, 13_521.6, 1.6),
    "RigL": ((408, 100, 69), 0.870, 12.6, 31_914, 482.0, 1.48),
    "RigL+": ((375, 62, 51), 0.886, 6.2, 16_113, 206.3, 1.69),
}
# Error in %, KFLOPs, bytes: what a mean over the seeds must not exceed.
GOALS = {"RigL": (1.6, 13.0, 32_500), "RigL+": (1.8, 6.4, 16_500)}


def print_table(rows, console=None):
    """Prints our rows, then the paper's.

    Args:
        rows: list of dicts from `mnist_table2.summarise`.
        console: `rich.console.Console` or None.
    """
    console = console or Console(width=100)
    seeds = len(rows[0]["seeds"])
    title = f"LeNet-300-100 on MNIST, mean of {seeds}"
    table = Table(title=title, box=rich.box.SIMPLE_HEAD)
    table.add_column("network", no_wrap=True)
    numbers = ("S", "KFLOPs", "kB", "GFLOPs\nto train", "error\n%", "max\n-min")
    for name in ("in-h1-h2", *numbers):
        table.add_column(name, justify="right", no_wrap=True)
    for row in rows:
        mean, spread = row["mean"], row["spread"]
        numbers = [mean[m] for m in ("sparsity", "kflops", "bytes")]
        cells = _cells(row["sizes"][:3], *numbers, mean["training_gflops"])
        errors = [f"{100 * x['error']:.2f}" for x in (mean, spread)]
        table.add_row(row["network"], *cells, *errors)
    table.add_section()
    for name, (sizes, *numbers, error) in PAPER.items():
        cells = _cells(sizes, *numbers)
        table.add_row(f"paper: {name}", *cells, f"{error:.2f}", style="dim")
    console.print(table)
    for row in rows:
        if row["network"] in GOALS:
            console.print(f"{row['network']}: {_goal(row)}")


def _cells(sizes, sparsity, kflops, size, training_gflops):
    return (
        "-".join(f"{units:.0f}" for units in sizes),
        f"{sparsity:.3f}",
        f"{kflops:.1f}",
        f"{size / 1e3:.1f}",
        f"{training_gflops:,.0f}",
    )


def _goal(row):
    limits, mean = GOALS[row["network"]], row["mean"]
    found = 100 * mean["error"], mean["kflops"], mean["bytes"]
    reached = all(x <= y for x, y in zip(found, limits, strict=True))
    error, kflops, size = limits
    words = f"error {error} %, {kflops} KFLOPs, {size / 1e3} kB at most"
    return f"{'reached' if reached else 'MISSED'} the goal, {words}"


def save_picture(rows, path):
    """Draws error over operations, every seed a point.

    Args:
        rows: list of dicts from `mnist_table2.summarise`.
        path: path of the PNG file.
    """
    figure = matplotlib.figure.Figure(figsize=(6.4, 4), layout="constrained")
    axes = figure.subplots()
    for row in rows:
        kflops = [result["kflops"] for result in row["seeds"]]
        errors = [100 * result["error"] for result in row["seeds"]]
        axes.plot(kflops, errors, "o", markersize=5, label=row["network"])
    for name, (_, _, kflops, _, _, error) in PAPER.items():
        axes.plot(kflops, error, "x", color="0.5", markersize=6)
        axes.annotate(
            name,
            (kflops, error),
            xytext=(5, 4),
            textcoords="offset points",
            color="0.4",
            fontsize=8,
        )
    axes.plot([], [], "x", color="0.5", label="printed in the RigL paper")
    axes.set_xscale("log")
    axes.set_xlabel("KFLOPs of one inference (log scale)")
    axes.set_ylabel("test error after the last epoch (%)")
    axes.set_title("Small networks for MNIST", loc="left", fontsize=10)
    axes.grid(alpha=0.3, linewidth=0.5)
    axes.legend(frameon=False, fontsize=8)
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    figure.savefig(path, dpi=150)
