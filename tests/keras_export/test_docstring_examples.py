"""Runs the examples of what is not public, in the order of the table."""

import doctest
import importlib

import pytest

MODULES = [
    "keras_export.representative",
    "keras_export.sparse_weights",
    "keras_export.xnnpack_padding",
]


@pytest.mark.parametrize("name", MODULES)
def test_docstring_examples_run(name):
    failed, attempted = doctest.testmod(importlib.import_module(name))
    assert attempted > 0 and failed == 0
