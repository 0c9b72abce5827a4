"""Digits 2x5: subclasses that nobody labelled, and students of them."""

import importlib.util
import pathlib

import numpy as np
import pytest

ROOT = pathlib.Path(__file__).parents[2]
SCRIPT = ROOT / "benchmarks" / "subclass_digits.py"


@pytest.fixture(scope="module")
def script():
    spec = importlib.util.spec_from_file_location("subclass_digits", SCRIPT)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_teacher_of_two_classes_finds_the_digits(script):
    train, test = script.load(10)
    teacher = script.train_teacher(train, 10)
    found = script.measure(teacher, test)
    assert found["accuracy"] >= 0.95
    assert found["assignment"] >= 0.50
    assert found["used"] >= 8


@pytest.mark.slow
@pytest.mark.timeout(3600)
def test_five_fresh_seeds_reach_the_published_bounds(script):
    runs = [script.run(seed) for seed in (10, 11, 12, 13, 14)]

    def values(network, measure="accuracy"):
        return np.array([run[network][measure] for run in runs])

    assert values("teacher").min() >= 0.95
    assert values("teacher", "assignment").mean() >= 0.65
    assert values("teacher", "assignment").min() >= 0.50
    assert values("no diversity", "assignment").mean() <= 0.30
    subclass = values("subclass").mean()
    assert subclass >= values("conventional").mean() + 0.005
    assert subclass >= values("scratch").mean() + 0.02
