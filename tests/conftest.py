"""Where no checkout is around them, tests run against installed packages."""

import pathlib
import re

ROOT = pathlib.Path(__file__).parents[1]
IS_CHECKOUT = (ROOT / "README.md").is_file()
# What a test reads by name, of what is in no wheel.
OUTSIDE = re.compile(
    r'/ "(README\.md|\.ci|benchmarks|docs|examples)"|\bexample_runs\b'
)
_left_out = []


def pytest_ignore_collect(collection_path):
    """Leaves out files that read the documents and programs of a checkout."""
    if IS_CHECKOUT or collection_path.suffix != ".py":
        return None
    if collection_path.name.startswith("test_"):
        if OUTSIDE.search(collection_path.read_text()):
            _left_out.append(collection_path.name)
            return True
    return None


def pytest_terminal_summary(terminalreporter):
    """Names what was left out."""
    if _left_out:
        names = ", ".join(sorted(set(_left_out)))
        terminalreporter.write_line(f"Need a checkout, left out: {names}")
