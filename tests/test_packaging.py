"""What the project file promises."""

import importlib
import pathlib
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")


def test_all_packages_are_built():
    setuptools = PROJECT["tool"]["setuptools"]
    others = ["_keras_sparse_common", "keras_latent.pages"]
    assert sorted(setuptools["packages"]) == sorted([*PACKAGES, *others])
    assert setuptools["package-dir"] == {"keras_export": "export"}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_and_name_what_they_offer(package):
    module = importlib.import_module(package)
    assert module.__doc__
    for name in module.__all__:
        assert getattr(module, name).__doc__, name
