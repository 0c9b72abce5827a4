"""What `Fader` and `DomainAdversarial` reach on real digits, by benchmarks."""

import argparse
import importlib.util
import pathlib

import keras
import numpy as np
import pytest

import keras_latent as kl

ROOT = pathlib.Path(__file__).parents[2]
TFDS = ROOT.parent / "shared" / "data" / "tfds"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(3600),
    pytest.mark.skipif(
        not (TFDS / "mnist").exists(), reason=f"needs MNIST in {TFDS}"
    ),
]


def script(name):
    path = ROOT / "benchmarks" / f"{name}.py"
    spec = importlib.util.spec_from_file_location(name, path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_the_code_of_mnist_forgets_the_digit():
    benchmark = script("fader")
    train, test = benchmark.load(TFDS)
    judge, _ = kl.train_classifier(*train, epochs=2)
    runs = [
        benchmark.run(seed, benchmark.DEFAULT, train, test, judge)
        for seed in (10, 11, 12)
    ]

    def mean(network, figure):
        return np.mean([run[network][figure] for run in runs])

    assert mean("Fader", "probe") <= 0.30
    assert mean("Fader", "swap") >= 0.80
    assert mean("Fader", "error_ratio") <= 1.5
    assert mean("no adversary", "probe") >= 0.80
    # The adversary in training is at chance in both senses of the word.
    assert mean("Fader", "classifier_loss") > 0.95 * np.log(10)


def test_adversarial_training_gains_on_mnist_m():
    benchmark = script("domain_adaptation")
    options = argparse.Namespace(
        data_dir=TFDS,
        size=14,
        contrast=0.7,
        brightness=0.35,
        steps=1800,
        batch_size=64,
        statistics="both",
    )
    data = benchmark.load("mnist", "mnist_m", options)
    rows = []
    for seed in (20, 21, 22):
        for method in ("source only", "adversarial"):
            row = benchmark.run(method, data, seed, options)
            rows.append({"pair": benchmark.BOUNDED, "method": method, **row})
            keras.backend.clear_session()
    found = benchmark.verdict(rows)
    assert found["gain_holds"], found
    assert found["source_drop_holds"], found
    assert found["domain_holds"], found
