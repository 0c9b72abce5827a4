"""The tables that the command line prints."""

import collections

from rich.table import Table


def comparison(metrics):
    """Table of a dense model beside its sparse twin.

    Args:
        metrics: dict, as in `metrics.json`.

    Returns:
        `rich.table.Table`.
    """
    dense, sparse = metrics["dense"], metrics["sparse"]
    title = (
        f"{metrics['model']} on {metrics['dataset']}: {metrics['method']} at "
        f"{metrics['sparsity']:.0%} sparsity"
    )
    table = Table(title=title)
    table.add_column("")
    for name in ("dense", "sparse", "sparse / dense"):
        table.add_column(name, justify="right")
    points = 100 * (sparse["accuracy"] - dense["accuracy"])
    table.add_row(
        "test accuracy",
        f"{dense['accuracy']:.2%}",
        f"{sparse['accuracy']:.2%}",
        f"{points:+.2f} points",
    )
    for label, key in (
        ("live weights", "live_weights"),
        ("MFLOPs", "multiply_adds"),
        (".tflite bytes", "tflite_bytes"),
        (".tflite gzip bytes", "tflite_gzip_bytes"),
    ):
        table.add_row(label, *_numbers(key, dense[key], sparse[key]))
    table.add_row(
        "LiteRT latency, 1 thread",
        "1",
        f"{sparse['latency_ratio']:.2f}",
        f"{sparse['latency_ratio']:.3f}",
    )
    table.add_row(
        "largest export difference",
        f"{dense['max_difference']:.1e}",
        f"{sparse['max_difference']:.1e}",
        "",
    )
    return table


def _numbers(key, dense, sparse):
    if dense is None or sparse is None:
        return "unknown", "unknown", ""
    ratio = f"{sparse / max(dense, 1):.3f}"
    if key == "multiply_adds":
        return f"{2 * dense / 1e6:.3f}", f"{2 * sparse / 1e6:.3f}", ratio
    return f"{dense:,}", f"{sparse:,}", ratio


def latencies(rows):
    """Table of `keras_export.BenchmarkRow`s."""
    table = Table(title=f"LiteRT, interleaved in one process on {rows[0].cpu}")
    table.add_column("file")
    for name in ("batch", "threads", "latency ratio", "quartiles"):
        table.add_column(name, justify="right")
    for name in ("bytes", "gzip"):
        table.add_column(name, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            str(row.batch_size),
            str(row.threads),
            f"{row.ratio:.3f}",
            f"{row.ratio_low:.3f} to {row.ratio_high:.3f}",
            f"{row.bytes:,}",
            f"{row.gzip_bytes:,}",
        )
    return table


def tensors(inspection):
    """Table of the constants in a `keras_export.LiteRTInspection`."""
    table = Table(title=f"{inspection.path}: how its constants are stored")
    table.add_column("tensor")
    for column in ("shape", "dtype", "zeros", "encoding", "bytes", "index"):
        table.add_column(column, justify="right")
    for row in inspection.tensors:
        if row.encoding:
            table.add_row(
                row.name,
                "x".join(map(str, row.shape)),
                row.dtype,
                "" if row.zeros is None else f"{row.zeros:.3f}",
                row.encoding,
                f"{row.value_bytes:,}",
                f"{row.index_bytes:,}",
            )
    return table


def operators(inspection):
    """Table of the operations in a `keras_export.LiteRTInspection`."""
    table = Table(title=f"{inspection.path}: what runs it by default")
    table.add_column("operator")
    for column in ("version", "runs on", "number"):
        table.add_column(column, justify="right")
    for row, number in collections.Counter(inspection.operators).items():
        table.add_row(row.name, str(row.version), row.runs_on, str(number))
    return table


def encodings(name, rows):
    """Table of the `keras_export.WeightRow`s of a `.tflite` file."""
    table = Table(title=f"{name}: how its weights are stored")
    for column in ("tensor", "operator"):
        table.add_column(column)
    for column in ("shape", "zeros", "encoding", "bytes"):
        table.add_column(column, justify="right")
    for row in rows:
        table.add_row(
            row.name,
            row.operator,
            "x".join(map(str, row.shape)),
            f"{row.zeros:.3f}",
            row.encoding,
            f"{row.bytes:,}",
        )
    return table
