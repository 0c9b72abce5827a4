"""Every guide of docs/ runs as pasted, and prints what it says it prints."""

import pathlib
import re

import pytest
from forked_jobs import ForkedJobs
from markdown_blocks import OUTPUT, RAISES, blocks, outputs, program

DOCS = pathlib.Path(__file__).parents[1] / "docs"
PAGES = {page.name: page.read_text() for page in sorted(DOCS.glob("*.md"))}
GUIDES = [name for name, text in PAGES.items() if program(text).strip()]
SLOW = {"mobilenet-to-litert.md"}
LANGUAGES = {"python", "sh", "diff", "text", "json"}
REASONS = {
    "installs packages",
    "needs a checkout",
    "needs a phone",
    "needs data of your own",
    "needs several machines",
    "needs tfmot",
    "runs until stopped",
    "trains for minutes",
}


@pytest.fixture(scope="module")
def jobs():
    """What runs guides, each in a new process."""
    with ForkedJobs("guide_jobs", timeout=500) as jobs:
        yield jobs


@pytest.mark.parametrize(
    "name",
    [
        pytest.param(name, marks=[pytest.mark.slow] if name in SLOW else [])
        for name in GUIDES
    ],
)
def test_a_guide_runs_as_pasted_in_an_empty_folder(name, jobs, tmp_path):
    folder = tmp_path / "empty"
    folder.mkdir()
    done = jobs.call(
        "run", program=program(PAGES[name]), page=name, folder=str(folder)
    )
    assert done["code"] == 0, done["error"] or done
    printed = pathlib.Path(f"{folder}.txt").read_text()
    for block in outputs(PAGES[name]):
        assert _bare(block) in _bare(printed)


def _bare(text):
    """However the lines are broken."""
    return " ".join(text.split())


@pytest.mark.parametrize("name", PAGES)
def test_what_is_not_run_says_why(name):
    for block in blocks(PAGES[name]):
        where = f"{name}:{block.line}"
        assert block.language in LANGUAGES, where
        assert block.reason in {None, *REASONS}, where
        if block.above.startswith("<!--"):
            assert block.reason or block.above in (OUTPUT, RAISES), where


@pytest.mark.parametrize("name", GUIDES)
def test_figures_in_tables_stand_on_the_measured_pages(name):
    measured = "\n".join(
        text for page, text in PAGES.items() if page.startswith("measured-")
    )
    rows = re.findall(r"^\|.*\|$", PAGES[name], flags=re.MULTILINE)
    for figure in re.findall(r"\b\d+\.\d\d\b", "\n".join(rows)):
        assert figure in measured


@pytest.mark.parametrize(
    "page, message",
    [
        ("```python\nx = 1\n", "Line 1: a fence that nothing closes"),
        ("a\n  ```python\n  x = 1\n  ```\n", "Line 2: write fences"),
        ("~~~python\nx = 1\n~~~\n", "Line 1: write fences"),
    ],
)
def test_blocks_that_would_be_missed_are_errors(page, message):
    with pytest.raises(ValueError, match=message):
        blocks(page)


def test_the_program_keeps_lines_and_leaves_out_what_is_not_run():
    page = (
        "# A page\n\n```python\nx = 1\n```\n<!-- not run: needs a phone -->\n"
        "```sh\nfalse\n```\n```text\nx\n```\n```sh\ntrue\n```\n"
        "```python\nassert x == 1\n```\n"
    )
    lines = program(page).splitlines()
    assert lines[3] == "x = 1"
    assert lines[16] == "assert x == 1"
    assert sum(map(bool, lines)) == 3 and "'true" in lines[13]


def test_what_must_fail_is_an_error_if_it_does_not(capsys):
    page = "<!-- raises -->\n```python\nx = {}\n```\n"
    exec(program(page.format("1 / 0")), {})
    assert capsys.readouterr().out == "ZeroDivisionError: division by zero\n"
    with pytest.raises(AssertionError, match="Nothing is raised by"):
        exec(program(page.format("1 / 1")), {})
