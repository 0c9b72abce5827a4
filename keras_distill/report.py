"""A report on what a model's subclasses are, in HTML and pictures."""

import pathlib
from collections.abc import Sequence
from typing import Any, Literal

import keras
import numpy as np

from _keras_sparse_common.arguments import check_count
from keras_distill._types import ArrayLike, PathLike
from keras_distill.arguments import check_multiple
from keras_distill.chunk_files import write_whole
from keras_distill.pictures import (
    confusion_picture,
    images_picture,
    map_picture,
)
from keras_distill.probabilities import emits_probabilities
from keras_distill.projection import check_projection, project
from keras_distill.report_findings import SubclassFindings, find_subclasses
from keras_distill.report_html import page
from keras_distill.report_images import find_images


def subclass_report(
    model: keras.Model,
    x: Any,
    fine_labels: ArrayLike,
    path: PathLike,
    num_classes: int,
    fine_names: Sequence[str] | None = None,
    images: ArrayLike | None = None,
    projection: Literal["tsne", "pca"] = "tsne",
    points: int = 1000,
    columns: int = 10,
    seed: int = 0,
) -> SubclassFindings:
    """Writes what a model's subclasses are: a page and its pictures.

    The folder gets `report.html`, which holds its pictures and loads nothing,
    and the pictures as `map.png`, `confusion.png` and, for images,
    `images.png`. Equal arguments give equal files.

    Args:
        model: built `keras.Model` whose output are subclass logits.
        x: array of examples, or a dict or list of arrays, as `predict` takes.
        fine_labels: ints of shape (examples,) or (examples, 1), from 0, of at
            least two values: labels the model never saw, to compare with.
        path: folder; made if there is none.
        num_classes: int, a divisor of the number of subclasses.
        fine_names: list of str, name of each fine label. None: its number.
        images: array of shape (examples, height, width) or (..., 1 or 3).
            None: `x` where it has such a shape, else no images are shown.
        projection: "tsne" or "pca", of the map.
        points: int from 3, most examples on the map; drawn by `seed`.
        columns: int from 1, images shown of each subclass.
        seed: int from 0.

    Returns:
        `SubclassFindings`, the numbers of the report.

    Raises:
        ValueError: arrays of different lengths, no examples, fewer than two
            fine labels, names missing, images of another shape, logits that
            are not finite or do not fit `num_classes`.

    Source: Müller, Kornblith and Hinton 2020, arXiv:2002.03936; the images as
        in their `mnist_colab.ipynb`.

    Example:
        >>> import tempfile
        >>> import keras_distill as kd
        >>> layers = [keras.Input((3,)), keras.layers.Dense(4)]
        >>> model, x = keras.Sequential(layers), np.eye(3).repeat(4, axis=0)
        >>> with tempfile.TemporaryDirectory() as path:
        ...     found = kd.subclass_report(model, x, x.argmax(-1), path, 2)
        >>> found.counts.shape
        (4, 3)
    """
    check_projection(projection)
    check_count("num_classes", num_classes)
    check_count("points", points, minimum=3)
    check_count("columns", columns)
    check_count("seed", seed, minimum=0)
    fine_labels = _check_lengths(x, fine_labels)
    images = find_images(x, images, len(fine_labels))
    logits = _predict(model, x, num_classes)
    findings = find_subclasses(logits, fine_labels, num_classes)
    names = _names(fine_names, findings.fine_labels)
    rows = _sample(len(logits), points, seed)
    places = project(logits[rows], projection, seed)
    drawn = findings.subclasses[rows], fine_labels[rows]
    pictures = {
        "map": map_picture(places, *drawn, findings, names),
        "confusion": confusion_picture(findings, names),
    }
    if images is not None:
        pictures["images"] = images_picture(images, findings, columns)
    text = page(model.name, findings, names, pictures, projection)
    files = {f"{key}.png": picture for key, picture in pictures.items()}
    _write(pathlib.Path(path), {**files, "report.html": text.encode()})
    return findings


def _check_lengths(x, fine_labels):
    """Fine labels as a vector, one for each of at least three examples."""
    arrays = keras.tree.flatten(x)
    lengths = [len(a) if np.ndim(a) else None for a in arrays]
    fine_labels = np.asarray(keras.ops.convert_to_numpy(fine_labels))
    examples = len(fine_labels) if fine_labels.ndim else None
    if {*lengths} != {examples} or examples is None or examples < 3:
        raise ValueError(
            "`x` and `fine_labels` must be arrays of as many examples, at "
            f"least three. Received: x of lengths {lengths} and fine_labels "
            f"of shape {fine_labels.shape}. Pass arrays, not a dataset."
        )
    if fine_labels.size != examples:
        raise ValueError(
            "`fine_labels` must be ints of shape (examples,). Received: shape "
            f"{fine_labels.shape}. One-hot labels become ints by "
            "`labels.argmax(-1)`."
        )
    return fine_labels.reshape(-1)


def _predict(model, x, num_classes):
    if not isinstance(model, keras.Model):
        raise ValueError(f"`model` must be a keras.Model. Received: {model!r}.")
    if emits_probabilities(model):
        raise ValueError(
            "`model` must emit subclass logits. Received: "
            f"{model.name!r}, which emits probabilities. Leave out the "
            "softmax or sigmoid at its end."
        )
    logits = model.predict(x, batch_size=256, verbose=0)
    if not isinstance(logits, np.ndarray) or logits.ndim != 2:
        raise ValueError(
            "`model` must have one output of shape (batch, subclasses). "
            f"Received: {model.name!r} with output {model.output_shape}. "
            "Choose one: `keras.Model(model.inputs, model.outputs[0])`."
        )
    check_multiple(logits.shape, num_classes)
    return logits.astype("float32")


def _names(fine_names, fine_labels):
    """Name of each fine label there is."""
    if fine_names is None:
        return {label: str(label) for label in fine_labels}
    names = list(fine_names)
    if isinstance(fine_names, str) or len(names) <= fine_labels.max():
        raise ValueError(
            "`fine_names` must name every fine label, from 0 to "
            f"{fine_labels.max()}. Received: fine_names={fine_names!r}."
        )
    return {label: str(names[label]) for label in fine_labels}


def _sample(count, most, seed):
    if count <= most:
        return np.arange(count)
    drawn = np.random.default_rng(seed).choice(count, most, replace=False)
    return np.sort(drawn)


def _write(folder, files):
    """Writes each file whole or not at all."""
    folder.mkdir(parents=True, exist_ok=True)
    for name, content in files.items():
        write_whole(folder / name, lambda file, c=content: file.write(c))
