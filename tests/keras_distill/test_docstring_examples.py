"""Runs the examples of the docstrings, in the order of the table."""

import doctest
import importlib

import pytest

MODULES = [
    "keras_distill.assignment",
    "keras_distill.cache_teacher",
    "keras_distill.cached_distillation",
    "keras_distill.class_logits",
    "keras_distill.class_weights",
    "keras_distill.classifier",
    "keras_distill.distillation_terms",
    "keras_distill.distiller",
    "keras_distill.diversity",
    "keras_distill.example_batches",
    "keras_distill.features",
    "keras_distill.fingerprints",
    "keras_distill.labels",
    "keras_distill.layer_calls",
    "keras_distill.logits_distillation",
    "keras_distill.on_labels",
    "keras_distill.packed_labels",
    "keras_distill.penultimate",
    "keras_distill.probabilities",
    "keras_distill.projection",
    "keras_distill.report",
    "keras_distill.report_findings",
    "keras_distill.report_images",
    "keras_distill.soft_targets",
    "keras_distill.subclass_crossentropy",
    "keras_distill.subclass_metrics",
    "keras_distill.symbolic_inputs",
    "keras_distill.teacher_cache",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0 and failed == 0
