"""`fader`: an autoencoder whose code forgets the label, and one without."""

import dataclasses
import json
import pathlib
import warnings

import keras

from _keras_sparse_common.run_folders import METRICS, STATE
from keras_latent import datasets
from keras_latent.cli_errors import TrainingError, usage
from keras_latent.cli_settings import limited
from keras_latent.fader import Fader
from keras_latent.fader_networks import fader_networks
from keras_latent.fader_report import FaderReport
from keras_latent.image_classifier import train_classifier
from keras_latent.shuffled_batches import shuffled_batches
from keras_latent.training_state import train

TITLE = "What the code still tells of the label"
KINDS = {"control": "no adversary", "fader": "Fader"}
NETWORKS = ("encoder", "decoder", "classifier")
MEASURES = {
    "probe_accuracy": "label read by a fresh classifier",
    "classifier_accuracy": "label read by the adversary in training",
    "swap_accuracy": "told label seen in the decoded image",
}
RAMP = 0.3
JUDGE_IMAGES = 80_000
JUDGE_ACCURACY = 0.8  # the least that `swap_accuracy` takes


def prepare(settings):
    """Loads the set.

    Args:
        settings: `FaderSettings`, defaults filled in.

    Returns:
        tuple (train, test), each (images, labels).

    Raises:
        UsageProblem: the set is not there.
    """
    with usage(name="--dataset"):
        loaded = [
            datasets.load(settings.dataset, settings.data_dir, split)
            for split in ("train", "test")
        ]
    return tuple(limited(data, settings) for data in loaded)


def run(settings, data, folder, console):
    """Trains both on equal batches; writes files and a report.

    Args:
        settings: `FaderSettings`, defaults filled in.
        data: what `prepare` returned.
        folder: path where the files and, meanwhile, the state are kept.
        console: `rich.console.Console` to show the progress on.

    Returns:
        Dict, as written to `metrics.json`.
    """
    folder = pathlib.Path(folder)
    test = data[1]
    judge = _judge(settings, *data[0], test)
    faders, histories = {}, {}
    for kind in KINDS:
        state = folder / STATE / kind
        faders[kind], histories[kind] = _train(
            settings, data, kind, state, console
        )
    metrics = _description(settings, data)
    for kind, fader in faders.items():
        # The control is measured as the Fader is; the page is the Fader's.
        place = folder if kind == "fader" else folder / STATE / "measured"
        report = FaderReport(
            *(place, test, judge, faders["control"]),
            seed=settings.seed,
            probe_data=data[0],
        )
        found = report.write(fader, _columns(histories[kind]))
        metrics[kind] = _numbers(found, histories[kind])
    for name in NETWORKS:
        getattr(faders["fader"], name).save(folder / f"{name}.keras")
    faders["fader"].save(folder / "fader.keras")
    (folder / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def rows(metrics):
    """Header and rows of the table that the command line prints."""
    found = [metrics[kind] for kind in KINDS]
    table = [
        (words, *[f"{each[key]:.1%}" for each in found])
        for key, words in MEASURES.items()
    ]
    errors = [each["reconstruction_error"] for each in found]
    words = "squared error of the reconstruction"
    table.append((words, *[f"{error:.4f}" for error in errors]))
    table.append(("verdict", *[each["verdict"] for each in found]))
    return ("on test images", *KINDS.values()), table


def _judge(settings, images, labels, test):
    """A classifier of the images, refused before the long training."""
    keras.utils.set_random_seed(settings.seed)
    epochs = max(6, JUDGE_IMAGES // len(images))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UserWarning)  # the next lines refuse
        judge, _ = train_classifier(images, labels, epochs=epochs)
    found = judge.evaluate(*test, return_dict=True, verbose=0)["accuracy"]
    if found < JUDGE_ACCURACY:
        raise TrainingError(
            "The judge of the decoded images must read the images themselves, "
            f"{JUDGE_ACCURACY:.0%} of them. Received: {found:.1%} after "
            f"{epochs} epochs. Use `keras_latent.FaderReport` with a judge of "
            "your own, or simpler images."
        )
    return judge


def _columns(history):
    return {name: [logs[name] for logs in history] for name in history[0]}


def _numbers(found, history):
    return {
        "verdict": found.verdict,
        "reasons": found.reasons,
        "probe_accuracy": found.probe.accuracy,
        "chance": found.probe.chance,
        "probed": found.probe.examples,
        "swap_accuracy": found.swap.accuracy,
        "reconstruction_error": found.reconstruction.error,
        "error_ratio": found.reconstruction.ratio,
        "classifier_accuracy": history[-1]["classifier_accuracy"],
        "classifier_loss": history[-1]["classifier_loss"],
        "history": history,
    }


def _train(settings, data, kind, state, console):
    keras.utils.set_random_seed(settings.seed)
    images, labels = data[0]
    parts = settings.critic_steps + 1
    steps = -(-len(images) // (parts * settings.batch_size))
    ramp = int(RAMP * steps * settings.epochs)

    def make():
        classes = int(max(labels.max(), data[1][1].max())) + 1
        shape, code = images.shape[1:], settings.code_size
        fader = Fader(
            *fader_networks(shape, classes, code_size=code),
            beta=settings.beta if kind == "fader" else 0.0,
            adversarial=settings.adversarial,
            critic_steps=settings.critic_steps,
            ramp_steps=ramp,
            seed=settings.seed,
        )
        fader.compile()
        return fader

    def fit(fader, initial_epoch, callbacks):
        batches = shuffled_batches(
            *(images, labels, settings.batch_size, settings.seed),
            first=initial_epoch * steps * parts,
        )
        fader.fit(
            batches,
            shuffle=False,
            steps_per_epoch=steps,
            epochs=settings.epochs,
            initial_epoch=initial_epoch,
            callbacks=callbacks,
            verbose=0,
        )

    return train(make, fit, settings.epochs, state, console, KINDS[kind])


def _description(settings, data):
    return {
        **dataclasses.asdict(settings),
        "origin": datasets.origin(settings.dataset, settings.data_dir),
        "image_shape": list(data[0][0].shape[1:]),
        "examples": {"train": len(data[0][0]), "test": len(data[1][0])},
        "versions": {"keras": keras.__version__},
    }
