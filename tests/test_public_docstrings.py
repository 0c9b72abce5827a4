"""No public name without arguments, returns, raises, source and example."""

import ast
import builtins
import dataclasses
import importlib
import inspect
import pathlib
import re
import sys

import pytest
from docstring_parts import docstring, parameters, raised, returns_a_value
from public_names import PACKAGES, members, public_objects

TESTS = pathlib.Path(__file__).parent
SHORT = {"keras_sparse": "ks", "keras_export": "ke"}
SHORT |= {"keras_distill": "kd", "keras_latent": "kl"}
OBJECTS = {
    f"{package}.{name}": item
    for package in PACKAGES
    for name, item in public_objects(package).items()
}
# What no paper and no other code describes. Objects that a function returns,
# dataclasses and tuples, have the source of that function.
NO_SOURCE = {
    "parts of this library's own way to say what is sparse": """
        keras_sparse.Method keras_sparse.MaskRecorder
        keras_sparse.SparsityLogger keras_sparse.masks keras_sparse.sparsify
        keras_sparse.sparsity""",
    "what Keras and TensorFlow do, made safe or convenient": """
        keras_sparse.BackupAndRestore keras_sparse.distributed.fingerprint
        keras_sparse.distributed.is_chief keras_sparse.distributed.strategy
        keras_distill.TeacherCache""",
    "reads, resizes and shows images": """
        keras_sparse.datasets.load keras_latent.datasets.convert_channels
        keras_latent.datasets.load keras_latent.datasets.origin
        keras_latent.datasets.resize_images keras_latent.SampleGrid
        keras_latent.SampleHistory keras_latent.sample_grid""",
    "gathers what other functions of the package need": """
        keras_latent.default_features keras_latent.feature_statistics""",
    "says that something failed": """
        keras_export.InterpreterError keras_export.VerificationError""",
    "measured or read from the files themselves": """
        keras_export.benchmark keras_export.compaction keras_export.cpu_model
        keras_export.information_limit keras_export.inspect_litert
        keras_export.predict keras_export.quiet keras_export.random_inputs
        keras_export.read_weights keras_export.saved_model
        keras_export.verify""",
}
WITHOUT_SOURCE = " ".join(NO_SOURCE.values()).split()

every_object = pytest.mark.parametrize("name", OBJECTS)


def is_record(item):
    """Whether users get it from a function, and read its fields."""
    if not inspect.isclass(item) or issubclass(item, Exception):
        return False
    is_tuple = issubclass(item, tuple)
    return is_tuple or dataclasses.is_dataclass(item)


def constructor(item):
    """The function that makes it, written in our packages, or None."""
    if inspect.isfunction(item):
        return item
    name = "__post_init__" if dataclasses.is_dataclass(item) else "__init__"
    made = getattr(item, name, None)
    ours = inspect.isfunction(made) and made.__module__.startswith(PACKAGES)
    return made if ours else None


def is_named(error, text):
    """Whether a text names an error, or an error that it is a kind of."""
    bases = getattr(getattr(builtins, error, None), "__mro__", ())[:-3]
    return any(name in text for name in (error, *(b.__name__ for b in bases)))


@every_object
def test_the_first_line_is_a_sentence(name):
    summary = docstring(OBJECTS[name]).summary
    assert "\n" not in summary and len(summary) <= 80
    assert summary.endswith((".", "?"))


@every_object
def test_every_argument_is_described_and_nothing_else(name):
    item = OBJECTS[name]
    if inspect.isclass(item) and constructor(item) is None:
        if not is_record(item):
            return  # a layer or an error that takes what its base takes
    found = docstring(item).names("Args", "Attributes")
    takes = parameters(item)
    assert [name for name in takes if name not in found] == []
    assert docstring(item).names("Args") <= set(takes)


@every_object
def test_what_is_returned_and_raised_is_said(name):
    item = OBJECTS[name]
    made = constructor(item)
    sections = docstring(item).sections
    if inspect.isfunction(item) and returns_a_value(item):
        assert {"Returns", "Yields"} & set(sections)
    for error in raised(made) if made else ():
        assert is_named(error, sections.get("Raises", "")), error


@every_object
def test_the_source_is_named_or_there_is_none(name):
    text = docstring(OBJECTS[name]).text
    if name not in WITHOUT_SOURCE and not is_record(OBJECTS[name]):
        assert re.search(r"^Source: \S", text, re.MULTILINE)
    assert not (name in WITHOUT_SOURCE and "Source:" in text), "Not listed"


def run_by_doctest(package):
    """Names of modules and objects whose examples a test of the package runs.

    They stand as strings in the tables of the tests that use `doctest`.
    """
    found = set()
    for path in (TESTS / package).glob("test_*.py"):
        text = path.read_text()
        if "import doctest" in text:
            found |= set(re.findall(r'"(?:\w+\.)?(\w+)"', text))
            found |= set(re.findall(r"doctest\.testmod\((\w+)", text))
    return found


def shown_in_guides():
    """Text of all Python blocks of docs/ and README, which tests run."""
    pages = [*(TESTS.parent / "docs").glob("*.md"), TESTS.parent / "README.md"]
    found = [
        re.findall(r"```python\n(.*?)```", p.read_text(), re.S) for p in pages
    ]
    return "\n".join(block for blocks in found for block in blocks)


@every_object
def test_an_example_is_run(name):
    item = OBJECTS[name]
    examples = docstring(item).text
    if is_record(item):  # or that of the function it comes from
        examples = inspect.getsource(sys.modules[item.__module__])
    package, short = name.split(".", 1)
    module = item.__module__.split(".")[1]
    if ">>> " in examples and {module, short} & run_by_doctest(package):
        return
    pattern = rf"\b{SHORT[package]}\.{re.escape(short)}\b"
    assert re.search(pattern, shown_in_guides())


@pytest.mark.parametrize("package", PACKAGES)
def test_every_example_is_in_a_table(package):
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    run, lost = run_by_doctest(package), []
    for path in folder.glob("*.py"):
        if path.stem not in run:
            nodes = ast.parse(path.read_text()).body
            found = [n for n in nodes if ">>> " in ast.unparse(n)]
            names = [getattr(n, "name", "") for n in found]
            lost += [(path.name, name) for name in names if name not in run]
    assert lost == []


def methods():
    """Dict "package.Class.name" -> what public classes define, each once."""
    found = {}
    for name, item in OBJECTS.items():
        if inspect.isclass(item):
            for inner, value in members(item).items():
                function = getattr(value, "__func__", value)
                function = getattr(value, "fget", function)
                if function not in found.values():
                    found[f"{name}.{inner}"] = function
    return found


METHODS = methods()


def is_override(name):
    package, *path, method = name.split(".")
    owners = OBJECTS[f"{package}.{'.'.join(path)}"].__mro__
    return sum(method in vars(owner) for owner in owners) > 1


@pytest.mark.parametrize("name", METHODS)
def test_methods_and_properties_say_what_they_take_return_and_raise(name):
    function = METHODS[name]
    if is_override(name) and not function.__doc__:
        return  # as its base class says
    said = docstring(function)
    assert said.summary.endswith((".", "?")) and "\n" not in said.summary
    if is_override(name):
        return
    names = said.names("Args")
    takes = [p for p in parameters(function) if p not in ("self", "cls")]
    lost = [p for p in takes if p not in names and f"`{p}" not in said.text]
    assert lost == []
    if takes and returns_a_value(function) and said.text != said.summary:
        assert {"Returns", "Yields"} & set(said.sections)
    for error in raised(function):
        assert is_named(error, said.text), error
