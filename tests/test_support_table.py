"""The table of what works where: its tests exist, its page is its results."""

import ast
import json
import pathlib
import subprocess
import sys

import pytest

ROOT = pathlib.Path(__file__).parents[1]
CONTENT = json.loads((ROOT / "tests" / "cases" / "support.json").read_text())
RESULTS = json.loads(
    (ROOT / "benchmarks" / "results" / "support.json").read_text()
)
TESTS = sorted(
    {
        test.removeprefix("all ")
        for row in CONTENT["rows"]
        for cell in row["cells"]
        if isinstance(cell, list)
        for test in cell
    }
)


@pytest.mark.parametrize("test", TESTS)
def test_each_test_of_the_table_is_written(test):
    path, _, name = test.partition("::")
    tree = ast.parse((ROOT / path).read_text())
    functions = {n.name for n in tree.body if isinstance(n, ast.FunctionDef)}
    assert not name or name.split("[")[0] in functions


@pytest.mark.slow
def test_pytest_finds_each_test_of_the_table():
    command = [sys.executable, "-m", "pytest", "-n0", "-q", "-m", ""]
    done = subprocess.run(
        [*command, "--collect-only", *TESTS],
        cwd=ROOT,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_page_is_made_from_the_results(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from support_results import rendered

    page = (ROOT / "docs" / "support.md").read_text()
    assert rendered(CONTENT, RESULTS) == page
    assert "failed" not in page.split("## Limits")[0].split("\n| ", 1)[1]


def test_a_cell_says_what_became_of_its_tests(monkeypatch):
    monkeypatch.syspath_prepend(ROOT / "benchmarks")
    from support_results import rendered, verdicts

    report = """<testsuites><testsuite>
      <testcase classname="tests.a" name="test_x[1]"/>
      <testcase classname="tests.a" name="test_x[2]"><failure/></testcase>
      <testcase classname="tests.a" name="test_y"><skipped/></testcase>
    </testsuite></testsuites>"""
    ids = ["tests/a.py", "tests/a.py::test_x[1]", "tests/a.py::test_y"]
    found = verdicts(report, ids)
    assert list(found["tests/a.py"].values()) == [1, 1, 1]
    cells = [[ids[0]], [ids[1]], [ids[2]], ["tests/b.py"], "a reason", None]
    content = {
        "columns": [{"name": str(i)} for i in range(len(cells))],
        "rows": [{"feature": "f", "cells": cells}],
    }
    results = {str(i): {"date": "d", "tests": found} for i in range(len(cells))}
    row = rendered(content, results).split("\n| f | ")[1].split("\n")[0]
    assert row.split(" | ") == [
        "**1 failed** [1]",
        "1 passed [2]",
        "skipped [3]",
        "not run [4]",
        "limit 1",
        " |",
    ]
