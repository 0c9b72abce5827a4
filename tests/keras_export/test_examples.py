"""Every public docstring's Example runs as it is printed."""

import doctest
import importlib

import pytest

import keras_export

NAMES = [
    "BenchmarkRow",
    "CompactionRow",
    "ExplainRow",
    "ExportReport",
    "InterpreterError",
    "LayerRow",
    "LimitRow",
    "LiteRTInspection",
    "OperatorRow",
    "TensorRow",
    "VerificationError",
    "WeightRow",
    "benchmark",
    "compact",
    "compaction",
    "cpu_model",
    "explain",
    "information_limit",
    "inspect_litert",
    "litert",
    "predict",
    "quiet",
    "random_inputs",
    "read_weights",
    "saved_model",
    "verify",
    "xnnpack_ready",
]


def examples(name):
    value = getattr(keras_export, name)
    return doctest.DocTestFinder(recurse=False).find(
        value, name, globs={}, module=False
    )


@pytest.mark.parametrize("name", NAMES)
def test_example_runs(name):
    (example,) = examples(name)
    assert 0 < len(example.examples) <= 8
    problems = []
    doctest.DocTestRunner(verbose=False).run(example, out=problems.append)
    assert not problems, "".join(problems)


def test_every_public_name_is_in_the_table():
    assert NAMES == keras_export.__all__


def test_functions_are_not_hidden_by_modules():
    for name in keras_export.__all__:
        assert callable(getattr(keras_export, name))
    assert importlib.import_module("keras_export.to_litert")
