"""Every public name says the types of what it takes and returns."""

import dataclasses
import importlib
import inspect
import pathlib
import typing

import pytest
from public_names import PACKAGES, public_objects

SPECIAL = ("__init__", "__call__")


def ours(value):
    """Whether it is a function or class that one of the packages defines."""
    defined = getattr(value, "__module__", None) or ""
    return callable(value) and defined.startswith(PACKAGES)


def reached(value):
    """A function or class, and the classes of ours that its hints name."""
    found, ahead = [], [value]
    while ahead:
        value = ahead.pop()
        if value not in found:
            found.append(value)
            for _, function, _ in functions("", value):
                ahead += named_classes(typing.get_type_hints(function))
            if dataclasses.is_dataclass(value):
                ahead += named_classes(typing.get_type_hints(value))
    return found


def named_classes(hints):
    ahead, found = list(hints.values()), []
    while ahead:
        hint = ahead.pop()
        ahead += typing.get_args(hint)
        if inspect.isclass(hint) and ours(hint):
            found.append(hint)
    return found


def functions(name, value):
    """(dotted name, function, whether its first argument is an instance)."""
    if inspect.isclass(value):
        for base in value.__mro__:
            if base.__module__.startswith(PACKAGES):
                yield from methods(base)
    else:
        yield name, value, False


def methods(owner):
    for name, member in vars(owner).items():
        if name.startswith("_") and name not in SPECIAL:
            continue
        bound = not isinstance(member, staticmethod)
        for function in unwrapped(member):
            yield f"{owner.__qualname__}.{name}", function, bound


def unwrapped(member):
    if isinstance(member, staticmethod | classmethod):
        return [member.__func__]
    if isinstance(member, property):
        return [f for f in (member.fget, member.fset) if f is not None]
    return [member] if inspect.isfunction(member) else []


def missing(name, function, bound):
    """What has no annotation: "<name>(argument)" or "<name> ->"."""
    signature = inspect.signature(function)
    parameters = list(signature.parameters.values())[bound:]
    found = [
        f"{name}({parameter.name})"
        for parameter in parameters
        if parameter.annotation is inspect.Parameter.empty
    ]
    if signature.return_annotation is inspect.Signature.empty:
        found.append(f"{name} ->")
    return found


def cases():
    for package in PACKAGES:
        for name, value in public_objects(package).items():
            yield pytest.param(name, value, id=f"{package}.{name}")


@pytest.mark.parametrize("name, value", cases())
def test_public_signatures_are_annotated(name, value):
    found = [
        part
        for each in reached(value)
        for f in functions(name, each)
        for part in missing(*f)
    ]
    assert not found, f"Without a type hint: {', '.join(found)}"


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_tell_type_checkers_to_read_them(package):
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    assert (folder / "py.typed").is_file()


def test_a_missing_hint_is_found():
    class Half:
        def __init__(self, size: int) -> None:
            pass

        @property
        def area(self):
            pass

        @classmethod
        def make(cls, side) -> "Half":
            pass

    found = [part for f in methods(Half) for part in missing(*f)]
    start = "test_a_missing_hint_is_found.<locals>.Half."
    assert found == [f"{start}area ->", f"{start}make(side)"]
