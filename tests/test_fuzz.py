"""Broken and hostile files: clear errors, no crash, no hang, no escape.

Each case is a seeded mutation of a whole file, of its bytes or, repacked, of
a member of it; equal numbers give equal cases. They are read in a process of
their own, which may take 60 seconds and 4 GB for one of them.
"""

import ast
import collections
import importlib
import logging
import pathlib
import zipfile

import keras
import pytest
from forked_jobs import ForkedJobs

from keras_latent import cli_errors, explore_command
from keras_sparse import checkpoint, cli

PACKAGES = (
    *("_keras_sparse_common", "keras_sparse", "keras_distill", "keras_latent"),
    "keras_export",
)
# Target of `fuzz_files` -> number of cases: by default, and in the slow suite.
CASES = {
    "keras": (8, 700),
    "generator": (8, 700),
    "inspect": (8, 900),
    "weights": (8, 900),
    "predict": (8, 900),
    "benchmark": (6, 700),
    "state": (6, 300),
    "progress": (6, 300),
    "round": (8, 300),
    "settings": (8, 600),
    **dict.fromkeys(
        (
            *("directions", "annotations", "statistics", "images", "inputs"),
            *("array", "manifest", "attached", "chunk", "notes"),
        ),
        (8, 300),
    ),
}


@pytest.fixture(scope="module")
def jobs():
    with ForkedJobs("fuzz_targets", timeout=3600) as jobs:
        yield jobs


@pytest.fixture(scope="module")
def folder(jobs, tmp_path_factory):
    folder = tmp_path_factory.mktemp("whole")
    answer = jobs.call("make", folder=str(folder))
    assert answer["code"] == 0, answer["error"]
    return str(folder)


@pytest.mark.parametrize("target", CASES)
def test_a_whole_file_is_read(jobs, folder, target):
    answer = jobs.call("whole", target=target, folder=folder)
    assert answer["code"] == 0, answer["error"]


@pytest.mark.parametrize("target", CASES)
def test_broken_files_raise_clear_errors(jobs, folder, tmp_path, target):
    check(jobs, folder, tmp_path, target, 0, CASES[target][0])


@pytest.mark.slow
@pytest.mark.timeout(7200)
@pytest.mark.parametrize("target", CASES)
def test_many_broken_files_raise_clear_errors(jobs, folder, tmp_path, target):
    total = check(jobs, folder, tmp_path, target, *CASES[target])
    # Shown by --log-cli-level=INFO.
    logging.getLogger(__name__).info("%s: %s", target, dict(total))


def check(jobs, folder, tmp_path, target, first, stop):
    log, bad, total = tmp_path / "log", [], collections.Counter()
    while first < stop:
        answer = jobs.call(
            "fuzz",
            target=target,
            first=first,
            count=stop - first,
            folder=folder,
            log=str(log),
        )
        if answer["code"] == 0:
            bad += answer["result"]["bad"]
            total.update(answer["result"]["counts"])
            break
        # The process died: the case that did it is told, the next one tried.
        case = int(log.read_text())
        what = "hung" if answer["timed_out"] else f"ended by {answer['code']}"
        bad.append([case, what, answer["error"]])
        first = case + 1
    assert not bad
    return total


@pytest.fixture(scope="module")
def model_with_code(tmp_path_factory):
    """Path of a `.keras` file whose layer would write a file, and that file."""
    folder = tmp_path_factory.mktemp("code")
    trap = folder / "trap"
    name = str(trap)
    layer = keras.layers.Lambda(
        lambda x: (pathlib.Path(name).write_text("executed"), x)[1],
        output_shape=(2,),
    )
    keras.Sequential([keras.Input((2,)), layer]).save(folder / "model.keras")
    trap.unlink(missing_ok=True)
    return folder / "model.keras", trap


def test_code_in_a_model_file_is_refused_and_not_executed(
    model_with_code, capfd
):
    path, trap = model_with_code
    assert cli.run(["inspect", str(path)]) == 1
    assert "Lambda" in capfd.readouterr().err
    with pytest.raises(cli_errors.UsageProblem, match="Lambda"):
        explore_command.read_generator(path)
    with pytest.raises(ValueError, match="Lambda"):
        checkpoint.load(path.parent)
    assert not trap.exists()


@pytest.mark.parametrize("name", ["../../escaped.txt", "/{}/escaped.txt"])
def test_a_model_file_cannot_write_outside_of_its_folder(tmp_path, name):
    words = keras.layers.StringLookup(vocabulary=["a", "b"])
    path = tmp_path / "deep" / "er" / "model.keras"
    path.parent.mkdir(parents=True)
    keras.Sequential([keras.Input((1,), dtype="string"), words]).save(path)
    outside = name.format(str(tmp_path).strip("/"))
    with zipfile.ZipFile(path, "a") as archive:
        archive.writestr(outside, "out")
        archive.writestr(f"assets/{outside}", "out")
    before = set(tmp_path.rglob("*"))
    assert cli.run(["inspect", str(path)]) in (0, 1)
    assert set(tmp_path.rglob("*")) == before
    assert not pathlib.Path("escaped.txt").exists()


@pytest.mark.parametrize("package", PACKAGES)
def test_no_package_unpickles_or_unpacks(package):
    modules = {"pickle", "cPickle", "dill", "joblib", "marshal", "shelve"}
    modules |= {"tarfile", "cloudpickle"}
    calls = {"extractall", "unpack_archive", "eval", "exec"}
    calls |= {"enable_unsafe_deserialization"}
    folder = pathlib.Path(importlib.import_module(package).__file__).parent
    files = sorted(folder.rglob("*.py"))
    assert files
    for path in files:
        for node in ast.walk(ast.parse(path.read_text())):
            place = f"{path.name}:{getattr(node, 'lineno', 0)}"
            if isinstance(node, (ast.Import, ast.ImportFrom)):
                names = {alias.name for alias in node.names}
                names.add(getattr(node, "module", None))
                assert not names & modules, place
            if isinstance(node, ast.Call):
                name = getattr(node.func, "attr", getattr(node.func, "id", ""))
                assert name not in calls, place
                for keyword in node.keywords:
                    value = getattr(keyword.value, "value", None)
                    unsafe = (keyword.arg, value) in {
                        ("allow_pickle", True),
                        ("safe_mode", False),
                    }
                    assert not unsafe, place
