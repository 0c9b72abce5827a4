"""Runs the examples in the docstrings of the metrics."""

import doctest
import importlib

import pytest

MODULES = [
    "default_features",
    "feature_batches",
    "feature_extractors",
    "feature_statistics",
    "frechet_distance",
    "generator_calls",
    "image_range",
    "inception_features",
    "inception_score",
    "kernel_distance",
    "mode_coverage",
    "path_latents",
    "path_length",
    "slerp",
]


@pytest.mark.parametrize("name", MODULES)
def test_examples_run(name):
    module = importlib.import_module(f"keras_latent.{name}")
    failed, attempted = doctest.testmod(module)
    assert attempted > 0 and failed == 0
