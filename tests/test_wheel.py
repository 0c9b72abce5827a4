"""The wheel is whole: tests in an empty folder pass against it."""

import importlib.metadata
import os
import pathlib
import shutil
import subprocess
import sys
import sysconfig
import zipfile

import pytest

ROOT = pathlib.Path(__file__).parents[1]
PACKAGES = ("keras_sparse", "keras_distill", "keras_latent", "keras_export")
DATA = [f"{package}/py.typed" for package in PACKAGES]
DATA += [f"keras_latent/pages/explore.{kind}" for kind in ("css", "html", "js")]
FAST = """
    test_packaging.py test_type_hints.py keras_sparse/test_topk.py
    keras_sparse/test_distributions.py keras_sparse/test_config.py
    keras_sparse/test_saving.py keras_distill/test_class_logits.py
    keras_export/test_flatbuffer_bounds.py keras_export/test_encodings.py
    keras_latent/test_shapes.py keras_latent/test_latent_config.py
""".split()
SETUPTOOLS = importlib.metadata.version("setuptools")

pytestmark = [
    pytest.mark.slow,
    pytest.mark.timeout(1800),
    pytest.mark.skipif(
        not (ROOT / "export").is_dir(), reason="needs a checkout"
    ),
    pytest.mark.skipif(
        int(SETUPTOOLS.split(".")[0]) < 77,
        reason="building offline needs setuptools 77",
    ),
]


def run(*command, folder):
    environment = {**os.environ, "TF_CPP_MIN_LOG_LEVEL": "3"}
    environment.pop("PYTHONPATH", None)
    done = subprocess.run(
        list(map(str, command)),
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-3000:]
    return done.stdout


@pytest.fixture(scope="module")
def wheel(tmp_path_factory):
    """The wheel of this checkout, built outside of it."""
    folder = tmp_path_factory.mktemp("wheel")
    left_out = shutil.ignore_patterns(".*", "build", "dist", "*.egg-info")
    shutil.copytree(ROOT, folder / "source", ignore=left_out)
    build = [sys.executable, "-m", "pip", "wheel", "--no-deps", "-q"]
    build += ["--no-build-isolation", "-w", folder, folder / "source"]
    run(*build, folder=folder)
    (found,) = folder.glob("*.whl")
    return found


@pytest.fixture(scope="module")
def python(wheel, tmp_path_factory):
    """An interpreter that sees the wheel and what this one has installed.

    A `.pth` file names the folder of the latter, whose own `.pth` files, that
    of an editable install among them, are not read then.
    """
    folder = tmp_path_factory.mktemp("environment")
    run(sys.executable, "-m", "venv", folder, folder=folder)
    python = folder / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--no-deps", wheel, folder=folder)
    site = run(
        *(python, "-c", "import sysconfig as s; print(s.get_path('purelib'))"),
        folder=folder,
    )
    installed = sysconfig.get_path("purelib")
    (pathlib.Path(site.strip()) / "installed.pth").write_text(installed)
    return python


def test_data_files_are_in_the_wheel(wheel):
    names = zipfile.ZipFile(wheel).namelist()
    assert [name for name in DATA if name not in names] == []
    assert not [name for name in names if name.startswith(("tests", "export"))]


def test_the_command_starts(python, tmp_path):
    text = run(python.with_name("keras-sparse"), "--help", folder=tmp_path)
    assert "benchmark" in text


def test_tests_in_an_empty_folder_pass_against_the_wheel(python, tmp_path):
    code = f"import {', '.join(PACKAGES)}\n"
    code += "\n".join(f"print({name}.__file__)" for name in PACKAGES)
    files = run(python, "-c", code, folder=tmp_path).split()
    site = python.parents[1] / "lib"
    assert len(files) == len(PACKAGES)
    assert all(pathlib.Path(file).is_relative_to(site) for file in files)
    shutil.copytree(ROOT / "tests", tmp_path / "tests")
    shutil.copy(ROOT / "pyproject.toml", tmp_path)
    fast = [f"tests/{name}" for name in FAST]
    text = run(python, "-m", "pytest", "-n0", "-q", *fast, folder=tmp_path)
    assert "passed" in text and "failed" not in text
