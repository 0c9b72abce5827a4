"""The code blocks of a Markdown page as the one program that a reader pastes.

What a page may hold: ```python and ```sh, which are run, and other languages,
which are not. A comment on the line above changes that: `<!-- not run: reason
-->`; `<!-- raises -->` above ```python that must fail, whose error the program
prints; `<!-- output -->` above ```text, which the program prints somewhere.
"""

import dataclasses
import re
import sys

FENCE = re.compile(r"^( *)(`{3,}|~{3,})(\S*)")
NOT_RUN = re.compile(r"<!-- not run: (.+) -->")
OUTPUT = "<!-- output -->"
RAISES = "<!-- raises -->"


@dataclasses.dataclass(frozen=True)
class Block:
    """One fenced block.

    Attributes:
        language: str, the word after the fence, "" without one.
        code: str, its lines.
        line: int, number of its first line in the page, from 1.
        above: str, the line above the fence.
    """

    language: str
    code: str
    line: int
    above: str

    @property
    def reason(self):
        """Why it is not run, or None."""
        found = NOT_RUN.fullmatch(self.above)
        return found and found.group(1)


def blocks(text):
    """The fenced blocks of a page, in order.

    Raises:
        ValueError: a fence is indented, made of anything but three backticks,
            or not closed.
    """
    lines, found, start = text.splitlines(), [], None
    for number, line in enumerate(lines):
        fence = FENCE.match(line)
        if fence is None:
            continue
        if fence.group(1) or fence.group(2) != "```":
            raise ValueError(f"Line {number + 1}: write fences as ```. {line}")
        if start is None:
            start, language = number, fence.group(3)
            continue
        code = "\n".join(lines[start + 1 : number]) + "\n"
        above = lines[start - 1] if start else ""
        found.append(Block(language, code, start + 2, above))
        start = None
    if start is not None:
        raise ValueError(f"Line {start + 1}: a fence that nothing closes.")
    return found


def program(text):
    """All that a reader of a page runs, at the lines where it stands there.

    Returns:
        str, Python; commands of the shell become calls that must succeed.
    """
    lines = []
    for block in blocks(text):
        if block.reason or block.language not in ("python", "sh"):
            continue
        lines += [""] * (block.line - 1 - len(lines))
        if block.language == "sh":
            command = ["bash", "-e", "-c", block.code]
            lines.append(f"__import__('subprocess').check_call({command!r})")
        elif block.above == RAISES:
            call = f"print_error({block.code!r}, globals())"
            lines.append(f"__import__('markdown_blocks').{call}")
        else:
            lines += block.code.splitlines()
    return "\n".join(lines)


def print_error(code, names):
    """Runs code that must fail; prints the last line of the traceback."""
    try:
        exec(code, names)
    except Exception as error:
        sys.stdout.write(f"{type(error).__name__}: {error}\n")
        return
    raise AssertionError(f"Nothing is raised by:\n{code}")


def outputs(text):
    """The blocks that say what the program prints."""
    return [block.code for block in blocks(text) if block.above == OUTPUT]
