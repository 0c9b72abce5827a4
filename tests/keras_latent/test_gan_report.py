"""The report on a GAN: its numbers, pictures, and what it cannot measure."""

import html.parser
import re
import struct

import keras
import numpy as np
import pytest
from small_gans import make_gan, pixels

import keras_latent as kl
from keras_latent.gan_curves import (
    as_columns,
    curves_picture,
    win_shares,
    winners_picture,
)
from keras_latent.gan_findings import measure_gan
from keras_latent.gan_report_page import finding_rows

RANDOM = np.random.default_rng(0)
IMAGES = RANDOM.uniform(-1, 1, (12, 4, 4, 1)).astype("float32")


def corners(images):
    """Three numbers of an image."""
    return np.asarray(images)[:, 0, :3, 0]


def logits(images):
    """Of two classes, by the first pixel."""
    first = np.asarray(images)[:, 0, 0, 0]
    return np.stack([first, -first], axis=1) * 50


def test_each_number_is_that_of_its_function():
    generated = RANDOM.uniform(-1, 1, IMAGES.shape)
    found = measure_gan(generated, IMAGES, corners, logits, None, None)
    assert found.missing == {} and found.modes is None
    assert found.frechet == kl.frechet_distance(IMAGES, generated, corners)
    sides = IMAGES, generated, corners
    assert found.kernel == kl.kernel_distance(*sides, 100, 6)
    options = dict(from_logits=True, splits=10)
    score = kl.inception_score(generated, logits, **options)
    assert found.inception == score
    assert found.generated_range == (generated.min(), generated.max())


def test_points_are_measured_by_coordinates_and_modes():
    points, centres, deviation = kl.gaussian_grid(400, seed=1)
    real = kl.gaussian_grid(300, seed=2).points
    found = measure_gan(points, real, None, None, centres, deviation)
    assert found.modes.covered == 25 and found.missing == {}
    assert float(found.frechet) == float(kl.frechet_distance(real, points))
    text = str(finding_rows(found))
    assert "'25 of 25'" in text and "coordinates; 300 real examples" in text


@pytest.mark.parametrize(
    "changed, missing",
    [
        ({"real": None}, {"frechet": "no real examples"}),
        ({"features": None}, {"frechet": "no features were given"}),
        ({"real": np.zeros((9, 8, 8, 1))}, {"frechet": "have (8, 8, 1)"}),
        ({"real": IMAGES[:3]}, {"frechet": "4 examples for a covariance"}),
        ({"real": IMAGES[:1]}, {"kernel": "at least 2 examples"}),
        ({"classifier": None}, {"inception": "no classifier was given"}),
        ({"classifier": lambda x: x}, {"inception": "shape"}),
    ],
)
def test_what_cannot_be_measured_says_why(changed, missing):
    given = dict(generated=IMAGES, real=IMAGES, features=corners)
    given |= dict(classifier=logits, centres=None, deviation=None)
    found = measure_gan(**{**given, **changed})
    (name, words), *_ = missing.items()
    assert words in found.missing[name] and getattr(found, name) is None
    # The others are not lost with it.
    assert found.inception or found.frechet


def test_the_classifier_of_features_is_taken_and_named():
    extractor = kl.FeatureExtractor(corners, "mine", "own", (-1, 1), logits)
    found = measure_gan(IMAGES, IMAGES, extractor, None, None, None)
    assert found.inception.features == "mine" and found.inception.score > 1


class Reader(html.parser.HTMLParser):
    """Collects what a page loads, and its text."""

    def __init__(self, text):
        super().__init__()
        self.sources, self.tags, self.words = [], [], ""
        self.feed(text)

    def handle_starttag(self, tag, attrs):
        self.tags.append(tag)
        self.sources += [v for k, v in attrs if k in ("src", "href")]

    def handle_data(self, data):
        self.words += data


def test_a_callback_writes_all_there_is_and_the_page_loads_nothing(tmp_path):
    generator, discriminator = kl.mlp_gan_networks((4, 4, 1), 3, width=4)
    gan = kl.EvolutionaryGAN(
        generator, discriminator, mutations=["minimax", "heuristic"]
    )
    gan.compile(run_eagerly=True)
    extractor = kl.FeatureExtractor(corners, "three", "3 pixels", (-1, 1))
    report = kl.GANReport(tmp_path, IMAGES, extractor, examples=20)
    options = dict(epochs=2, batch_size=12, verbose=0, callbacks=[report])
    gan.fit(IMAGES, **options)
    names = {"samples", "evolution", "curves", "winners"}
    assert {f.name for f in tmp_path.iterdir()} == {
        "report.html",
        *(f"{name}.png" for name in names),
    }
    page = Reader((tmp_path / "report.html").read_text(encoding="utf-8"))
    assert len(page.sources) == 4 and "script" not in page.tags
    assert all(s.startswith("data:image/png;base64,") for s in page.sources)
    found = report.findings
    assert found.examples == 20
    expected = kl.frechet_distance(IMAGES, gan.sample(20), extractor)
    assert found.frechet == expected
    for words in (
        f"{expected.distance:.4g}",
        "three; 12 real examples",
        "Features: 3 pixels.",
        "inception score: not measured, no classifier was given.",
    ):
        assert words in page.words
    wins = np.array(gan.wins) / 2
    for name, share in zip(("minimax", "heuristic"), wins, strict=True):
        assert re.search(rf"{name}\s*{share:.1%}", page.words)
    assert "modes" not in page.words


