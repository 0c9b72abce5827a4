"""Rows, tables and plot of the comparison."""

import numpy as np
from rich.console import Console
from rich.markup import escape
from rich.table import Table


def rows(found, exports):
    """One row for each peer and sparsity, or one that says what went wrong.

    Args:
        found: list of (name, `Peer`, versions, result) of the workers.
        exports: dict, the result of `peer_exports.py`, or {"not_run": reason}.

    Returns:
        List of dicts of plain values.
    """
    files = exports.get("files", {})
    lacking = {"failed": exports.get("not_run", "nothing was left to export")}
    made = []
    for name, peer, versions, result in found:
        first = {"peer": name, "label": titled(peer.label, versions)}
        first["versions"] = versions
        if "not_run" in result:
            made.append({**first, "not_run": result["not_run"]})
            continue
        whole = {key: v for key, v in result.items() if key != "runs"}
        for sparsity in dict.fromkeys(r["sparsity"] for r in result["runs"]):
            runs = [r for r in result["runs"] if r["sparsity"] == sparsity]
            accuracies = [run["accuracy"] for run in runs]
            made.append(
                {
                    **first,
                    "sparsity": sparsity,
                    "zeros": float(np.mean([run["zeros"] for run in runs])),
                    "accuracies": accuracies,
                    "mean": float(np.mean(accuracies)),
                    "spread": float(np.ptp(accuracies)),
                    **whole,
                    "file": files.get(f"{name}-{sparsity:g}", lacking),
                }
            )
    return made


def titled(label, versions):
    """The peer, with the version that a reader asks for first."""
    if "tensorflow-model-optimization" in versions:
        version = versions["tensorflow-model-optimization"]
        return label.replace("tfmot", f"tfmot {version}")
    if "jaxpruner" in versions:
        return label.replace("(JAX)", f"(JAX {versions['jax']})")
    return label


def cells(row):
    """The row as words, under `COLUMNS`."""
    if "not_run" in row:
        return [row["label"], f"not run: {row['not_run']}"]
    dense = row["sparsity"] == 0
    words = [
        row["label"],
        f"{row['zeros']:.2%}",
        f"{row['mean']:.2%} ({100 * row['spread']:.2f})",
        "1"
        if dense
        else f"{row['step_ratio_cpu']:.2f} ({row['step_ratio']:.2f})",
        f"{row['step_cpu_ms']:.2f}",
        f"{row['peak_mb']:.0f}",
    ]
    file = row["file"]
    if "failed" in file:
        return [*words, f"not exported: {file['failed']}"]
    star = "*" if file["exporter"] != "its own" else ""
    return [
        *words,
        f"{file['bytes']:,}{star}",
        f"{file['gzip']:,}",
        f"{file['file_accuracy']:.2%}",
        f"{file['latency']:.2f}",
    ]


COLUMNS = (
    "peer",
    "zeros",
    "accuracy (spread)",
    "step (wall)",
    "CPU ms",
    "peak MB",
    ".tflite bytes",
    "gzip",
    "in file",
    "latency",
)


def markdown(content):
    """The table as Markdown."""
    lines = [" | ".join(COLUMNS), "|".join("---" for _ in COLUMNS)]
    lines += [" | ".join(cells(row)) for row in content["rows"]]
    return "\n".join(f"| {line} |" for line in lines)


def show(content):
    """Prints the table."""
    plan = content["plan"]
    table = Table(
        title=f"{plan['model']} on {plan['dataset']}, {plan['epochs']} epochs "
        f"of {plan['steps_per_epoch']} steps of {plan['batch_size']}, "
        f"{plan['seeds']} seeds"
    )
    table.add_column(COLUMNS[0], no_wrap=True)
    for column in COLUMNS[1:]:
        table.add_column(column, justify="right")
    notes = [
        "Step: CPU time (wall clock) beside the framework's own dense step, "
        "medians of paired ratios; memory, size, accuracy in the file and "
        "latency: of the first seed. Latency: ratio to "
        f"{content['latency_reference']}. * exported by keras_export."
    ]
    last = None
    for row in content["rows"]:
        if last not in (None, row["peer"]):
            table.add_section()
        last, words = row["peer"], [escape(word) for word in cells(row)]
        if len(words) < len(COLUMNS):
            notes.append(f"{words[0]}: {words[-1]}")
            words[-1] = words[-1].split(":")[0]
        table.add_row(*words)
    console = Console(width=165)
    console.print(table, *notes, sep="\n")
