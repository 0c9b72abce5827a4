"""The main job: a dense model and its sparse twin, exported and compared.

Part of the command line, which alone composes keras_sparse and keras_export.
"""

import dataclasses
import importlib.metadata
import json
import pathlib

import tensorflow as tf

import keras_export
from keras_sparse import (
    datasets,
    job_exports,
    layer_counts,
    training,
    worker_training,
)
from keras_sparse.device_profiles import device_profile
from keras_sparse.report import write_report
from keras_sparse.summary import masks_or_none

_SAMPLES = 24


def prepare(settings):
    """Loads the data set and checks that the settings fit it.

    Args:
        settings: `keras_sparse.settings.Settings`, defaults filled in.

    Returns:
        `keras_sparse.image_dataset.ImageDataset`.

    Raises:
        ValueError, FileNotFoundError: an argument does not fit.
    """
    training.strategy(settings.strategy)  # before anything of TensorFlow
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
        models[kind], progress[kind] = _trainer(settings)(
            settings, data, kind, state, report
        )
    report("Exporting, verifying and timing both models")
    for kind, model in models.items():
        metrics[kind] = _measure(model, kind, settings, data, folder)
        metrics[kind]["history"] = _columns(progress[kind].history)
    _add_latencies(metrics, data, folder)
    metrics["layers"] = _layers(models["sparse"])
    metrics["updates"] = progress["sparse"].updates
    samples = _samples(models, data)
    masks = progress["sparse"].masks
    write_report(folder / "report.html", metrics, masks, samples)
    text = json.dumps(metrics, indent=2) + "\n"
    (folder / "metrics.json").write_text(text)
    return metrics


def _trainer(settings):
    several = settings.strategy in ("multiworker", "tpu")
    return worker_training.train if several else training.train


def _measure(model, kind, settings, data, folder):
    prefix = "" if kind == "sparse" else f"{kind}_"
    keras_file = folder / f"{prefix}model.keras"
    saved_model = folder / f"{prefix}saved_model"
    model.save(keras_file)
    samples = data.arrays("test")[0][: job_exports.CHECKED]
    saved = keras_export.saved_model(
        model, saved_model, samples=samples, overwrite=True
    )
    exports = job_exports.export_all(
        _smallest(model, kind, settings),
        prefix,
        target=_target(settings),
        sparse="auto" if kind == "sparse" else False,
        data=data,
        folder=folder,
    )
    loss, accuracy = model.evaluate(
        data.batches("test", 512, shuffle=False), verbose=0
    )
    masks = masks_or_none(model)
    whole = layer_counts.total(layer_counts.count(model, masks))
    lite = exports[0]
    return {
        "loss": loss,
        "accuracy": accuracy,
        "tflite_accuracy": lite["accuracy"],
        "max_difference": max(saved.difference, lite["difference"]),
        "weights": whole.weights,
        "live_weights": whole.live_weights,
        "multiply_adds": whole.sparse_multiply_adds,
        "keras_bytes": keras_file.stat().st_size,
        "saved_model_bytes": saved.bytes,
        "tflite_bytes": lite["bytes"],
        "tflite_gzip_bytes": lite["gzip_bytes"],
        "encodings": lite["encodings"],
        "exports": exports,
    }


def _smallest(model, kind, settings):
    """The model to export: without its dead channels where these were cut."""
    profile = settings.device_profile
    if kind == "sparse" and profile and device_profile(profile).compact:
        return keras_export.compact(model)
    return model


def _target(settings):
    profile = settings.device_profile
    return device_profile(profile).export["target"] if profile else "any"


def _add_latencies(metrics, data, folder):
    kinds = ("dense", "sparse")
    exports = [metrics[kind]["exports"] for kind in kinds]
    job_exports.add_latencies(exports, data, folder)
    for kind in kinds:
        first = metrics[kind]["exports"][0]
        metrics[kind]["latency_ratio"] = first["latency_ratio"]


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


def _samples(models, data):
    images, labels = (array[:_SAMPLES] for array in data.arrays("test"))
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
