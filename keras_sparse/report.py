"""A finished training as one HTML page: what was kept, lost and gained."""

import numpy as np

from _keras_sparse_common.whole_files import whole_file
from keras_sparse import report_pictures as pictures
from keras_sparse import report_sections as sections
from keras_sparse.report_html import page

_NEEDED = (
    *("dataset", "model", "method", "sparsity", "distribution", "epochs"),
    *("batch_size", "seed", "dense", "sparse", "layers", "updates"),
    *("command", "versions"),
)
_NEEDED_OF_A_RUN = ("accuracy", "weights", "live_weights", "history")
_NEEDED_SAMPLES = (
    *("images", "labels", "dense_predictions", "sparse_predictions"),
    *("dense_confidence", "sparse_confidence", "class_names"),
)


def write_report(path, metrics, mask_history, samples):
    """Writes one self-contained HTML page about a dense and a sparse run.

    The page loads nothing from elsewhere. Equal arguments give equal bytes.
    What was at `path` is replaced only once the page is complete.

    Args:
        path: str or path-like, the file to write; its folder must exist.
        metrics: dict of plain values: "dataset", "model", "method",
            "distribution", "command" (str), "sparsity" (share of zeros, 0-1),
            "epochs", "batch_size", "seed" (int), "versions" (dict of str),
            "layers" (list of dicts with "path", "shape", "weights",
            "live_weights"), "updates" (list of {"step": int, "moved": {path:
            int}}, may be empty), "dense" and "sparse". These two hold
            "accuracy" (0-1), "weights", "live_weights" and "history" (dict of
            lists, one number per epoch), and may hold "loss",
            "multiply_adds", "keras_bytes", "saved_model_bytes",
            "tflite_bytes", "tflite_gzip_bytes", "tflite_accuracy",
            "latency_ratio" and "max_difference"; one that is missing or None
            is printed as unknown. "exports" may list their `.tflite` files,
            each with "format", "accuracy", "bytes", "gzip_bytes" and
            "latency_ratio".
        mask_history: list of at least one (step, bool array), the mask of the
            first masked layer over time; the last one is the final mask.
        samples: dict with "images" (n, height, width, channels) in [0, 1],
            "labels", "dense_predictions", "sparse_predictions" (n,) int,
            "dense_confidence", "sparse_confidence" (n,) in [0, 1], and
            "class_names" (list of str).

    Raises:
        ValueError: if an entry is missing, `mask_history` is empty, or the
            arrays of `samples` differ in length.
        OSError: if the folder is missing or cannot be written to.

    Example:
        >>> import pathlib, tempfile
        >>> path = pathlib.Path(tempfile.mkdtemp()) / "report.html"
        >>> write_report(path, metrics, mask_history, samples)
        >>> path.read_text(encoding="utf-8")[:15]
        '<!DOCTYPE html>'
    """
    _check_metrics(metrics)
    samples = _check_samples(samples)
    if not len(mask_history):
        raise ValueError(
            "`mask_history` must hold at least one (step, mask). Received: "
            f"mask_history={mask_history!r}. Pass the final mask."
        )
    masks = [(step, np.asarray(mask, bool)) for step, mask in mask_history]
    text = _page(metrics, masks, samples)
    with whole_file(path) as new:
        new.write_text(text, encoding="utf-8", newline="\n")


def _page(metrics, mask_history, samples):
    image_shape = samples["images"].shape[1:]
    parts = [
        sections.headline(metrics),
        sections.summary(metrics),
        pictures.curves(metrics),
        sections.exports(metrics),
        sections.layers(metrics),
        pictures.masks(mask_history, image_shape, metrics["layers"]),
        pictures.moved(metrics),
        pictures.predictions(samples),
        sections.reading(),
        sections.reproduction(metrics),
    ]
    return page(sections.title(metrics), "\n".join(parts))


def _check_metrics(metrics):
    missing = [key for key in _NEEDED if key not in metrics]
    missing += [
        f"{run}.{key}"
        for run in ("dense", "sparse")
        for key in _NEEDED_OF_A_RUN
        if run in metrics and key not in metrics[run]
    ]
    if missing:
        raise ValueError(
            "`metrics` must describe the training and both models. Missing: "
            f"{', '.join(missing)}. Add these entries."
        )


def _check_samples(samples):
    missing = [key for key in _NEEDED_SAMPLES if key not in samples]
    if missing:
        raise ValueError(
            "`samples` must hold images and what both models say about them. "
            f"Missing: {', '.join(missing)}. Add these entries."
        )
    names = list(samples["class_names"])
    samples = {key: np.asarray(samples[key]) for key in _NEEDED_SAMPLES[:-1]}
    lengths = {key: len(values) for key, values in samples.items()}
    if len(set(lengths.values())) > 1 or samples["images"].ndim != 4:
        raise ValueError(
            "`samples` must hold images (n, height, width, channels) and "
            "arrays of the same length n. Received: images of shape "
            f"{samples['images'].shape}, lengths {lengths}."
        )
    return {**samples, "class_names": names}
