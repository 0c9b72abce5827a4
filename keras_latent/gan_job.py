"""`gan`: a generator of a set of images, or of points of a toy."""

import dataclasses
import json
import pathlib
import warnings

import keras
import numpy as np

from _keras_sparse_common.run_folders import METRICS, STATE
from keras_latent.cli_errors import TrainingError
from keras_latent.feature_extractors import feature_extractor
from keras_latent.gan_curves import win_shares
from keras_latent.gan_data import load_gan_data
from keras_latent.gan_players import make_gan
from keras_latent.gan_report import GANReport
from keras_latent.gan_report_page import finding_rows
from keras_latent.gan_settings import KINDS
from keras_latent.sample_history import SampleHistory
from keras_latent.shuffled_batches import shuffled_batches
from keras_latent.training_state import train

TITLE = "What the generator draws"
FEATURE_IMAGES = 40_000  # at least, that a classifier learns features from

prepare = load_gan_data


def run(settings, data, folder, console):
    """Trains a GAN; writes files and a report.

    Args:
        settings: `GANSettings`, defaults filled in.
        data: `GANData`.
        folder: path where the files and, meanwhile, the state are kept.
        console: `rich.console.Console` to show the progress on.

    Returns:
        Dict, as written to `metrics.json`.
    """
    folder = pathlib.Path(folder)
    watched = SampleHistory(folder / STATE / "evolution.npz")
    gan, history = _train(settings, data, folder / STATE, watched, console)
    features = None if settings.toy else _features(settings, data)
    report = GANReport(
        folder,
        data.test,
        features,
        **data.modes,
        evolution=watched,
        seed=settings.seed,
    )
    columns = _columns(history)
    found = report.write(gan, columns)
    (gan.ema_generator or gan.generator).save(folder / "generator.keras")
    gan.save(folder / "gan.keras")
    metrics = {
        **_description(settings, data),
        **_numbers(found),
        "rows": finding_rows(found),
        "history": history,
    }
    wins = win_shares(columns)
    if wins:
        metrics["wins"] = wins
    (folder / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def rows(metrics):
    """Header and rows of the table that the command line prints."""
    table = [tuple(row) for row in metrics["rows"]]
    for name, share in metrics.get("wins", {}).items():
        words = f"won by {name.replace('_', ' ')}"
        table.append((words, f"{share:.1%}", "survivors"))
    return ("on test examples", KINDS[metrics["kind"]], "of"), table


def _train(settings, data, state, watched, console):
    steps = -(-len(data.train) // settings.batch_size)

    def make():
        return make_gan(settings, data, steps)

    def fit(gan, initial_epoch, callbacks):
        # The state is saved last, so that nothing is behind it.
        callbacks = [watched, *callbacks]
        try:
            if settings.kind != "progressive":
                end = settings.epochs
                _fit(gan, settings, data, steps, initial_epoch, end, callbacks)
                return gan
            return _grow(gan, settings, data, steps, initial_epoch, callbacks)
        except ValueError as error:
            raise TrainingError(str(error)) from error

    name = KINDS[settings.kind]
    return train(make, fit, settings.epochs, state / "gan", console, name)


def _grow(gan, settings, data, steps, epoch, callbacks):
    """Trains a `ProgressiveGAN` to its last size, from where it is."""
    while True:
        rest = gan.stage_steps - int(gan.stage_step)
        if rest:
            end = epoch + rest // steps
            _fit(gan, settings, data, steps, epoch, end, callbacks)
            epoch = end
        if gan.size == gan.image_size:
            return gan
        gan = gan.grow()


def _fit(gan, settings, data, steps, first_epoch, end, callbacks):
    numbers = np.arange(len(data.train))  # there are no labels to learn from
    batches = shuffled_batches(
        *(data.train, numbers, settings.batch_size, settings.seed),
        first=first_epoch * steps,
    )
    gan.fit(
        batches.map(lambda examples, _: examples),
        steps_per_epoch=steps,
        initial_epoch=first_epoch,
        epochs=end,
        callbacks=callbacks,
        verbose=0,
    )


def _features(settings, data):
    epochs = max(3, -(-FEATURE_IMAGES // len(data.train)))
    with warnings.catch_warnings():
        # Of a low accuracy, which the report gives with the features.
        warnings.simplefilter("ignore", UserWarning)
        return feature_extractor(
            data.train, data.labels, epochs, seed=settings.seed
        )


def _columns(history):
    return {
        name: [logs.get(name, float("nan")) for logs in history]
        for name in history[-1]
    }


def _numbers(found):
    numbers = {"samples": found.examples, "not_measured": found.missing}
    if found.frechet:
        numbers["features"] = found.frechet.features
        numbers["frechet_distance"] = found.frechet.distance
    if found.kernel:
        numbers["kernel_distance"] = found.kernel.distance
        numbers["kernel_standard_error"] = found.kernel.standard_error
    if found.inception:
        numbers["inception_score"] = found.inception.score
    if found.modes:
        numbers["modes_covered"] = found.modes.covered
        numbers["modes"] = len(found.modes.counts)
        numbers["high_quality"] = found.modes.high_quality
    return numbers


def _description(settings, data):
    return {
        **dataclasses.asdict(settings),
        "origin": data.origin,
        "shape": list(data.train.shape[1:]),
        "examples": {"train": len(data.train), "test": len(data.test)},
        "versions": {"keras": keras.__version__},
    }
