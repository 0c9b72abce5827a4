"""The main job: a dense model and its sparse twin, exported and compared.

Part of the command line, which alone composes keras_sparse and keras_export.
"""

import dataclasses
import importlib.metadata
import json
import pathlib

import numpy as np
import tensorflow as tf

import keras_export
from keras_sparse import datasets, layer_counts, training
from keras_sparse.report import write_report
from keras_sparse.summary import masks_or_none

_SAMPLES = 24
_CHECKED = 256  # test images on which the exported models are verified


def prepare(settings):
    """Loads the data set and checks that the settings fit it.

    Args:
        settings: `keras_sparse.settings.Settings`, defaults filled in.

    Returns:
        `keras_sparse.image_dataset.ImageDataset`.

    Raises:
        ValueError, FileNotFoundError: an argument does not fit.
    """
    data = datasets.load(settings.dataset, settings.data_dir)
    training.check(settings, data)
    return data


def run(settings, data, folder, command, report):
    """Trains, exports, verifies, measures and pictures both models.

    Args:
        settings: `keras_sparse.settings.Settings`, defaults filled in.
        data: what `prepare` returned.
        folder: path where the artefacts and, meanwhile, the state are kept.
        command: str, how this run can be had again.
        report: function of one line of text, told what goes on.

    Returns:
        Dict, as written to `metrics.json`.

    Raises:
        keras_sparse.training.TrainingError: the loss is not finite.
        keras_export.VerificationError: an export does not equal its model.
    """
    tf.config.experimental.enable_op_determinism()
    folder = pathlib.Path(folder)
    metrics = {
        **dataclasses.asdict(settings),
        "command": command,
        "versions": {
            name: importlib.metadata.version(name)
            for name in ("keras", "tensorflow", "ai-edge-litert", "numpy")
        },
    }
    models, progress = {}, {}
    for kind in ("dense", "sparse"):
        report(f"Training the {kind} model")
        state = folder / "state" / kind
        models[kind], progress[kind] = training.train(
            settings, data, kind, state, report
        )
    report("Exporting, verifying and timing both models")
    test = data.arrays("test")
    for kind, model in models.items():
        metrics[kind] = _measure(model, kind, data, test, folder)
        metrics[kind]["history"] = _columns(progress[kind].history)
    _add_latency(metrics, test, folder)
    metrics["layers"] = _layers(models["sparse"])
    metrics["updates"] = progress["sparse"].updates
    samples = _samples(models, data, test)
    masks = progress["sparse"].masks
    write_report(folder / "report.html", metrics, masks, samples)
    text = json.dumps(metrics, indent=2) + "\n"
    (folder / "metrics.json").write_text(text)
    return metrics


def _measure(model, kind, data, test, folder):
    keras_file, saved_model, tflite = artefacts(folder, kind)
    model.save(keras_file)
    saved = keras_export.saved_model(model, saved_model, overwrite=True)
    lite = keras_export.litert(
        model, tflite, sparse=kind == "sparse", overwrite=True
    )
    difference = max(
        keras_export.verify(model, artefact, test[0][:_CHECKED])
        for artefact in (saved_model, tflite)
    )
    loss, accuracy = model.evaluate(
        data.batches("test", 512, shuffle=False), verbose=0
    )
    masks = masks_or_none(model)
    whole = layer_counts.total(layer_counts.count(model, masks))
    return {
        "loss": loss,
        "accuracy": accuracy,
        "tflite_accuracy": _litert_accuracy(tflite, *test),
        "max_difference": difference,
        "weights": whole.weights,
        "live_weights": whole.live_weights,
        "multiply_adds": whole.sparse_multiply_adds,
        "keras_bytes": keras_file.stat().st_size,
        "saved_model_bytes": saved.bytes,
        "tflite_bytes": lite.bytes,
        "tflite_gzip_bytes": lite.gzip_bytes,
        "encodings": sorted({row.encoding for row in lite.weights}),
    }


def artefacts(folder, kind):
    """Paths of the Keras file, SavedModel and LiteRT file of a model."""
    prefix = "" if kind == "sparse" else f"{kind}_"
    names = ("model.keras", "saved_model", "model.tflite")
    return tuple(pathlib.Path(folder) / (prefix + name) for name in names)


def _litert_accuracy(path, images, labels):
    outputs = keras_export.predict(path, images)
    return float(np.mean(np.argmax(outputs, axis=-1) == labels))


def _add_latency(metrics, test, folder):
    files = {kind: artefacts(folder, kind)[2] for kind in ("dense", "sparse")}
    for row in keras_export.benchmark(files, test[0][:1], repeats=200):
        metrics[row.name]["latency_ratio"] = row.ratio


def _layers(model):
    masks = masks_or_none(model)
    return [
        {
            "path": path,
            "shape": list(mask.shape),
            "weights": int(mask.size),
            "live_weights": int(mask.sum()),
            "sparsity": 1.0 - float(mask.mean()),
        }
        for path, mask in masks.items()
    ]


def _samples(models, data, test):
    images, labels = (array[:_SAMPLES] for array in test)
    samples = {
        "images": images,
        "labels": labels,
        "class_names": list(data.class_names),
    }
    for kind, model in models.items():
        shares = model.predict(images, verbose=0)
        samples[f"{kind}_predictions"] = shares.argmax(axis=-1)
        samples[f"{kind}_confidence"] = shares.max(axis=-1)
    return samples


def _columns(history):
    names = history[0] if history else ()
    return {name: [logs[name] for logs in history] for name in names}
