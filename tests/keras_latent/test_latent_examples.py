"""The examples run to their end, and say what they should."""

import pathlib
import re

import keras
import pytest
from example_runs import numbers, run

ROOT = pathlib.Path(__file__).parents[2]
DATA = ROOT.parent / "shared" / "data"


def data(path):
    """A folder of real data; skips where it is not there."""
    if not (DATA / path).exists():
        pytest.skip(f"no ../shared/data/{path}")
    return str((DATA / path).parent)


@pytest.mark.slow
def test_forget_the_digit_says_what_the_code_tells(tmp_path):
    text = run("forget_the_digit", "--quick", "--output", str(tmp_path))
    control, fader = numbers(r"digit in (0\.\d+) of the codes", text)
    # Without an adversary a code of 8 numbers tells most of the digits.
    assert control > 0.7 and fader < control - 0.3
    swaps = numbers(r"told in (\d\.\d+) of the drawings", text)
    assert swaps[1] > swaps[0]
    folder = tmp_path / "beta_0.02"
    assert (folder / "report.html").exists() and (folder / "grid.png").exists()
    assert keras.models.load_model(folder / "encoder.keras").count_params()


@pytest.mark.slow
def test_adapt_mnist_m_writes_a_classifier(tmp_path):
    text = run("adapt_mnist_m", "--quick", "--output", str(tmp_path))
    source = numbers(r"(\d\.\d+) of the source right", text)
    target = numbers(r"(\d\.\d+) of the target", text)
    assert len(source) == len(target) == 2
    assert min(source) > 0.8 and min(target) > 0.3
    model = keras.models.load_model(tmp_path / "classifier.keras")
    assert model.output_shape == (None, 10)


@pytest.mark.slow
def test_adapt_mnist_m_takes_photographs(tmp_path):
    folder = tmp_path / "photographs"
    folder.mkdir()
    for number in range(3):
        image = keras.random.uniform((20 + number, 30, 3), seed=number)
        keras.utils.save_img(folder / f"{number}.png", image)
    text = run(
        *("adapt_mnist_m", "--quick", "--epochs", "1"),
        *("--backgrounds", str(folder), "--output", str(tmp_path / "out")),
    )
    assert len(numbers(r"(\d\.\d+) of the source right", text)) == 2


@pytest.mark.slow
def test_adapt_usps_prints_both_ways():
    text = run(
        *("adapt_usps", "--quick", "--data-dir", data("tfds/mnist")),
        *("--npz-dir", data("npz/usps.npz")),
    )
    for way in (r"usps\s*│\s*mnist", r"mnist\s*│\s*usps"):
        assert re.search(way, text)
    assert len(re.findall(r"[+-]\d+\.\d points", text)) == 2
