"""The examples of GANs run to their end, and say what they should."""

import keras
import pytest
from example_runs import numbers, run

import keras_latent as kl


@pytest.mark.slow
def test_evolve_gaussians_counts_modes_of_both(tmp_path):
    text = run("evolve_gaussians", "--quick", "--output", str(tmp_path))
    _, centres, deviation = kl.gaussian_grid(1)
    for name in ("evolutionary", "non_saturating"):
        (covered,) = numbers(rf"{name}: (\d+) of 25 modes", text)
        folder = tmp_path / name
        assert (folder / "report.html").exists()
        gan = keras.models.load_model(folder / "gan.keras")
        assert int(gan.step) == 500
        samples = gan.sample(10_000)
        found = kl.mode_coverage(samples, centres, deviation)
        assert covered == found.covered
        # First weights draw one small cloud; now samples reach all quarters.
        assert (
            samples.min(axis=0).max() < -0.7 < 0.7 < samples.max(axis=0).min()
        )
    assert (tmp_path / "scatter.png").read_bytes()[1:4] == b"PNG"
    assert (tmp_path / "evolutionary" / "winners.png").exists()


@pytest.mark.slow
def test_draw_digits_draws_and_measures(tmp_path):
    text = run("draw_digits", "--quick", "--output", str(tmp_path))
    (distance,) = numbers(r"Frechet distance (\d+\.\d+)", text)
    (score,) = numbers(r"inception score (\d+\.\d+)", text)
    # First weights draw gray: a distance of some hundreds, a score of 1.
    assert distance < 200 and score > 2
    assert len(list((tmp_path / "epochs").glob("*.png"))) == 12
    generator = keras.models.load_model(tmp_path / "generator.keras")
    assert generator.output_shape == (None, 16, 16, 1)
