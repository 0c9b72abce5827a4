"""The command `gan`, as a user runs it."""

import json
import re
import subprocess
import sys

import keras
import numpy as np
import pytest

import keras_latent as kl
from keras_latent.cli import run
from keras_latent.gan_data import load_gan_data
from keras_latent.gan_players import make_gan
from keras_latent.gan_settings import GANSettings

# All runs in one process of their own: determinism cannot be switched off.
SCRIPT = """
import json, sys
from keras_latent import gan_players, training_state
from keras_latent.cli import run

gan_players.WIDTH = 2
gan_players.GROWING = {"latent_dim": 4, "channel_max": 4}
save = training_state.save_state

def stop_after(saves):
    saves = list(range(saves))

    def save_and_stop(*arguments):
        save(*arguments)
        saves.pop()
        if not saves:
            raise KeyboardInterrupt

    training_state.save_state = save_and_stop

kind, data, epochs, stop = sys.argv[1:]
command = ["gan", "--kind", kind, "--dataset", data, "--epochs", epochs,
           "--quick", "--seed", "3", "--batch-size", "512"]
codes = [run([*command, "--output", "whole"])]
stop_after(int(stop))
parts = [*command, "--output", "parts"]
codes += [run(parts), run(parts)]
training_state.save_state = save
codes.append(run([*parts, "--resume"]))
json.dump(codes, open("codes.json", "w"))
"""
# Kind: data, epochs, after how many it is stopped; of the growing one in the
# midst of the fade-in from 4 to 8.
RUNS = {
    "gan": ("gaussian_ring", 3, 2),
    "evolutionary": ("gaussian_ring", 3, 2),
    "progressive": ("digits", 10, 3),
}
FILES = {"generator.keras", "gan.keras", "metrics.json", "report.html"}
FILES |= {"samples.png", "evolution.png", "curves.png"}
slow = pytest.mark.slow
kinds = pytest.mark.parametrize(
    "kind",
    [
        "gan",
        pytest.param("evolutionary", marks=slow),
        pytest.param("progressive", marks=slow),
    ],
)


@pytest.fixture(scope="module")
def runs(tmp_path_factory):
    """Function of a kind -> folder with a whole run, and what was said.

    The folder also has a run that was stopped and resumed.
    """
    known = {}

    def started(kind):
        if kind not in known:
            folder = tmp_path_factory.mktemp(kind)
            done = subprocess.run(
                [sys.executable, "-c", SCRIPT, kind, *map(str, RUNS[kind])],
                cwd=folder,
                capture_output=True,
                text=True,
                stdin=subprocess.DEVNULL,
            )
            assert done.returncode == 0, done.stdout + done.stderr
            known[kind] = folder, done
        return known[kind]

    return started


def metrics(folder):
    return json.loads((folder / "metrics.json").read_text())


@kinds
def test_a_run_writes_every_file_and_nothing_else(runs, kind):
    folder, done = runs(kind)
    expected = FILES | ({"winners.png"} if kind == "evolutionary" else set())
    assert {f.name for f in (folder / "whole").iterdir()} == expected
    names = sorted(f.name for f in folder.iterdir())
    assert names == ["codes.json", "parts", "whole"]
    epochs = RUNS[kind][1]
    for text in (f"GAN {epochs}/{epochs}", "What the generator", "report.html"):
        assert text in done.stdout


@kinds
def test_a_stopped_run_resumes_to_the_same_weights_and_report(runs, kind):
    folder, done = runs(kind)
    # Whole; stopped; begun again without --resume; resumed.
    codes = json.loads((folder / "codes.json").read_text())
    assert codes == [0, 130, 2, 0]
    assert "stopped; --resume goes on" in done.stderr
    whole, parts = folder / "whole", folder / "parts"
    assert metrics(parts) == metrics(whole)
    for name in ("report.html", "evolution.png"):
        assert (parts / name).read_bytes() == (whole / name).read_bytes()
    models = [keras.models.load_model(p / "gan.keras") for p in (whole, parts)]
    pairs = zip(*(model.variables for model in models), strict=True)
    for first, second in pairs:
        np.testing.assert_array_equal(first, second)


@pytest.mark.parametrize(
    "kind", ["gan", pytest.param("evolutionary", marks=slow)]
)
def test_the_numbers_are_those_of_the_saved_generator(runs, kind):
    folder = runs(kind)[0] / "whole"
    gan = keras.models.load_model(folder / "gan.keras")
    generator = keras.models.load_model(folder / "generator.keras")
    result = metrics(folder)
    samples = gan.sample(2000, seed=3)
    low, high = samples.min(), samples.max()
    row = ["range of the samples", f"{low:.3g} to {high:.3g}", ""]
    assert row in result["rows"]
    latent = np.zeros((2, generator.input_shape[1]))
    np.testing.assert_allclose(generator(latent), gan(latent))
    toy = kl.gaussian_ring(1)
    found = kl.mode_coverage(samples, toy.centres, toy.standard_deviation)
    assert result["modes"] == 8 and result["modes_covered"] == found.covered
    assert result["shape"] == [2] and result["epochs"] == 3
    wins = sum(result.get("wins", {}).values())
    assert wins == pytest.approx(1 if kind == "evolutionary" else 0)


