"""`adapt`: a network trained on the source alone, and a domain-adversarial."""

import dataclasses
import json
import pathlib

import keras
import numpy as np

from _keras_sparse_common.run_folders import METRICS, STATE
from keras_latent import datasets
from keras_latent.adaptation_report import (
    NAMES,
    adaptation_rows,
    write_adaptation_report,
)
from keras_latent.annealed_learning_rate import AnnealedLearningRate
from keras_latent.cli_errors import usage
from keras_latent.cli_settings import limited
from keras_latent.domain_adversarial import DomainAdversarial
from keras_latent.domain_networks import domain_networks
from keras_latent.probe import probe_accuracy
from keras_latent.training_state import train

SMALLEST = 16
PROBED = 1000
ENDS = ("source", "target")
TITLE = "Domain adaptation"


@dataclasses.dataclass(frozen=True)
class Domains:
    """Both sets of images, of one size; each a tuple (images, labels)."""

    source: tuple
    source_test: tuple
    target: tuple
    target_test: tuple

    @property
    def image_shape(self):
        """tuple (height, width, channels)."""
        return self.source[0].shape[1:]

    @property
    def num_classes(self):
        """int, one more than the largest label."""
        return int(max(labels.max() for _, labels in self.parts)) + 1

    @property
    def parts(self):
        """The four sets."""
        return self.source, self.source_test, self.target, self.target_test


def prepare(settings):
    """Loads both domains in one size and with equal channels.

    Args:
        settings: `AdaptationSettings`, defaults filled in.

    Returns:
        `Domains`.

    Raises:
        UsageProblem: a set that is not there.
    """
    shapes = [_load(settings, end, "test")[0].shape[1:] for end in ENDS]
    sides = [side for shape in shapes for side in shape[:2]]
    size = settings.image_size or max(SMALLEST, *sides)
    channels = max(shape[-1] for shape in shapes)
    return Domains(
        *[
            _load(settings, end, split, image_size=size, channels=channels)
            for end in ENDS
            for split in ("train", "test")
        ]
    )


def run(settings, domains, folder, console):
    """Trains both networks on equal batches; writes files and a report.

    Args:
        settings: `AdaptationSettings`, defaults filled in.
        domains: what `prepare` returned.
        folder: path where the files and, meanwhile, the state are kept.
        console: `rich.console.Console` to show the progress on.

    Returns:
        Dict, as written to `metrics.json`.
    """
    folder = pathlib.Path(folder)
    models, metrics = {}, _description(settings, domains)
    for kind in NAMES:
        state = folder / STATE / kind
        model, history = _train(settings, domains, kind, state, console)
        metrics[kind] = _judge(model, domains, settings.seed)
        metrics[kind]["history"] = history
        models[kind] = model.classifier
        models[kind].save(folder / f"{kind}.keras")
    metrics["gain"] = _change(metrics, "target_accuracy")
    metrics["source_change"] = _change(metrics, "source_accuracy")
    write_adaptation_report(folder, metrics, models, domains)
    (folder / METRICS).write_text(json.dumps(metrics, indent=2) + "\n")
    return metrics


def rows(metrics):
    """Header and rows of the table that the command line prints."""
    header = ("on test images", *NAMES.values(), "change")
    return header, adaptation_rows(metrics)


def _load(settings, end, split, **options):
    with usage(name=f"--{end}"):
        name = getattr(settings, end)
        data = datasets.load(name, settings.data_dir, split, **options)
    return limited(data, settings)


def _train(settings, domains, kind, state, console):
    keras.utils.set_random_seed(settings.seed)
    (images, labels), (target, _) = domains.source, domains.target
    longer = max(len(images), len(target))
    steps = -(-longer // settings.batch_size) * settings.epochs

    def make():
        networks = domain_networks(domains.image_shape, domains.num_classes)
        # Weight 0: nothing of the target reaches the features.
        only = {"weight": 0.0, "statistics": "source"}
        model = DomainAdversarial(
            *networks, **(only if kind == "source_only" else {})
        )
        rate = AnnealedLearningRate(steps)
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        optimizer = keras.optimizers.SGD(rate, momentum=0.9)
        model.compile(optimizer, loss, metrics=["accuracy"])
        return model

    def fit(model, initial_epoch, callbacks):
        model.fit(
            *(images, labels),
            target=target,
            batch_size=settings.batch_size,
            seed=settings.seed,
            epochs=settings.epochs,
            initial_epoch=initial_epoch,
            callbacks=callbacks,
            verbose=0,
        )

    return train(make, fit, settings.epochs, state, console, NAMES[kind])


def _judge(model, domains, seed):
    tests = domains.source_test, domains.target_test
    found = {
        f"{name}_accuracy": float(
            model.evaluate(*test, return_dict=True, verbose=0)["accuracy"]
        )
        for name, test in zip(ENDS, tests, strict=True)
    }
    images = [test[0][:PROBED] for test in tests]
    domain = np.repeat([0, 1], [len(part) for part in images])
    probe = probe_accuracy(
        model.features, (np.concatenate(images), domain), seed=seed
    )
    return {**found, "domain_probe": probe.accuracy}


def _change(metrics, name):
    return metrics["adapted"][name] - metrics["source_only"][name]


def _description(settings, domains):
    rows = {
        f.name: len(getattr(domains, f.name)[0])
        for f in dataclasses.fields(domains)
    }
    return {
        **dataclasses.asdict(settings),
        "image_shape": list(domains.image_shape),
        "examples": rows,
        "origins": {
            name: datasets.origin(name, settings.data_dir)
            for name in (settings.source, settings.target)
        },
        "versions": {"keras": keras.__version__},
    }
