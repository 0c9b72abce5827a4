"""A full disk is told, loses nothing that was there, and leaves no rest.

The disk is full in that no file of the process can grow beyond some bytes;
what is written fails in the middle, in Python as in the libraries below.
"""

import os
import pathlib

import pytest
from forked_jobs import ForkedJobs

from _keras_sparse_common import whole_files

MOMENT = 30  # of the kill before, when there is a first state
SIZES = {
    "fit": 3000,
    "checkpoint": 20_000,
    "lottery": 1500,
    "export": 1000,
    "cache": 200,  # a chunk has 288
}


@pytest.fixture(scope="module")
def jobs():
    with ForkedJobs("killed_jobs") as jobs:
        yield jobs


@pytest.mark.parametrize(
    "job",
    [
        "fit",
        pytest.param("checkpoint", marks=pytest.mark.slow),
        pytest.param("lottery", marks=pytest.mark.slow),
        "export",
        "cache",
    ],
)
def test_a_full_disk_is_an_os_error_and_what_was_there_stays(
    jobs, tmp_path, job
):
    folder = tmp_path / "there"
    if job == "export":
        jobs.call("prepare", folder=str(folder))
    else:
        jobs.call("run", job=job, folder=str(folder), moment=MOMENT)
    jobs.call("look", folder=str(folder))
    before = contents(folder)
    answer = jobs.call(
        "run_on_full_disk", job=job, folder=str(folder), size=SIZES[job]
    )
    assert answer["code"] == 0, answer
    _, is_os_error, message = answer["result"]
    assert is_os_error and "File too large" in message
    assert contents(folder).items() <= before.items()
    kept = {name for name in before if not is_rest(name)}
    assert kept <= set(contents(folder))


def contents(folder):
    """Dict, path in the folder -> bytes, of every file."""
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in sorted(pathlib.Path(folder).rglob("*"))
        if path.is_file()
    }


def is_rest(name):
    """Whether a file is what the killed process was writing."""
    hidden = any(part.startswith(".") for part in name.split("/"))
    return hidden or name.endswith(".partial")


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize("kind", ["file", "folder"])
def test_what_fails_at_the_end_leaves_the_old(
    tmp_path, monkeypatch, call, kind
):
    write = {"file": write_file, "folder": write_folder}[kind]
    write(tmp_path / "kept", "old")
    before = contents(tmp_path)

    def fail(*_):
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, call, fail)
    with pytest.raises(OSError, match="No space left"):
        write(tmp_path / "kept", "new")
    monkeypatch.undo()
    assert contents(tmp_path) == before
    write(tmp_path / "kept", "new")
    assert "new" in str(contents(tmp_path))


def write_file(path, text):
    with whole_files.whole_file(path) as new:
        new.write_text(text)


def write_folder(path, text):
    with whole_files.whole_folder(path) as new:
        (new / "text").write_text(text)


def test_a_folder_killed_between_two_renames_is_recovered(tmp_path):
    folder = tmp_path / "kept"
    write_folder(folder, "old")
    renamed = []
    with pytest.MonkeyPatch.context() as patch:
        replace = os.replace

        def die(source, target):
            if renamed:
                raise KeyboardInterrupt
            renamed.append(target)
            replace(source, target)

        patch.setattr(os, "replace", die)
        with pytest.raises(KeyboardInterrupt):
            write_folder(folder, "new")
    assert not folder.exists()
    whole_files.recover(folder)
    assert contents(folder) == {"text": b"old"}
