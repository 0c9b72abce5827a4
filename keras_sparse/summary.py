"""The table of a sparse model."""

import dataclasses

import keras
from rich.console import Console
from rich.table import Table

from keras_sparse.config import check_model
from keras_sparse.layer_counts import KERNELS, count, total
from keras_sparse.selection import unique_paths
from keras_sparse.sparsify import find_optimizer


@dataclasses.dataclass(frozen=True)
class SummaryRow:
    """One layer with weights.

    Attributes:
        path: str, the layer's path.
        shape: str, shapes of its kernels.
        sparsity: float in [0, 1], share of zeros in its kernels.
        live_weights: int, weights of its kernels that are not zero.
        weights: int, all weights of its kernels.
        mflops: float or None, million operations for one example, two for
            each multiply-add of a live weight. None: not known.
        bytes: int, float32 values that are kept plus one bit per weight.
    """

    path: str
    shape: str
    sparsity: float
    live_weights: int
    weights: int
    mflops: float | None
    bytes: int


def summary(model: keras.Model, print_table: bool = True) -> list[SummaryRow]:
    """Prints what each layer of a model costs, and returns the rows.

    Live weights are those that its `SparseOptimizer` does not mask, or, in a
    model without one, or where it masks more than uniquely named kernels, those
    that are not zero.

    Args:
        model: built `keras.Model`.
        print_table: bool, False to get the rows only.

    Returns:
        List of `SummaryRow`, one per layer that has weights.

    Raises:
        ValueError: the model is not built, or no `keras.Model`.

    Source: `keras_sparse.layer_counts.count`, the micronet counting rules.

    Example:
        >>> import keras, keras_sparse as ks
        >>> model = keras.Sequential([keras.Input((8,)), keras.layers.Dense(4)])
        >>> rows = ks.summary(model, print_table=False)
        >>> rows[0].weights, rows[0].shape
        (32, '8x4')
    """
    check_model(model)
    shapes = _kernel_shapes(model)
    counts = count(model, _masks_of_kernels(model))
    rows = [_row(c.path, ", ".join(shapes.get(c.path, [])), c) for c in counts]
    if print_table:
        whole = _row("all layers", "", total(counts))
        Console().print(_table(model.name, rows, whole))
    return rows


def masks_or_none(model):
    """The masks of a model's `SparseOptimizer`, or None without them."""
    try:
        return find_optimizer(model).masks or None
    except ValueError:
        return None


def _masks_of_kernels(model):
    """The masks, or None where `count` cannot tell whose they are."""
    masks = masks_or_none(model)
    paths = [w.path for w in model.weights if w.name in KERNELS]
    clear = masks and len(paths) == len(set(paths)) and set(masks) <= set(paths)
    return masks if clear else None


def _kernel_shapes(model):
    shapes: dict[str, list[str]] = {}
    paths = unique_paths(model.weights)
    for path, variable in zip(paths, model.weights, strict=True):
        if len(variable.shape) >= 2:
            text = "x".join(str(size) for size in variable.shape)
            shapes.setdefault(path.rsplit("/", 1)[0], []).append(text)
    return shapes


def _row(path, shape, counted):
    multiply_adds = counted.sparse_multiply_adds
    return SummaryRow(
        path=path,
        shape=shape,
        sparsity=counted.sparsity,
        live_weights=counted.live_weights,
        weights=counted.weights,
        mflops=None if multiply_adds is None else 2 * multiply_adds / 1e6,
        bytes=counted.sparse_bytes,
    )


def _table(name, rows, whole):
    table = Table(title=f"{name}: what is kept")
    table.add_column("layer")
    for title in ("shape", "sparsity", "live / all", "MFLOPs", "kB"):
        table.add_column(title, justify="right")
    for row in rows:
        table.add_row(*_cells(row))
    table.add_section()
    table.add_row(*_cells(whole))
    return table


def _cells(row):
    return (
        row.path,
        row.shape,
        f"{row.sparsity:.3f}",
        f"{row.live_weights:,} / {row.weights:,}",
        "unknown" if row.mflops is None else f"{row.mflops:.3f}",
        f"{row.bytes / 1e3:,.1f}",
    )
