"""Everything that the four packages offer, found by looking."""

import importlib
import inspect

PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")
#: Classes that public functions return and that users hold, though nobody
#: makes them by name.
RETURNED = {"keras_sparse": ("keras_sparse.image_dataset.ImageDataset",)}


def public_objects(package):
    """Dict from "name" or "module.name" to function or class.

    Public modules (`keras_sparse.datasets`) offer their `__all__`, or else
    what is defined in them without an underscore.
    """
    found = {}
    for name, item in _offered(importlib.import_module(package)).items():
        if inspect.ismodule(item):
            for inner, value in _offered(item).items():
                found[f"{name}.{inner}"] = value
        else:
            found[name] = item
    for path in RETURNED.get(package, ()):
        module, _, name = path.rpartition(".")
        found[name] = getattr(importlib.import_module(module), name)
    return found


def _offered(module):
    names = getattr(module, "__all__", None)
    if names is None:
        names = [
            name
            for name, value in vars(module).items()
            if not name.startswith("_")
            and getattr(value, "__module__", None) == module.__name__
        ]
    return {name: getattr(module, name) for name in names}


def members(item):
    """Dict from name to what a public class defines and users call.

    Functions, class methods and properties of the class itself and of private
    bases in the same package, but not what Keras' classes define.
    """
    package = item.__module__.split(".")[0]
    found = {}
    for base in reversed(item.__mro__):
        if base.__module__.split(".")[0] != package:
            continue
        for name, value in vars(base).items():
            plain = getattr(value, "__func__", value)
            if not name.startswith("_") and (
                inspect.isfunction(plain) or isinstance(value, property)
            ):
                found[name] = value
    return found
