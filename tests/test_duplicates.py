"""Nothing is written twice: no eight lines of code stand in two modules."""

import ast
import collections
import pathlib
import re

import pytest

ROOT = pathlib.Path(__file__).parents[1]
FOLDERS = (
    *("_keras_sparse_common", "keras_sparse", "keras_distill", "keras_latent"),
    *("export", "benchmarks", "tests"),
)
LINES = 8
# A name handed on, a bracket: the shape of a call or of its signature.
THIN = re.compile(
    r"\*{0,2}[\w.]*(: [\w.\[\], |]+( = [\w.\"]+)?|=[\w.\"]+)?,?|[\W_]*"
    r'|"[\w.]*",?|(import|from) .*'
)


def code_lines(text):
    """Numbers and texts of lines that say something: no docstrings, imports,
    comments, brackets, arguments by their own names, signatures."""
    lines = text.splitlines()
    hidden = set()
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, ast.Import | ast.ImportFrom):
            hidden.update(range(node.lineno, node.end_lineno + 1))
        if isinstance(node, ast.FunctionDef):
            hidden.update(range(node.lineno, node.body[0].lineno))
        constant = isinstance(node, ast.Expr) and isinstance(
            node.value, ast.Constant
        )
        if constant:
            hidden.update(range(node.lineno, node.end_lineno + 1))
    stripped = [line.split("  # ")[0].strip() for line in lines]
    return [
        (number, line)
        for number, line in enumerate(stripped, 1)
        if number not in hidden
        and not line.startswith("#")
        and not THIN.fullmatch(line)
    ]


def duplicates(files):
    """Places of the same `LINES` lines in two files, dict text -> places."""
    places = collections.defaultdict(list)
    for name, text in files.items():
        lines = code_lines(text)
        for first in range(len(lines) - LINES + 1):
            block = lines[first : first + LINES]
            key = "\n".join(line for _, line in block)
            places[key].append((name, block[0][0]))
    return {
        key: found
        for key, found in places.items()
        if len({name for name, _ in found}) > 1
    }


@pytest.mark.skipif(not (ROOT / "export").is_dir(), reason="needs a checkout")
def test_no_eight_lines_stand_in_two_modules():
    files = {
        str(path.relative_to(ROOT)): path.read_text()
        for folder in FOLDERS
        for path in sorted((ROOT / folder).rglob("*.py"))
    }
    assert list(duplicates(files).values()) == []


def test_duplicates_are_found():
    body = "\n".join(f"value = {number} + total" for number in range(LINES))
    one = f'"""One."""\n\nimport a\n\n{body}\n'
    two = f"def other(first, second):\n    return 1\n\n\n# Two.\n{body}\n"
    assert list(duplicates({"one": one, "two": two}).values()) == [
        [("one", 5), ("two", 6)]
    ]
    short = body.rsplit("\n", 1)[0]
    assert not duplicates({"one": one, "short": short})
