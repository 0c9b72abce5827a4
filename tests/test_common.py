"""What the packages share: its examples run, and it needs none of them."""

import doctest
import importlib
import pathlib

import pytest

import _keras_sparse_common

FOLDER = pathlib.Path(_keras_sparse_common.__file__).parent
PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")


@pytest.mark.parametrize(
    "name", ["array_files", "nested_config", "whole_files"]
)
def test_examples_run(name):
    module = importlib.import_module(f"_keras_sparse_common.{name}")
    failed, attempted = doctest.testmod(module)
    assert attempted > 0 and failed == 0


def test_what_is_shared_imports_no_package():
    for file in FOLDER.glob("*.py"):
        for package in PACKAGES:
            assert f"from {package}" not in file.read_text(), file
            assert f"import {package}" not in file.read_text(), file
