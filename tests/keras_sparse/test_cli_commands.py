"""The commands `export`, `inspect` and `benchmark`, as a user runs them."""

import keras
import numpy as np
import pytest
from command_line import only_error

import keras_export
from keras_sparse import Static, models, sparsify
from keras_sparse.cli import run


@pytest.fixture(scope="module")
def exported(tmp_path_factory):
    """Folder with a sparse model and its `.tflite` files, as `train` leaves."""
    folder = tmp_path_factory.mktemp("exported")
    keras.utils.set_random_seed(0)
    model = models.mlp((8, 8, 1), 10)
    keras_export.litert(model, folder / "dense_model.tflite")
    model.compile(sparsify(model, "adam", Static(0.9)), "mse")
    model.save(folder / "model.keras")
    keras_export.litert(model, folder / "model.tflite")
    return folder


def test_inspect_shows_both_kinds_of_file(exported, capfd):
    assert run(["inspect", str(exported / "model.keras")]) == 0
    shown = capfd.readouterr().out
    assert "5,021" in shown and "bytes at 8 bits" in shown
    assert run(["inspect", str(exported / "model.tflite")]) == 0
    shown = capfd.readouterr().out
    assert "csr" in shown and "FULLY_CONNECTED" in shown
    assert "XNNPACK" in shown and "their places hold" in shown


def test_export_writes_a_file_and_keeps_what_is_there(
    exported, tmp_path, capfd
):
    model = str(exported / "model.keras")
    target = tmp_path / "small.tflite"
    assert run(["export", model, "--output", str(target)]) == 0
    size = target.stat().st_size
    assert size < (exported / "dense_model.tflite").stat().st_size / 3
    capfd.readouterr()
    assert run(["export", model, "--output", str(target)]) == 2
    assert "`--overwrite`" in only_error(capfd)
    again = ["export", model, "--output", str(target), "--overwrite"]
    assert run([*again, "--no-sparse"]) == 0
    assert target.stat().st_size > 3 * size


def test_export_quantises_with_representative_data(exported, tmp_path, capfd):
    model = str(exported / "model.keras")
    data = np.random.default_rng(0).random((8, 8, 8, 1)).astype("float32")
    np.savez(tmp_path / "data.npz", images=data)
    target = tmp_path / "small.tflite"
    command = ["export", model, "--output", str(target), "--target", "x86"]
    command += ["--no-sparse", "--quantize", "int8", "--representative-data"]
    assert run([*command, str(tmp_path / "data.npz")]) == 0
    assert "largest difference" in capfd.readouterr().out
    dense = (exported / "dense_model.tflite").stat().st_size
    assert target.stat().st_size < dense / 3
    assert run(["inspect", str(target)]) == 0
    assert "int8" in capfd.readouterr().out


def test_export_writes_a_saved_model(exported, tmp_path, capfd):
    (tmp_path / "model.keras").symlink_to(exported / "model.keras")
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


def test_benchmark_compares_files_with_the_first(exported, capfd):
    files = [exported / n for n in ("dense_model.tflite", "model.tflite")]
    sizes = ["--batch-size", "1", "--batch-size", "8"]
    assert run(["benchmark", *map(str, files), "--repeats", "5", *sizes]) == 0
    shown = capfd.readouterr().out
    assert shown.count("1.000") >= 2
    assert keras_export.cpu_model().split()[0] in shown


@pytest.mark.parametrize("command", ["benchmark", "verify"])
def test_a_file_that_fails_when_run_is_a_failure(
    command, exported, tmp_path, monkeypatch, capfd
):
    def fail(*args, **kwargs):
        raise {
            "benchmark": keras_export.InterpreterError,
            "verify": keras_export.VerificationError,
        }[command]("it is no good")

    monkeypatch.setattr(keras_export, "benchmark", fail)
    monkeypatch.setattr(keras_export, "litert", fail)
    arguments = {
        "benchmark": ["benchmark", str(exported / "model.tflite")],
        "verify": ["export", str(exported / "model.keras"), "--output", "x"],
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
    exported, tmp_path, arguments, named, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "out").symlink_to(exported)
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
def test_a_cut_tflite_file_is_named(exported, tmp_path, command, capfd):
    whole = (exported / "model.tflite").read_bytes()
    path = tmp_path / "cut.tflite"
    path.write_bytes(whole[: len(whole) // 2])
    assert run([command, str(path)]) == 1
    assert f"must be a whole .tflite file. Received: '{path}'" in only_error(
        capfd
    )


@pytest.mark.parametrize("command", ["inspect", "export"])
@pytest.mark.parametrize("name", ["cut.keras", "other.keras", "gone.keras"])
def test_files_that_cannot_be_read_are_named(
    exported, tmp_path, command, name, capfd
):
    whole = (exported / "model.keras").read_bytes()
    (tmp_path / "cut.keras").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "other.keras").write_text("not a model")
    path = tmp_path / name
    code = 1 if path.exists() else 2
    assert run([command, str(path)]) == code
    assert str(path) in only_error(capfd)
    assert not path.with_suffix(".tflite").exists()
