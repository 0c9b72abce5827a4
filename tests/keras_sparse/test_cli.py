"""The command `train`, as a user runs it."""

import json
import pathlib
import subprocess
import sys

import pytest
from command_line import call, only_error

from keras_sparse.cli import run

FILES = {"report.html", "metrics.json"} | {
    f"{prefix}{name}"
    for prefix in ("", "dense_")
    for name in (
        *("model.keras", "saved_model", "model.tflite"),
        *(f"model_{f}.tflite" for f in ("float16", "dynamic", "int8")),
    )
}
CHANGING = ("latency_ratio", "keras_bytes", "saved_model_bytes", "command")


@pytest.fixture(scope="module")
def trained(tmp_path_factory):
    folder = tmp_path_factory.mktemp("trained")
    done = call(folder, "train", "--epochs", 2, "--output", "out")
    return folder / "out", done


def metrics(folder):
    content = json.loads((folder / "metrics.json").read_text())
    for part in (content, content["dense"], content["sparse"]):
        for file in part.get("exports", ()):
            file.pop("latency_ratio")
        for name in CHANGING:
            part.pop(name, None)
    return content


def test_train_writes_every_artefact_and_no_noise(trained):
    folder, done = trained
    assert {file.name for file in folder.iterdir()} == FILES
    assert done.stderr == ""
    assert "dense 2/2" in done.stdout and "sparse 2/2" in done.stdout
    assert "test accuracy" in done.stdout
    assert list(folder.parent.iterdir()) == [folder]


def test_the_sparse_model_has_the_live_weights_that_were_asked_for(trained):
    result = metrics(trained[0])
    sizes = [64 * 300, 300 * 100, 100 * 10]
    assert result["dense"]["live_weights"] == sum(sizes)
    share = result["sparse"]["live_weights"] / sum(sizes)
    assert share == pytest.approx(0.1, abs=1e-3)
    for kind in ("dense", "sparse"):
        assert result[kind]["max_difference"] <= 1e-5
        exported = result[kind]["tflite_accuracy"]
        assert exported == pytest.approx(result[kind]["accuracy"], abs=1e-6)


def test_every_number_format_keeps_the_accuracy(trained):
    result = metrics(trained[0])
    for kind in ("dense", "sparse"):
        exports = result[kind]["exports"]
        formats = [file["format"] for file in exports]
        assert formats == ["float32", "float16", "dynamic", "int8"]
        sizes = [file["bytes"] for file in exports]
        # Single zeros are compressed in floats only.
        assert sizes[0] > (max(sizes[1:]) if kind == "dense" else sizes[1])
        for file in exports:
            lost = result[kind]["accuracy"] - file["accuracy"]
            is_float = file["format"].startswith("float")
            assert lost <= (0.001 if is_float else 0.005) + 1e-9, file


@pytest.mark.slow
def test_a_device_profile_picks_pattern_and_export(tmp_path):
    call(
        *(tmp_path, "train", "--epochs", 2, "--output", "out"),
        *("--device-profile", "any", "--sparsity", 0.5),
    )
    result = metrics(tmp_path / "out")
    assert result["device_profile"] == "any"
    paths = [layer["path"] for layer in result["layers"]]
    assert [path.split("/")[-2] for path in paths] == ["hidden_1", "hidden_2"]
    # Half of 300 and of 100 neurons are taken out.
    dense, sparse = (
        result[kind]["exports"][0]["bytes"] for kind in ("dense", "sparse")
    )
    assert sparse < 0.5 * dense
    assert set(result["sparse"]["encodings"]) == {"dense"}


def test_equal_seeds_give_equal_runs(trained, tmp_path):
    call(tmp_path, "train", "--epochs", 2, "--output", "again")
    assert metrics(tmp_path / "again") == metrics(trained[0])