def test_write_needs_no_training_and_says_so(tmp_path):
    found = kl.GANReport(tmp_path).write(make_gan())
    page = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert found.frechet is None and found.examples == 1000
    assert "no curves" in page and "no evolution" in page
    assert "no real examples were given" in page
    assert {f.name for f in tmp_path.iterdir()} == {
        *("report.html", "samples.png")
    }


def test_the_same_gan_gives_the_same_files(tmp_path):
    gan, history = make_gan(), {"d_loss": [2.0, 1.0]}
    for name in ("a", "b"):
        kl.GANReport(tmp_path / name, IMAGES, corners).write(gan, history)
    for name in ("report.html", "samples.png", "curves.png"):
        first, second = ((tmp_path / n / name).read_bytes() for n in "ab")
        assert first == second


def test_real_examples_are_on_the_left(tmp_path):
    real = (
        np.ones((4, 4, 4, 1)) * np.array([0.0, 1, 0.5, 1])[:, None, None, None]
    )
    gan = make_gan(end="sigmoid")  # first weights: gray, 0.5
    kl.GANReport(tmp_path, real, rows=1, columns=4).write(gan)
    picture = pixels((tmp_path / "samples.png").read_bytes())
    row = picture[-picture.shape[0] // 3, :, 0]
    left = row[: row.size // 2]
    assert {0, 255} <= set(left) and (left == 0).sum() > 30
    right = row[row.size // 2 :]
    assert (right == 0).sum() == 0 and (np.abs(right - 127) < 4).sum() > 120


def test_histories_of_stages_are_joined():
    stages = {
        4: {"d_loss": [1.0, 2.0], "only": [5.0, 6.0]},
        8: {"d_loss": [3.0]},
    }
    joined = as_columns(stages)
    assert joined["d_loss"] == [1, 2, 3]
    np.testing.assert_array_equal(joined["only"], [5, 6, np.nan])
    assert as_columns(None) == {} and as_columns({"a": [1]}) == {"a": [1]}


def test_curves_are_drawn_of_what_is_logged():
    nan = float("nan")
    assert curves_picture({"other": [1.0]}) is None
    assert curves_picture({"d_loss": [nan, nan]}) is None
    few = {"d_loss": [1.0, nan, 2.0], "g_loss": [0.0, 1.0, 2.0]}
    more = {**few, "real_score": [1.0] * 3, "code_0_accuracy": [0.5] * 3}
    widths = [
        struct.unpack(">II", curves_picture(logs)[16:24])[0]
        for logs in (few, more)
    ]
    assert widths[1] > 1.9 * widths[0]


def test_winners_fill_the_columns_by_their_shares():
    history = {"wins_minimax": [1.0, 0.25], "wins_heuristic": [0.0, 0.75]}
    assert win_shares(history) == {"minimax": 0.625, "heuristic": 0.375}
    assert winners_picture({"d_loss": [1.0]}) is None
    picture = pixels(winners_picture(history))
    blue = np.abs(picture - [0x3B, 0x6F, 0xB6]).max(-1) < 3
    red = np.abs(picture - [0xD1, 0x49, 0x5B]).max(-1) < 3
    columns = np.flatnonzero(blue.sum(axis=0) > 20)
    middle = (columns.min() + columns.max()) // 2
    heights = [each[:, middle + 20].sum() for each in (blue, red)]
    assert heights[1] / sum(heights) == pytest.approx(0.75, abs=0.02)
    assert red[:, middle - 20].sum() == 0


@pytest.mark.parametrize(
    "options, message",
    [
        ({"real": np.ones((4, 8, 8))}, "`real` must be images"),
        ({"real": np.full((4, 2), np.inf)}, "`real` must be finite"),
        ({"features": "inception"}, "`features` must be a network"),
        ({"classifier": 3}, "`classifier` must be a network"),
        ({"centres": np.zeros((2, 2))}, "`standard_deviation`"),
        ({"examples": 1}, "`examples`"),
        ({"rows": 0}, "`rows`"),
        ({"seed": -1}, "`seed`"),
        ({"image_range": (2, 1)}, "`image_range`"),
    ],
)
def test_bad_arguments_are_refused_before_the_training(options, message):
    with pytest.raises(ValueError, match=message):
        kl.GANReport("nowhere", **options)


def test_a_model_that_is_no_gan_is_refused(tmp_path):
    model = keras.Sequential([keras.Input((2,)), keras.layers.Dense(2)])
    report = kl.GANReport(tmp_path / "new")
    with pytest.raises(ValueError, match="`gan` must be a `GAN`"):
        report.write(model)
    report.set_model(model)
    with pytest.raises(ValueError, match="`gan` must be a `GAN`"):
        report.on_train_begin()
    assert not (tmp_path / "new").exists()
