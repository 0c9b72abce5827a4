"""The site shows every public name once, and its navigation every page."""

import importlib
import inspect
import pathlib
import re
import sys

import pytest
from public_names import PACKAGES, public_objects

ROOT = pathlib.Path(__file__).parents[1]
DOCS = ROOT / "docs"
DIRECTIVE = re.compile(r"^::: (\S+)$", re.MULTILINE)


def directives():
    pages = sorted((DOCS / "reference").glob("*.md"))
    return [
        path for page in pages for path in DIRECTIVE.findall(page.read_text())
    ]


def shown(path):
    """The object of a directive, which names modules where Griffe needs it."""
    module, _, name = path.rpartition(".")
    return getattr(importlib.import_module(module), name)


@pytest.mark.parametrize("package", PACKAGES)
def test_every_public_name_is_in_the_reference_once(package):
    found = [shown(p) for p in directives() if p.startswith(f"{package}.")]
    wanted = public_objects(package)
    missing = [n for n, item in wanted.items() if item not in found]
    twice = [n for n, item in wanted.items() if found.count(item) > 1]
    unknown = [item for item in found if item not in wanted.values()]
    assert (missing, twice, unknown) == ([], [], [])


def test_every_page_is_in_the_navigation():
    text = (ROOT / "mkdocs.yml").read_text()
    listed = re.findall(r"([\w/-]+\.md)$", text, flags=re.MULTILINE)
    pages = {p.relative_to(DOCS).as_posix() for p in DOCS.rglob("*.md")}
    assert len(listed) == len(set(listed))
    assert set(listed) == pages


@pytest.mark.parametrize("name", ["RigL", "SET", "Static", "STE", "TopKAST"])
def test_docstrings_made_by_expressions_are_read_as_python_makes_them(
    name, monkeypatch
):
    pytest.importorskip("griffe", reason="needs the extra `docs`")
    monkeypatch.setattr(sys, "path", [str(ROOT / ".ci" / "docs"), *sys.path])
    composed = importlib.import_module("docstrings").composed
    ks = importlib.import_module("keras_sparse")
    item = getattr(ks, name)
    path = pathlib.Path(inspect.getfile(item))
    assert composed(path, name) == inspect.cleandoc(item.__doc__)


def test_sections_become_what_the_site_can_show(monkeypatch):
    pytest.importorskip("griffe", reason="needs the extra `docs`")
    monkeypatch.setattr(sys, "path", [str(ROOT / ".ci" / "docs"), *sys.path])
    rendered = importlib.import_module("docstrings").rendered
    text = (
        "Adds.\n\nArgs:\n    a, b: int,\n        two numbers.\n    c: int.\n\n"
        "Source: A et al. 2020, arXiv:2001.00001,\n    section 1.\n"
        "Differs from it: no.\n\nExample:\n    >>> 1\n    1\n"
    )
    assert re.split("\n\n+", rendered(text)) == [
        "Adds.",
        "Args:\n    a: int,\n        two numbers.\n"
        "    b: int,\n        two numbers.\n    c: int.",
        "**Source:** A et al. 2020, "
        "[arXiv:2001.00001](https://arxiv.org/abs/2001.00001), section 1.",
        "**Differs from it:** no.",
        "Examples:\n    >>> 1\n    1\n",
    ]
