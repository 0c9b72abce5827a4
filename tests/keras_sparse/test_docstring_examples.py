"""Runs the examples of the docstrings, in the order of the table."""

import doctest
import importlib

import pytest

MODULES = [
    "keras_sparse.cli_errors",
    "keras_sparse.counting",
    "keras_sparse.datasets",
    "keras_sparse.distributions",
    "keras_sparse.image_dataset",
    "keras_sparse.layer_counts",
    "keras_sparse.magnitude_pruning",
    "keras_sparse.optimizer",
    "keras_sparse.patterns",
    "keras_sparse.rigl",
    "keras_sparse.schedules",
    "keras_sparse.sparsify",
    "keras_sparse.straight_through",
    "keras_sparse.topk",
    "keras_sparse.topology",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0 and failed == 0