@slow
def test_a_growing_gan_ends_at_its_last_size_with_every_epoch(runs):
    folder = runs("progressive")[0] / "whole"
    gan = keras.models.load_model(folder / "gan.keras")
    result = metrics(folder)
    assert gan.size == 16 and gan.generator.output_shape[1:] == (16, 16, 1)
    # 5 phases of 2 epochs of 3 steps.
    assert int(gan.step) == 30 and len(result["history"]) == 10
    assert float(gan.alpha) == 1.0
    assert result["features"].startswith("classifier trained on the data set")
    assert result["frechet_distance"] > 0 and result["inception_score"] >= 1


@pytest.mark.parametrize(
    "kind, made, loss",
    [("gan", kl.GAN, "hinge"), ("info", kl.InfoGAN, "non_saturating")],
)
def test_kinds_of_images_are_made_to_fit(kind, made, loss):
    settings = GANSettings(kind=kind, quick=True).with_defaults()
    data = load_gan_data(settings)
    gan = make_gan(settings, data, 23)
    assert type(gan) is made and gan.loss_name == loss
    assert gan.sample(2).shape == (2, 16, 16, 1)
    assert gan.ema_generator is not None
    assert data.train.min() == -1 and data.train.max() == 1
    if kind == "info":
        assert [len(codes) for codes in gan.read(data.test[:5])] == [5] * 3
        assert gan.features is not None


def test_wasserstein_has_a_penalty_and_toys_another_latent():
    settings = GANSettings("gaussian_ring", loss="wasserstein", kind="info")
    settings = settings.with_defaults()
    gan = make_gan(settings, load_gan_data(settings), 10)
    assert "d_penalty" in gan.trackers
    assert gan.categorical == [8] and gan.continuous == 0
    assert gan.latent_distribution == "signed_uniform"


def test_defaults_go_by_the_data_and_the_kind():
    made = {
        key: GANSettings(**dict(options)).with_defaults()
        for key, options in {
            "digits": {},
            "mnist": {"dataset": "mnist", "quick": True},
            "growing": {"kind": "progressive", "epochs": 6, "image_size": 32},
            "toy": {"dataset": "gaussian_ring", "kind": "evolutionary"},
        }.items()
    }
    sizes = {key: each.image_size for key, each in made.items()}
    assert sizes == {"digits": 16, "mnist": 32, "growing": 32, "toy": 0}
    assert made["growing"].phases == 7 and made["growing"].epochs == 7
    losses = {key: each.loss for key, each in made.items()}
    assert losses["growing"] == "wasserstein" and losses["toy"] == ""
    assert made["mnist"].epochs == 2 and made["digits"].epochs == 30


@pytest.mark.parametrize(
    "arguments, named",
    [
        (["--dataset", "no_such"], "`--dataset`"),
        (["--dataset", "mnist", "--data-dir", "."], "`--data-dir`"),
        (["--kind", "vae"], "`--kind`"),
        (["--loss", "l2"], "`--loss`"),
        (["--kind", "evolutionary", "--loss", "hinge"], "`--loss`"),
        (["--image-size", "28"], "`--image-size`"),
        (["--dataset", "gaussian_grid", "--image-size", "16"], "--image-size"),
        (["--dataset", "gaussian_grid", "--kind", "progressive"], "`--kind`"),
        (["--epochs", "-1"], "`--epochs`"),
        (["--batch-size", "-1"], "`--batch-size`"),
        (["--resume"], "`--resume`"),
        (["--output", "file"], "`--output`"),
    ],
    ids=str,
)
def test_usage_errors_are_one_line_and_exit_code_2(
    arguments, named, tmp_path, monkeypatch, capfd
):
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv("TFDS_DATA_DIR", raising=False)
    (tmp_path / "file").write_text("mine")
    assert run(["gan", *arguments]) == 2
    lines = capfd.readouterr().err.splitlines()
    lines = [line for line in lines if not re.match(r"[IWE]\d{4} ", line)]
    assert len(lines) == 1 and lines[0].startswith("keras_latent: error: ")
    assert named in lines[0]
    assert [f.name for f in tmp_path.iterdir()] == ["file"]


def test_a_training_that_diverges_leaves_nothing(tmp_path, monkeypatch, capfd):
    from keras_latent import gan_job

    monkeypatch.chdir(tmp_path)

    def diverged(*_):
        gan = kl.GAN(*kl.mlp_gan_networks((2,), 2, width=2))
        gan.compile()
        gan.discriminator.layers[-1].bias.assign([np.nan])
        return gan

    monkeypatch.setattr(gan_job, "make_gan", diverged)
    monkeypatch.setattr(
        "tensorflow.config.experimental.enable_op_determinism", lambda: None
    )
    command = ["gan", "--dataset", "gaussian_ring", "--quick"]
    assert run([*command, "--batch-size", "2000"]) == 1
    assert "must be finite" in capfd.readouterr().err
    assert list((tmp_path / "runs").iterdir()) == []
