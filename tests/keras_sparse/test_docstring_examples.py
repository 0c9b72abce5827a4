"""Runs the examples of the docstrings, in the order of the table."""

import doctest
import importlib

import pytest

MODULES = [
    "keras_sparse.acdc",
    "keras_sparse.autodiff",
    "keras_sparse.backup",
    "keras_sparse.balanced",
    "keras_sparse.batches",
    "keras_sparse.budgets",
    "keras_sparse.callbacks",
    "keras_sparse.cli_errors",
    "keras_sparse.compact_mlp",
    "keras_sparse.counting",
    "keras_sparse.data_free",
    "keras_sparse.datasets",
    "keras_sparse.dead_units",
    "keras_sparse.deepr",
    "keras_sparse.device_profiles",
    "keras_sparse.distributed",
    "keras_sparse.distributions",
    "keras_sparse.dsr",
    "keras_sparse.fingerprint",
    "keras_sparse.global_masks",
    "keras_sparse.granet",
    "keras_sparse.hard_concrete",
    "keras_sparse.image_dataset",
    "keras_sparse.kth_largest",
    "keras_sparse.layer_counts",
    "keras_sparse.lottery",
    "keras_sparse.magnitude_pruning",
    "keras_sparse.method",
    "keras_sparse.models",
    "keras_sparse.optimizer",
    "keras_sparse.patterns",
    "keras_sparse.rigl",
    "keras_sparse.saliency",
    "keras_sparse.saliency_scores",
    "keras_sparse.schedules",
    "keras_sparse.score_masks",
    "keras_sparse.snfs",
    "keras_sparse.sparsify",
    "keras_sparse.straight_through",
    "keras_sparse.summary",
    "keras_sparse.tempered",
    "keras_sparse.topk",
    "keras_sparse.topology",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0 and failed == 0
