"""Runs the tests behind each feature, backend and strategy; writes the table.

    python benchmarks/support_table.py
    python benchmarks/support_table.py --torch-python PATH --columns PyTorch

`tests/cases/support.json` says which tests each cell stands for. They run in
one process per backend; those of PyTorch with the Python at PATH, which has
torch beside this project (`pip install torch==2.13.0` takes a build for CPUs).
The results are kept in `benchmarks/results/support.json`, those of other
columns as they were, and `docs/support.md` is written from them.
"""

import argparse
import datetime
import json
import os
import pathlib
import subprocess
import sys
import tempfile

from rich.console import Console
from rich.table import Table
from support_results import rendered, verdicts

ROOT = pathlib.Path(__file__).parents[1]
CELLS = ROOT / "tests" / "cases" / "support.json"
RESULTS = ROOT / "benchmarks" / "results" / "support.json"
PAGE = ROOT / "docs" / "support.md"


def run_tests(python, backend, tests, quick):
    """Returns the JUnit XML of the tests, run in a process of their own."""
    with tempfile.TemporaryDirectory() as folder:
        path = pathlib.Path(folder) / "junit.xml"
        command = [python, "-m", "pytest", "-n0", "-q", "--tb=line"]
        command += ["-m", "not slow" if quick else "", f"--junitxml={path}"]
        environment = {
            **os.environ,
            "KERAS_BACKEND": backend,
            "TF_CPP_MIN_LOG_LEVEL": "3",
        }
        done = subprocess.run([*command, *tests], cwd=ROOT, env=environment)
        if not path.exists():
            sys.exit(f"pytest ended with {done.returncode} and no results.")
        return path.read_text()


def run_column(column, rows, number, python):
    """Returns a dict test -> what became of it, for one column."""
    cells = [row["cells"][number] for row in rows]
    tests = [test for cell in cells if isinstance(cell, list) for test in cell]
    found = {}
    for quick in (True, False):
        # "all" before a test: its slow rows too.
        chosen = [t for t in tests if t.startswith("all ") != quick]
        chosen = list(dict.fromkeys(t.removeprefix("all ") for t in chosen))
        if chosen:
            report = run_tests(python, column["backend"], chosen, quick)
            prefix = "" if quick else "all "
            results = verdicts(report, chosen)
            found |= {prefix + test: result for test, result in results.items()}
    return found


def main():
    content = json.loads(CELLS.read_text())
    names = [column["name"] for column in content["columns"]]
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--columns", nargs="+", choices=names, default=names)
    parser.add_argument("--torch-python", metavar="PATH", default=None)
    parser.add_argument("--render", action="store_true", help="run no test")
    options = parser.parse_args()
    kept = json.loads(RESULTS.read_text()) if RESULTS.exists() else {}
    for number, column in enumerate(content["columns"]):
        if options.render or column["name"] not in options.columns:
            continue
        python = sys.executable
        if column["backend"] == "torch":
            python = options.torch_python or python
        kept[column["name"]] = {
            "date": datetime.date.today().isoformat(),
            "tests": run_column(column, content["rows"], number, python),
        }
        RESULTS.write_text(json.dumps(kept, indent=1) + "\n")
    PAGE.parent.mkdir(exist_ok=True)
    PAGE.write_text(rendered(content, kept))
    table = Table("column", "passed", "failed", "skipped")
    for name, results in kept.items():
        counts = [
            sum(test[kind] for test in results["tests"].values())
            for kind in ("passed", "failed", "skipped")
        ]
        table.add_row(name, *map(str, counts))
    Console().print(table)


if __name__ == "__main__":
    main()
