"""Docstrings and source of a function or class, taken apart."""

import ast
import dataclasses
import functools
import inspect
import re
import sys
import textwrap

_SECTION = re.compile(r"^(\w[\w ]*):\n((?:(?: {4}.*)?(?:\n|$))+)", re.MULTILINE)
_ENTRY = re.compile(r"^ {4}([\w*]+(?:,\s+[\w*]+)*):\s", re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Docstring:
    """What a docstring says.

    Attributes:
        text: str, without indentation.
        summary: str, the first paragraph.
        sections: dict from title, as "Args", to the indented text below it.
    """

    text: str
    summary: str
    sections: dict

    def names(self, *titles):
        """Set of names that sections describe, also those in one row."""
        return {
            name
            for title in titles
            for entry in _ENTRY.findall(self.sections.get(title, ""))
            for name in re.split(r",\s+", entry)
        }


def docstring(item):
    """The `Docstring` of an object's own `__doc__`."""
    text = inspect.cleandoc(item.__doc__ or "")
    summary = text.split("\n\n")[0]
    return Docstring(text, summary, dict(_SECTION.findall(text)))


def parameters(function):
    """Names that a caller may pass, `*` and `**` included."""
    found = []
    for name, value in inspect.signature(function).parameters.items():
        stars = {value.VAR_POSITIONAL: "*", value.VAR_KEYWORD: "**"}
        found.append(stars.get(value.kind, "") + name)
    return found


def returns_a_value(function):
    """Whether it returns or yields anything, by its source."""
    nodes = _own_nodes(function)
    if any(isinstance(node, ast.Yield | ast.YieldFrom) for node in nodes):
        return True
    returned = [node.value for node in nodes if isinstance(node, ast.Return)]
    return any(
        value is not None
        and not (isinstance(value, ast.Constant) and value.value is None)
        for value in returned
    )


def raised(function):
    """Set of names of the errors that it raises, by its source.

    Those of functions called `check_...` that it calls are among them.
    """
    module = vars(sys.modules[function.__module__])
    found = _raised_here(function)
    for node in _own_nodes(function):
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name):
            called = module.get(node.func.id)
            checks = node.func.id.lstrip("_").startswith("check_")
            if checks and inspect.isfunction(called):
                found |= _raised_here(called)
    return found


def _raised_here(function):
    found = set()
    for node in _own_nodes(function):
        if isinstance(node, ast.Raise) and isinstance(node.exc, ast.Call):
            found.add(ast.unparse(node.exc.func))
    return found - {"NotImplementedError"}


@functools.cache
def _own_nodes(function):
    """The nodes of a function's body, without functions inside it."""
    function = inspect.unwrap(function)
    tree = ast.parse(textwrap.dedent(inspect.getsource(function))).body[0]
    found, todo = [], list(tree.body)
    while todo:
        node = todo.pop()
        found.append(node)
        kinds = ast.FunctionDef | ast.Lambda | ast.ClassDef
        if not isinstance(node, kinds):
            todo += ast.iter_child_nodes(node)
    return found
