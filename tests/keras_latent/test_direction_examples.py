"""The examples of directions run to their end, and say what they should."""

import keras
import pytest
from example_runs import numbers, run

import keras_latent as kl


@pytest.mark.slow
def test_saliency_from_direction_finds_the_objects(tmp_path):
    text = run("saliency_from_direction", "--output", str(tmp_path))
    otsu, fixed, colour, segmenter = numbers(r"IoU (\d\.\d+)", text)
    assert otsu > 0.85 and fixed > 0.93
    assert segmenter > 0.88 and segmenter > colour + 0.05
    network = keras.models.load_model(tmp_path / "segmenter.keras")
    assert network.output_shape == (None, 32, 32, 2)
    for name in ("direction.png", "masks.png"):
        assert (tmp_path / name).read_bytes()[1:4] == b"PNG"


@pytest.mark.slow
def test_find_directions_change_pictures_more_than_random_ones(tmp_path):
    text = run("find_directions", "--output", str(tmp_path), "--epochs", "6")
    sefa, _, random = numbers(r"change by (\d\.\d+)", text)
    assert sefa > 1.2 * random
    for name in ("sefa", "ganspace", "random"):
        found = kl.Directions.load(tmp_path / f"{name}.npz")
        assert len(found) == 8 and found.latent_dim == 64
        assert (tmp_path / f"{name}.png").read_bytes()[1:4] == b"PNG"
        assert (tmp_path / f"{name}.gif").read_bytes()[:3] == b"GIF"
