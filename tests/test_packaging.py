"""What the project file promises."""

import importlib
import pathlib
import tomllib

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")


def test_all_four_packages_are_built():
    setuptools = PROJECT["tool"]["setuptools"]
    assert sorted(setuptools["packages"]) == sorted(PACKAGES)
    assert setuptools["package-dir"] == {"keras_export": "export"}


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_import_and_name_what_they_offer(package):
    module = importlib.import_module(package)
    assert module.__doc__
    for name in module.__all__:
        assert getattr(module, name).__doc__, name


@pytest.mark.parametrize("package", PACKAGES)
def test_packages_do_not_import_each_other(package):
    # The parts of the command line.
    composing = {"cli.py", "cli_exports.py", "tables.py"}
    composing |= {"main_job.py", "job_exports.py"}
    folder = ROOT / ("export" if package == "keras_export" else package)
    for file in folder.glob("*.py"):
        if file.name in composing:
            continue
        text = file.read_text()
        for other in PACKAGES:
            if other != package:
                assert f"import {other}" not in text, file
                assert f"from {other}" not in text, file
