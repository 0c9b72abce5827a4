"""The README says what works, and the gate runs what the README says."""

import os
import pathlib
import re
import subprocess
import sys

ROOT = pathlib.Path(__file__).parents[1]
README = (ROOT / "README.md").read_text()
FIRST = (
    "python3 -m venv .venv && .venv/bin/pip install -e . "
    "&& .venv/bin/keras-sparse train"
)
TESTS = (
    "python3 -m venv .venv && .venv/bin/pip install -e '.[test]' "
    "&& .venv/bin/pytest"
)


def blocks(language):
    return re.findall(rf"```{language}\n(.*?)```", README, flags=re.DOTALL)


def test_the_readme_has_exactly_two_commands():
    assert blocks("sh") == [FIRST + "\n", TESTS + "\n"]


def test_the_gate_runs_the_test_command_of_the_readme():
    gate = (ROOT / ".ci" / "run").read_text()
    assert 'grep -m1 -F ".venv/bin/pytest" README.md' in gate
    assert 'bash -c "$command"' in gate
    first = next(
        line for line in README.splitlines() if ".venv/bin/pytest" in line
    )
    assert first == TESTS


def test_python_blocks_run(tmp_path):
    assert blocks("python")
    for block in blocks("python"):
        subprocess.run(
            [sys.executable, "-c", block],
            cwd=tmp_path,
            check=True,
            env={**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"},
        )
    assert (tmp_path / "sparse.tflite").stat().st_size > 0
