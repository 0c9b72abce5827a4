"""The command line, as a user runs it."""

import json
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_export
from keras_sparse.cli import run

COMMAND = [sys.executable, "-m", "_keras_sparse_main"]
FILES = {"report.html", "metrics.json"} | {
    f"{prefix}{name}"
    for prefix in ("", "dense_")
    for name in (
        *("model.keras", "saved_model", "model.tflite"),
        *(f"model_{f}.tflite" for f in ("float16", "dynamic", "int8")),
    )
}
CHANGING = ("latency_ratio", "keras_bytes", "saved_model_bytes", "command")


def call(folder, *arguments, code=0, environment=None):
    done = subprocess.run(
        [*COMMAND, *map(str, arguments)],
        cwd=folder,
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        env={**os.environ, **(environment or {})},
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def only_error(capfd):
    """The one line of the command; TensorFlow's own, which the installed
    command holds back, begin with a letter and a date."""
    lines = capfd.readouterr().err.splitlines()
    lines = [line for line in lines if not re.match(r"[IWE]\d{4} ", line)]
    assert len(lines) == 1, lines
    assert lines[0].startswith("keras-sparse: error: ")
    return lines[0]


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


@pytest.mark.parametrize(
    "saves",
    [
        pytest.param(1, id="dense", marks=pytest.mark.slow),
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


def test_inspect_shows_both_kinds_of_file(trained, capfd):
    assert run(["inspect", str(trained[0] / "model.keras")]) == 0
    shown = capfd.readouterr().out
    assert "5,021" in shown and "bytes at 8 bits" in shown
    assert run(["inspect", str(trained[0] / "model.tflite")]) == 0
    shown = capfd.readouterr().out
    assert "csr" in shown and "FULLY_CONNECTED" in shown
    assert "XNNPACK" in shown and "their places hold" in shown


def test_export_writes_a_file_and_keeps_what_is_there(trained, tmp_path, capfd):
    model = str(trained[0] / "model.keras")
    target = tmp_path / "small.tflite"
    assert run(["export", model, "--output", str(target)]) == 0
    size = target.stat().st_size
    assert size < (trained[0] / "dense_model.tflite").stat().st_size / 3
    capfd.readouterr()
    assert run(["export", model, "--output", str(target)]) == 2
    assert "`--overwrite`" in only_error(capfd)
    again = ["export", model, "--output", str(target), "--overwrite"]
    assert run([*again, "--no-sparse"]) == 0
    assert target.stat().st_size > 3 * size


def test_export_quantises_with_representative_data(trained, tmp_path, capfd):
    model = str(trained[0] / "model.keras")
    data = np.random.default_rng(0).random((8, 8, 8, 1)).astype("float32")
    np.savez(tmp_path / "data.npz", images=data)
    target = tmp_path / "small.tflite"
    command = ["export", model, "--output", str(target), "--target", "x86"]
    command += ["--no-sparse", "--quantize", "int8", "--representative-data"]
    assert run([*command, str(tmp_path / "data.npz")]) == 0
    assert "largest difference" in capfd.readouterr().out
    dense = (trained[0] / "dense_model.tflite").stat().st_size
    assert target.stat().st_size < dense / 3
    assert run(["inspect", str(target)]) == 0
    assert "int8" in capfd.readouterr().out


def test_export_writes_a_saved_model(trained, tmp_path, capfd):
    (tmp_path / "model.keras").symlink_to(trained[0] / "model.keras")
    command = ["export", str(tmp_path / "model.keras")]
    assert run([*command, "--format", "saved_model"]) == 0
    assert (tmp_path / "model_saved_model" / "saved_model.pb").exists()


def test_export_fixes_the_batch_size_of_a_recurrent_model(tmp_path, capfd):
    steps = [keras.Input((3, 2)), keras.layers.LSTM(2)]
    keras.Sequential(steps).save(tmp_path / "model.keras")
    command = ["export", str(tmp_path / "model.keras")]
    assert run(command) == 2
    assert "`--batch-size 1`" in only_error(capfd)
    assert run([*command, "--batch-size", "2"]) == 0
    inputs = keras_export.random_inputs(tmp_path / "model.tflite")
    assert [array.shape for array in inputs.values()] == [(2, 3, 2)]


def test_benchmark_compares_files_with_the_first(trained, capfd):
    files = [trained[0] / n for n in ("dense_model.tflite", "model.tflite")]
    sizes = ["--batch-size", "1", "--batch-size", "8"]
    assert run(["benchmark", *map(str, files), "--repeats", "5", *sizes]) == 0
    shown = capfd.readouterr().out
    assert shown.count("1.000") >= 2
    assert keras_export.cpu_model().split()[0] in shown


@pytest.mark.parametrize("command", ["benchmark", "verify"])
def test_a_file_that_fails_when_run_is_a_failure(
    command, trained, tmp_path, monkeypatch, capfd
):
    def fail(*args, **kwargs):
        raise {
            "benchmark": keras_export.InterpreterError,
            "verify": keras_export.VerificationError,
        }[command]("it is no good")

    monkeypatch.setattr(keras_export, "benchmark", fail)
    monkeypatch.setattr(keras_export, "litert", fail)
    arguments = {
        "benchmark": ["benchmark", str(trained[0] / "model.tflite")],
        "verify": ["export", str(trained[0] / "model.keras"), "--output", "x"],
    }
    assert run(arguments[command]) == 1
    assert "no good" in only_error(capfd)


MODEL, TFLITE = "out/model.keras", "out/model.tflite"


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["inspect", "gone.tflite"], "`MODEL`"),
        (["inspect", "folder.tflite"], "`MODEL`"),
        (["inspect", "text.tflite"], "`MODEL`"),
        (["inspect", "."], "`MODEL`"),
        (["export", "."], "`MODEL`"),
        (["export", MODEL, "--output", "folder.tflite"], "`--output`"),
        (["export", MODEL, "--output", "text.tflite"], "`--overwrite`"),
        (["export", MODEL, "--output", "small.bin"], "`--output`"),
        (["export", MODEL, "--output", "gone/small.tflite"], "`--output`"),
        (["export", MODEL, "--format", "onnx"], "`--format`"),
        (["export", MODEL, "--target", "mips"], "`--target`"),
        (["export", MODEL, "--quantize", "int4"], "`--quantize`"),
        (
            ["export", MODEL, "--quantize", "int8", "--output", "a.tflite"],
            "`--representative-data`",
        ),
        (
            ["export", MODEL, "--representative-data", "gone.npy"],
            "`--representative-data`",
        ),
        (
            ["export", MODEL, "--format", "saved_model", "--target", "arm"],
            "--target",
        ),
        (["export", MODEL, "--batch-size", "0"], "`--batch-size`"),
        (
            ["export", MODEL, "--format", "saved_model", "--batch-size", "1"],
            "--batch-size",
        ),
        (["benchmark", TFLITE, "gone.tflite"], "`FILES`"),
        (["benchmark", TFLITE, "."], "`FILES`"),
        (["benchmark", MODEL], "`FILES`"),
        (["benchmark", TFLITE, "--repeats", "0"], "`--repeats`"),
        (["benchmark", TFLITE, "--threads", "0"], "`--threads`"),
        (["benchmark", TFLITE, "--batch-size", "0"], "`--batch-size`"),
    ],
    ids=str,
)
def test_what_the_other_commands_refuse_is_named_with_exit_code_2(
    trained, tmp_path, arguments, named, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").symlink_to(trained[0])
    (tmp_path / "folder.tflite").mkdir()
    (tmp_path / "text.tflite").write_text("not a model")
    before = sorted(f.name for f in tmp_path.iterdir())
    assert run(arguments) == 2
    error = only_error(capfd)
    assert named in error and "Received: " in error and "Errno" not in error
    assert "`path`" not in error and "path=" not in error
    assert sorted(f.name for f in tmp_path.iterdir()) == before
    assert (tmp_path / "text.tflite").read_text() == "not a model"


@pytest.mark.parametrize("command", ["inspect", "benchmark"])
def test_a_cut_tflite_file_is_named(trained, tmp_path, command, capfd):
    whole = (trained[0] / "model.tflite").read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(whole[: len(whole) // 2])
    assert run([command, str(path)]) == 1
    assert f"must be a whole .tflite file. Received: '{path}'" in only_error(
        capfd
    )


@pytest.mark.parametrize("command", ["inspect", "export"])
@pytest.mark.parametrize("name", ["cut.keras", "other.keras", "gone.keras"])
def test_files_that_cannot_be_read_are_named(
    trained, tmp_path, command, name, capfd
):
    whole = (trained[0] / "model.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "other.keras").write_text("not a model")
    path = tmp_path / name
    code = 1 if path.exists() else 2
    assert run([command, str(path)]) == code
    assert str(path) in only_error(capfd)
    assert not path.with_suffix(".tflite").exists()


def test_the_installed_command_starts_quietly(tmp_path):
    command = pathlib.Path(sys.executable).with_name("keras-sparse")
    done = subprocess.run(
        [command, "--help"], capture_output=True, text=True, cwd=tmp_path
    )
    assert done.returncode == 0 and done.stderr == ""
    for name in ("train", "export", "inspect", "benchmark"):
        assert name in done.stdout
