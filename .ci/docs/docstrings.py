"""Reads docstrings as this project writes them, without importing it."""

import ast
import functools
import inspect
import pathlib
import re
import types

import griffe

_ARXIV = re.compile(r"\barXiv:(\d{4}\.\d{4,5})")
_LABEL = re.compile(
    r"^(Source|Differs from [^:\n]+|Logs):\s+((?:.+\n?(?:    .*\n?)*))",
    re.MULTILINE,
)

_ARGUMENTS = re.compile(
    r"^(?:Args|Attributes):\n(?:(?:    .*)?\n?)+", re.MULTILINE
)
_TOGETHER = re.compile(
    r"^    ([\w*]+(?:,\s+[\w*]+)+)(:(?:.*\n?)(?:     .*\n?)*)", re.MULTILINE
)


def rendered(text):
    """The docstring in the form that Griffe's Google parser knows.

    `Source:` and `Differs from ...:` become paragraphs, `Example:` becomes
    `Examples:`, arguments described together get a row each, and numbers of
    arXiv become links.
    """
    text = _LABEL.sub(_paragraph, text)
    text = _ARGUMENTS.sub(_rows, text)
    text = re.sub(r"^Example:$", "Examples:", text, flags=re.MULTILINE)
    return _ARXIV.sub(r"[arXiv:\1](https://arxiv.org/abs/\1)", text)


def _paragraph(match):
    words = " ".join(line.strip() for line in match[2].splitlines())
    return f"\n**{match[1]}:** {words}\n"


def _rows(section):
    def each(match):
        names = re.split(r",\s+", match[1])
        return "".join(f"    {name}{match[2].rstrip()}\n" for name in names)

    return _TOGETHER.sub(each, section[0])


def composed(path, name):
    """The docstring of a class that says `__doc__ = ...`, or None.

    Such an expression joins strings of its module and docstrings of classes.
    """
    value = _assignments(_tree(path, name).body).get("__doc__")
    if value is None:
        return None
    known = {
        node.id: _known(path, node.id)
        for node in ast.walk(value)
        if isinstance(node, ast.Name) and node.id != "chr"
    }
    expression = compile(ast.Expression(value), str(path), "eval")
    return inspect.cleandoc(eval(expression, {"chr": chr}, known))


def _known(path, name):
    module = _parsed(path)
    if name in _assignments(module.body):
        return ast.literal_eval(_assignments(module.body)[name])
    for node in module.body:
        if isinstance(node, ast.ImportFrom):
            if name in [alias.name for alias in node.names]:
                path = path.parent / f"{node.module.split('.')[-1]}.py"
    text = ast.get_docstring(_tree(path, name), clean=False)
    return types.SimpleNamespace(__doc__=text)


def _tree(path, name):
    classes = [n for n in _parsed(path).body if isinstance(n, ast.ClassDef)]
    return next(node for node in classes if node.name == name)


def _assignments(body):
    return {
        node.targets[0].id: node.value
        for node in body
        if isinstance(node, ast.Assign)
        and isinstance(node.targets[0], ast.Name)
    }


@functools.cache
def _parsed(path):
    return ast.parse(path.read_text())


def _comment(path, line):
    """What `#:` lines above an attribute say."""
    above = []
    for text in reversed(path.read_text().splitlines()[: line - 1]):
        if not text.strip().startswith("#:"):
            break
        above.insert(0, text.strip().removeprefix("#:").strip())
    return " ".join(above)


class Docstrings(griffe.Extension):
    """Makes every docstring readable once a package is parsed."""

    def on_package(self, *, pkg, **kwargs):
        """Called by Griffe for each package."""
        self._visit(pkg)

    def _visit(self, item):
        if item.is_alias:
            return
        text = item.docstring.value if item.docstring else None
        path = pathlib.Path(str(item.filepath))
        if item.is_class and "__doc__" in item.members:
            text = composed(path, item.name)
        if item.is_attribute and not text:
            text = _comment(path, item.lineno)
        if text:
            item.docstring = griffe.Docstring(
                rendered(text),
                lineno=item.lineno,
                parent=item,
                parser="google",
                parser_options=self._options(item),
            )
        for member in list(item.members.values()):
            self._visit(member)

    def _options(self, item):
        return item.docstring.parser_options if item.docstring else {}
