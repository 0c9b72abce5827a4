"""The command line, as a user runs it."""

import functools
import json
import os
import pathlib
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

from keras_latent.cli import run
from keras_latent.cli_errors import translate

# All runs in one process of their own: determinism cannot be switched off.
SCRIPT = """
import json, sys
from keras_latent import training_state
from keras_latent.cli import run

save = training_state.save_state

def stop_after(saves):
    def save_and_stop(*arguments):
        save(*arguments)
        saves.pop()
        if not saves:
            raise KeyboardInterrupt
    training_state.save_state = save_and_stop

command = [sys.argv[1], "--quick", "--epochs", "2", "--seed", "3"]
codes = [run([*command, "--output", "whole"])]
stop_after([1, 2, 3])
parts = [*command, "--output", "parts"]
codes += [run(parts), run(parts), run([*parts[:-3], "4", *parts[-2:],
                                      "--resume"])]
training_state.save_state = save
codes.append(run([*parts, "--resume"]))
json.dump(codes, open("codes.json", "w"))
"""
PICTURES = {
    "adapt": ("examples", "features", "curves"),
    "fader": ("grid", "strips", "curves"),
}
MODELS = {
    "adapt": ("source_only", "adapted"),
    "fader": ("encoder", "decoder", "classifier", "fader"),
}
SAID = {
    "adapt": ("source only 2/2", "adapted 2/2", "report.html"),
    "fader": ("no adversary 2/2", "Fader 1/2", "report.html"),
}
jobs = pytest.mark.parametrize(
    "job", [pytest.param("fader", marks=pytest.mark.slow), "adapt"]
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Function: job -> folder with a whole and a resumed run, what was said."""

    @functools.cache
    def find(job):
        folder = tmp_path_factory.mktemp(job)
        done = subprocess.run(
            [sys.executable, "-c", SCRIPT, job],
            cwd=folder,
            capture_output=True,
            text=True,
            stdin=subprocess.DEVNULL,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return folder, done

    return find


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


@jobs
def test_a_run_writes_every_file_and_nothing_else(runs, job):
    folder, done = runs(job)
    expected = {"metrics.json", "report.html"}
    expected |= {f"{name}.png" for name in PICTURES[job]}
    expected |= {f"{name}.keras" for name in MODELS[job]}
    assert {f.name for f in (folder / "whole").iterdir()} == expected
    assert sorted(f.name for f in folder.iterdir()) == [
        *("codes.json", "parts", "whole")
    ]
    for text in SAID[job]:
        assert text in done.stdout


@jobs
def test_a_stopped_run_resumes_to_the_same_result(runs, job):
    folder, done = runs(job)
    codes = json.loads((folder / "codes.json").read_text())
    # Whole; stopped; begun again without --resume, with another seed; resumed.
    assert codes == [0, 130, 2, 2, 0]
    assert "stopped; --resume goes on" in done.stderr
    assert "`--seed` must be as in the run to resume, 3" in done.stderr
    whole, parts = (metrics(folder / n) for n in ("whole", "parts"))
    assert parts == whole
    assert (folder / "whole" / "report.html").read_text() == (
        folder / "parts" / "report.html"
    ).read_text()


def test_the_numbers_of_adaptation_are_those_of_its_models(runs):
    folder = runs("adapt")[0] / "whole"
    result = metrics(folder)
    from keras_latent import datasets

    for kind in MODELS["adapt"]:
        model = keras.models.load_model(folder / f"{kind}.keras")
        for domain, name in (("source", "digits"), ("target", "digits_m")):
            images, labels = datasets.load(name, None, "test", 16, 3)
            found = model.predict(images, verbose=0).argmax(axis=-1)
            expected = result[kind][f"{domain}_accuracy"]
            assert np.mean(found == labels) == pytest.approx(expected, abs=1e-6)
    gain = [result[kind]["target_accuracy"] for kind in MODELS["adapt"]]
    assert result["gain"] == pytest.approx(gain[1] - gain[0])
    assert result["origins"]["digits_m"].endswith("on coloured noise")


@pytest.mark.slow
def test_the_networks_of_the_fader_are_saved_each(runs):
    folder = runs("fader")[0] / "whole"
    encoder, decoder, classifier, fader = (
        keras.models.load_model(folder / f"{name}.keras")
        for name in MODELS["fader"]
    )
    images = np.random.default_rng(0).random((4, 8, 8, 1)).astype("float32")
    labels = np.array([0, 3, 9, 1])
    codes = encoder.predict(images, verbose=0)
    drawn = decoder.predict([codes, np.eye(10)[labels]], verbose=0)
    np.testing.assert_allclose(drawn, fader.reconstruct(images, labels))
    assert classifier.output_shape == (None, 10)
    result = metrics(folder)
    # Two epochs teach nothing; the probe is judged on every test image.
    assert result["fader"]["verdict"] == "FAILURE"
    assert result["fader"]["probed"] == 360
    assert result["control"]["error_ratio"] == 1.0


def only_error(capfd):
    lines = capfd.readouterr().err.splitlines()
    lines = [line for line in lines if not re.match(r"[IWE]\d{4} ", line)]
    assert len(lines) == 1, lines
    assert lines[0].startswith("keras_latent: error: ")
    return lines[0]


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["fader", "--dataset", "no_such"], "`--dataset`"),
        (["fader", "--dataset", "mnist", "--data-dir", "."], "`--data-dir`"),
        (["fader", "--dataset", "gone.npz"], "`--dataset`"),
        (["fader", "--adversarial", "wgan"], "`--adversarial`"),
        (["fader", "--beta", "-1"], "`--beta`"),
        (["fader", "--beta", "nan"], "`--beta`"),
        (["fader", "--critic-steps", "0"], "`--critic-steps`"),
        (["fader", "--code-size", "0"], "`--code-size`"),
        (["fader", "--epochs", "-1"], "`--epochs`"),
        (["fader", "--epochs", "many"], "--epochs"),
        (["fader", "--layers", "3"], "--layers"),
        (["adapt", "--source", "no_such"], "`--source`"),
        (["adapt", "--target", "no_such"], "`--target`"),
        (["adapt", "--target", "digits"], "`--target`"),
        (["adapt", "--source", "digits_m", "--target", "digits_m"], "target"),
        (["adapt", "--image-size", "-1"], "`--image-size`"),
        (["adapt", "--seed", "-1"], "`--seed`"),
        (["adapt", "--resume"], "`--resume`"),
        (["adapt", "--output", "file"], "`--output`"),
        (["adapt", "--output", "folder", "--overwrite"], "`--output`"),
    ],
    ids=str,
)
def test_usage_errors_are_one_line_and_exit_code_2(
    arguments, named, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    (tmp_path / "file").write_text("mine")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "mine").write_text("mine")
    assert run(arguments) == 2
    error = only_error(capfd)
    assert named in error and "`name`" not in error
    assert sorted(f.name for f in tmp_path.iterdir()) == ["file", "folder"]
    assert (tmp_path / "folder" / "mine").read_text() == "mine"


@jobs
def test_a_finished_run_is_replaced_only_when_asked(runs, job, capfd):
    folder = runs(job)[0] / "whole"
    before = sorted(folder.iterdir())
    assert run([job, "--output", str(folder)]) == 2
    assert "--overwrite" in only_error(capfd)
    assert run([job, "--output", str(folder), "--resume"]) == 2
    assert "finished" in only_error(capfd)
    assert sorted(folder.iterdir()) == before


def test_a_folder_that_cannot_be_made_is_a_failure(tmp_path, capfd):
    (tmp_path / "file").write_text("mine")
    output = str(tmp_path / "file" / "out")
    assert run(["adapt", "--output", output]) == 1
    assert output in only_error(capfd)


def test_python_m_keras_latent_is_the_command(tmp_path):
    command = [sys.executable, "-m", "keras_latent"]
    done = subprocess.run(
        [*command, "adapt", "--epochs", "-1"],
        cwd=tmp_path,
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": str(pathlib.Path.cwd())},
    )
    assert done.returncode == 2
    assert "error: `--epochs` must be" in done.stderr


def test_every_name_of_an_argument_becomes_that_of_its_option():
    message = "`image_size` must be 3. Received: image_size=4, name=5 (a=b)."
    assert translate(message, {"name": "--source"}) == (
        "`--image-size` must be 3. Received: --image-size=4, --source=5 (a=b)."
    )
