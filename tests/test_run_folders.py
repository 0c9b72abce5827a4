"""The folders of both command lines: resumed, replaced, never half there."""

import dataclasses
import os
import pathlib
import shutil

import pytest

from _keras_sparse_common import run_folders


@dataclasses.dataclass
class Options:
    epochs: int = 3


def work(folder, text, **options):
    with run_folders.claim(folder, Options(), **options) as place:
        (place / "state").mkdir(exist_ok=True)
        (place / "metrics.json").write_text(text)


def names(folder):
    return sorted(path.name for path in pathlib.Path(folder).iterdir())


def stop(folder, **options):
    with pytest.raises(KeyboardInterrupt):
        with run_folders.claim(folder, Options(), **options) as place:
            (place / "state").mkdir()
            raise KeyboardInterrupt


def test_a_stopped_run_that_was_to_replace_another_is_resumed(tmp_path):
    work(tmp_path / "out", "old")
    stop(tmp_path / "out", overwrite=True)
    assert (tmp_path / "out/metrics.json").read_text() == "old"
    with pytest.raises((ValueError, OSError), match="--overwrite.*besides"):
        work(tmp_path / "out", "new", resume=True)
    work(tmp_path / "out", "new", resume=True, overwrite=True)
    assert (tmp_path / "out/metrics.json").read_text() == "new"
    assert names(tmp_path) == ["out"] and names(tmp_path / "out") == [
        "metrics.json"
    ]


@pytest.mark.parametrize("function", ["replace", "rmtree", "unlink"])
@pytest.mark.parametrize("count", [1, 2, 3])
def test_killed_while_it_finishes_it_is_finished_or_can_be_resumed(
    tmp_path, monkeypatch, function, count
):
    """What a killed process leaves is copied at that moment, as it lies."""
    work(tmp_path / "out", "old")
    left = tmp_path.with_name(tmp_path.name + "-left")
    stop(tmp_path / "out", overwrite=True)
    calls = []

    def watch(original):
        def call(*arguments, **options):
            calls.append(arguments)
            if len(calls) == count:
                shutil.copytree(tmp_path, left)
            return original(*arguments, **options)

        return call

    module, name = {
        "replace": (os, "replace"),
        "rmtree": (shutil, "rmtree"),
        "unlink": (pathlib.Path, "unlink"),
    }[function]
    monkeypatch.setattr(module, name, watch(getattr(module, name)))
    work(tmp_path / "out", "new", resume=True, overwrite=True)
    monkeypatch.undo()
    if len(calls) < count:
        return
    out = left / "out"
    if out.exists() and (out / "metrics.json").read_text() == "new":
        return
    work(out, "new", resume=True, overwrite=True)
    assert (out / "metrics.json").read_text() == "new"
    assert names(left) == ["out"]


def test_a_folder_named_old_by_its_user_is_left_alone(tmp_path):
    (tmp_path / "out.old").mkdir()
    (tmp_path / "out.old/mine").write_text("mine")
    work(tmp_path / "out", "old")
    work(tmp_path / "out", "new", overwrite=True)
    assert (tmp_path / "out.old/mine").read_text() == "mine"


def test_an_empty_unfinished_folder_is_no_run(tmp_path):
    (tmp_path / "out.unfinished").mkdir()
    work(tmp_path / "out", "new")
    assert names(tmp_path) == ["out"]