@pytest.mark.slow
@pytest.mark.parametrize(
    "saves",
    [
        pytest.param(1, id="dense"),
        pytest.param(3, id="sparse"),
    ],
)
def test_a_killed_run_resumes_to_the_same_result(
    trained, tmp_path, saves, monkeypatch, capfd
):
    script = f"""
import os, sys
from keras_sparse import checkpoint
from keras_sparse.cli import run
save, saves = checkpoint.save, []
def save_then_die(*arguments):
    save(*arguments)
    saves.append(1)
    if len(saves) == {saves}:
        os._exit(9)
checkpoint.save = save_then_die
run(["train", "--epochs", "2", "--output", "out"])
"""
    done = subprocess.run(
        [sys.executable, "-c", script], cwd=tmp_path, capture_output=True
    )
    assert done.returncode == 9
    assert [f.name for f in tmp_path.iterdir()] == ["out.unfinished"]
    monkeypatch.chdir(tmp_path)
    assert run(["train", "--output", "out"]) == 2
    assert "--resume" in only_error(capfd)
    assert run(["train", "--output", "out", "--resume", "--seed", "3"]) == 2
    assert "`--epochs`" in only_error(capfd)
    call(tmp_path, "train", "--epochs", 2, "--output", "out", "--resume")
    assert metrics(tmp_path / "out") == metrics(trained[0])
    assert [f.name for f in tmp_path.iterdir()] == ["out"]


def test_a_loss_that_is_not_finite_ends_with_one_line(tmp_path):
    arguments = ("train", "--learning-rate", "1e30", "--output", "out")
    done = call(tmp_path, *arguments, code=1)
    assert done.stderr.count("\n") == 1
    assert "`--learning-rate`" in done.stderr and "nan" in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--sparsity", "1"], "`--sparsity`"),
        (["--sparsity", "-0.1"], "`--sparsity`"),
        (["--sparsity", "nan"], "`--sparsity`"),
        (["--sparsity", "many"], "--sparsity"),
        (["--dataset", "no_such_set"], "`--dataset`"),
        (["--dataset", "mnist", "--data-dir", "."], "`--data-dir`"),
        (["--method", "rigle"], "`--method`"),
        (["--model", "vgg"], "`--model`"),
        (["--distribution", "even"], "`--distribution`"),
        (["--strategy", "parameter_server"], "`--strategy`"),
        (["--filters", "convolution"], "`--filters`"),
        (["--filters", "("], "`--filters`"),
        (["--epochs", "-1"], "`--epochs`"),
        (["--learning-rate", "0"], "`--learning-rate`"),
        (["--resume"], "`--resume`"),
        (["--output", "file"], "`--output`"),
        (["--output", "folder", "--overwrite"], "`--output`"),
        (["--layers", "3"], "--layers"),
    ],
)
def test_usage_errors_are_one_line_and_exit_code_2(
    arguments, named, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    assert run(["train", "--epochs", "1", *arguments]) == 2
    assert named in only_error(capfd)
    assert sorted(f.name for f in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "folder" / "mine").read_text() == "mine"


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path, capfd):
    (tmp_path / "file").write_text("mine")
    output = str(tmp_path / "file" / "out")
    assert run(["train", "--epochs", "1", "--output", output]) == 1
    assert output in only_error(capfd)


def test_a_finished_run_is_replaced_only_when_asked(trained, capfd):
    folder = str(trained[0])
    assert run(["train", "--output", folder]) == 2
    assert "--overwrite" in only_error(capfd)
    assert run(["train", "--output", folder, "--resume"]) == 2
    assert "finished" in only_error(capfd)
    assert {file.name for file in trained[0].iterdir()} == FILES


def test_the_installed_command_starts_quietly(tmp_path):
    command = pathlib.Path(sys.executable).with_name("keras-sparse")
    done = subprocess.run(
        [command, "--help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0 and done.stderr == ""
    for name in ("train", "export", "inspect", "benchmark"):
        assert name in done.stdout
