"""The report on a Fader: its verdict, its pictures, what it refuses."""

import html.parser
import io
import struct

import keras
import matplotlib
import numpy as np
import pytest
from matplotlib import pyplot

import keras_latent as kl
from keras_latent.fader_curves import curves_picture, last_value
from keras_latent.fader_verdict import guessing_loss, judge_fader, looks_fooled
from keras_latent.pictures import as_shades, image_limits, tile

TEN = np.arange(400) % 10


def hot_images(labels=TEN, size=10, channels=1):
    """Images (n, 1, size, channels) that hold their label one-hot."""
    return np.eye(size, dtype="float32")[labels][:, None, :, None].repeat(
        channels, axis=-1
    )


def judge(images):
    return np.asarray(images)[:, 0, :, 0]


def whole(x):
    return np.array(x)


def nothing(x):
    """A code without the label: noise that is the same in each call."""
    return np.random.default_rng(0).normal(size=(len(x), 4))


def obey(inputs):
    return inputs[1][:, None, :, None]


def report(path, data=None, **options):
    data = (hot_images(), TEN) if data is None else data
    return kl.FaderReport(path, data, judge, attribute_sizes=10, **options)


def test_loss_near_ln_10_with_the_label_in_the_code_is_a_failure(tmp_path):
    """The planted case: the classifier in training looks fooled, a probe not.

    The decoder obeys and the images are exact, so nothing else can fail.
    """
    history = {
        "classifier_loss": [2.1, 2.25, 2.29],
        "classifier_accuracy": [0.2, 0.13, 0.11],
    }
    found = report(tmp_path).write((whole, obey), history)
    assert found.verdict == "FAILURE"
    assert found.probe.accuracy > 0.9
    assert found.looks_fooled and found.classifier_loss == 2.29
    assert found.swap.accuracy == 1.0 and found.reconstruction.error == 0.0
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "FAILURE" in text and "SUCCESS" not in text
    for words in (
        "the label is still in the code",
        "only looks fooled: its loss of 2.29 is near that of guessing, 2.30",
        "outrun one classifier",
        "critic_steps",
    ):
        assert words in text


def test_a_code_without_the_label_and_a_decoder_that_obeys_succeed(tmp_path):
    history = {"classifier_loss": [2.3]}
    found = report(tmp_path, baseline=0.1).write((nothing, obey), history)
    assert found.verdict == "SUCCESS" and found.reasons == []
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "SUCCESS" in text and "FAILURE" not in text


def test_a_decoder_that_ignores_the_label_fails(tmp_path):
    found = report(tmp_path).write((whole, lambda inputs: inputs[0]))
    assert found.verdict == "FAILURE"
    assert any("does not go by the label" in line for line in found.reasons)


def parts(probe=0.11, swap=9, ratio=1.0, own=5):
    """Findings of one attribute: chance 0.1; `swap` of ten, `own` of five."""
    return (
        kl.ProbeFindings((probe,), (0.1,), 100),
        kl.SwapFindings(
            1.0,
            [np.array([[own, swap], [swap, own]])],
            [np.array([[5, 10], [10, 5]])],
        ),
        kl.ReconstructionFindings(ratio, 1.0, (0, 1)),
    )


@pytest.mark.parametrize(
    "changed, loss, words",
    [
        ({}, 2.3, []),
        ({}, 0.1, []),  # the loss in training alone decides nothing
        ({"probe": 0.28}, 2.3, []),
        ({"probe": 0.281}, 2.3, ["still in the code", "only looks fooled"]),
        ({"probe": 0.9}, 1.0, ["still in the code", "reads it too"]),
        ({"probe": 0.9}, None, ["still in the code"]),
        ({"swap": 8}, 2.3, []),
        ({"swap": 7}, 2.3, ["does not go by the label"]),
        ({"swap": 7, "own": 3}, 2.3, ["has not learned to draw"]),
        ({"ratio": 1.5}, 2.3, []),
        ({"ratio": 1.6}, 2.3, ["1.60 times"]),
    ],
)
def test_verdict_and_reasons_by_hand(changed, loss, words):
    found = judge_fader(*parts(**changed), loss, np.log(10), kl.FaderLimits())
    assert found.verdict == ("FAILURE" if words else "SUCCESS")
    assert len(found.reasons) == len(words)
    for reason, part in zip(found.reasons, words, strict=True):
        assert part in reason


def test_one_attribute_that_is_still_read_is_enough_to_fail():
    _, swap, error = parts()
    probe = kl.ProbeFindings((0.5, 0.95), (0.5, 0.5), 100)
    found = judge_fader(probe, swap, error, None, 1.0, kl.FaderLimits())
    assert len(found.reasons) == 1 and "attribute 1" in found.reasons[0]


def test_guessing_loss_is_the_entropy_summed_over_attributes():
    table = np.array([[0, 0], [1, 0], [2, 0], [3, 1]])
    shares = np.array([0.75, 0.25])
    expected = np.log(4) - np.sum(shares * np.log(shares))
    np.testing.assert_allclose(guessing_loss(table, [5, 2]), expected)


def test_a_loss_from_nine_tenths_of_guessing_looks_fooled():
    losses = (2.08, 2.06, 9.0, float("nan"), None)
    fooled = [looks_fooled(loss, np.log(10)) for loss in losses]
    assert fooled == [True, False, True, True, False]


@pytest.mark.parametrize("name", ["readable", "swap", "error_ratio"])
def test_limits_out_of_range_are_refused(name):
    with pytest.raises(ValueError, match=f"`{name}`"):
        kl.FaderLimits(**{name: -0.1})


def pixels(png):
    """Array (height, width, 3) of a PNG, from 0 to 255."""
    from matplotlib.image import imread

    return np.round(imread(io.BytesIO(png))[..., :3] * 255).astype(int)


def test_the_page_holds_its_pictures_and_loads_nothing(tmp_path):
    history = {"classifier_loss": [2.2, 2.3], "reconstruction_loss": [2, 1]}
    report(tmp_path).write((whole, obey), history)
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    sources, tags = [], []

    class Reader(html.parser.HTMLParser):
        def handle_starttag(self, tag, attrs):
            tags.append(tag)
            sources.extend(v for k, v in attrs if k in ("src", "href"))

    Reader().feed(text)
    assert len(sources) == 3 and "script" not in tags
    assert all(s.startswith("data:image/png;base64,") for s in sources)
    names = {path.name for path in tmp_path.iterdir()}
    assert names == {"report.html", "grid.png", "strips.png", "curves.png"}


def test_equal_arguments_give_equal_files(tmp_path):
    for folder in ("a", "b"):
        report(tmp_path / folder).write((whole, obey))
    for name in ("report.html", "grid.png", "strips.png"):
        first, second = (tmp_path / f / name for f in ("a", "b"))
        assert first.read_bytes() == second.read_bytes()


def squares(channels, low=0.0):
    """Four images of one shade each, and a decoder: shade of the target."""
    labels = np.array([1, 0, 2, 3])
    shades = low + (1 - low) * np.array([0.2, 0.4, 0.6, 0.8], "float32")
    images = np.ones((4, 8, 8, channels), "float32")
    images *= shades[labels][:, None, None, None]
    images[:, 0, 0] = low

    def decoder(inputs):
        shade = inputs[1] @ shades
        return (
            np.ones((len(shade), 8, 8, channels)) * shade[:, None, None, None]
        )

    return (whole, decoder), images, labels, shades


@pytest.mark.parametrize("channels, low", [(1, 0.0), (3, 0.0), (1, -1.0)])
def test_grid_has_sources_down_and_targets_across(channels, low):
    networks, images, labels, shades = squares(channels, low)
    given = networks, images, labels
    picture = pixels(kl.fader_grid(*given, attribute_sizes=4))
    # Cells of one shade are found by the runs of that shade in the picture.
    for target, shade in enumerate(shades):
        level = round(255 * (shade - low) / (1 - low))
        cells = np.all(np.abs(picture - level) <= 1, axis=-1)
        columns = np.flatnonzero(cells.sum(axis=0) > 0.5 * cells.shape[0])
        assert len(columns) > 20, target
        assert len(columns) == np.ptp(columns) + 1
        # The source of that label stands further left, in one row only.
        left = cells[:, : columns.min()].sum(axis=1) > 20
        assert left.any()


def test_own_label_has_a_red_frame_in_each_row():
    networks, images, labels, _ = squares(1)
    picture = pixels(kl.fader_grid(networks, images, labels, attribute_sizes=4))
    red = (picture[..., 0] - picture[..., 1]) > 90
    columns = np.flatnonzero(red.any(axis=0))
    first, last = [
        np.flatnonzero(red[:, edge].ravel()).mean()
        for edge in (columns.min() + 1, columns.max() - 1)
    ]
    # Rows are sorted by label, so that frames go down the diagonal.
    assert first < last
    share = np.ptp(columns) / np.ptp(np.flatnonzero(red.any(axis=1)))
    assert 0.9 < share < 1.1


def test_strips_go_from_own_to_other_label_and_beyond():
    seen = []

    def decoder(inputs):
        seen.append(inputs[1])
        return inputs[0]

    labels = np.array([0, 1])
    kl.interpolation_strips(
        (whole, decoder),
        np.ones((2, 4, 4, 1)),
        labels,
        attribute_sizes=2,
        steps=4,
    )
    own = np.array([2.0, 1.0, 0.0, -1.0])
    expected = np.concatenate(
        [np.stack([own, 1 - own], 1), np.stack([1 - own, own], 1)]
    )
    np.testing.assert_allclose(seen[0], expected, atol=1e-6)


def test_several_attributes_have_a_grid_each_and_names(tmp_path):
    table = np.stack([TEN % 2, TEN % 3], axis=1)
    images = np.concatenate([np.eye(2)[table[:, 0]], np.eye(3)[table[:, 1]]], 1)
    images = images[:, None, :, None]
    made = kl.FaderReport(
        tmp_path,
        (images, table),
        judge,
        attribute_sizes=[2, 3],
        class_names=[["no", "yes"], ["a", "b", "c"]],
    )
    found = made.write((whole, obey))
    assert len(found.probe.accuracies) == 2
    names = {path.name for path in tmp_path.iterdir()}
    assert names >= {"grid_0.png", "grid_1.png", "strips_0.png", "strips_1.png"}
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "attribute 1" in text


def test_curves_leave_out_epochs_without_a_value():
    nan = float("nan")
    sparse = {"probe_accuracy": [nan, 0.9, nan, 0.4], "loss": [1, 1, 1, 1]}
    picture = curves_picture(sparse, 2.3, 0.1)
    width, height = struct.unpack(">II", picture[16:24])
    assert width > height > 0
    assert curves_picture({"loss": [1.0]}, 2.3, 0.1) is None
    assert curves_picture({"probe_accuracy": [nan]}, 2.3, 0.1) is None
    assert last_value(sparse, "probe_accuracy") == 0.4
    assert last_value(sparse, "other") is None


def test_pictures_leave_pyplot_and_the_styles_of_the_caller_alone():
    networks, images, labels, _ = squares(1)
    given = networks, images, labels
    plain = kl.fader_grid(*given, attribute_sizes=4)
    with matplotlib.rc_context({"figure.facecolor": "red", "font.size": 30}):
        before = dict(matplotlib.rcParams), pyplot.get_fignums()
        styled = kl.fader_grid(*given, attribute_sizes=4)
        assert (dict(matplotlib.rcParams), pyplot.get_fignums()) == before
    assert plain == styled


def test_shades_and_limits_and_tiles_by_hand():
    assert image_limits(np.array([0.1, 0.9])) == (0.0, 1.0)
    assert image_limits(np.array([-0.1, 0.9])) == (-1.0, 1.0)
    assert image_limits(np.array([-2.0, 5.0])) == (-2.0, 5.0)
    shades = as_shades(np.array([[[-1.0], [0.0], [3.0]]]), (-1.0, 1.0))
    np.testing.assert_array_equal(shades[0], [[0] * 3, [0.5] * 3, [1] * 3])
    cells = np.arange(4.0).reshape(2, 2, 1, 1, 1) * np.ones(3)
    picture = tile(cells, gap=1)[..., 0]
    np.testing.assert_array_equal(picture[1::3, 1::3], [[0, 1], [2, 3]])
    assert picture.shape == (6, 6) and picture.sum() == 36 - 4 + 6


def test_callback_writes_at_the_end_of_fit_with_its_history(tmp_path):
    keras.utils.set_random_seed(0)
    shape = (1, 10, 1)
    encoder = keras.Sequential([keras.Input(shape), keras.layers.Flatten()])
    code, label = keras.Input((10,)), keras.Input((10,))
    mixed = keras.layers.Concatenate()([code, label])
    drawn = keras.layers.Dense(10, activation="sigmoid")(mixed)
    decoder = keras.Model([code, label], keras.layers.Reshape(shape)(drawn))
    classifier = keras.Sequential([keras.Input((10,)), keras.layers.Dense(10)])
    fader = kl.Fader(encoder, decoder, classifier, critic_steps=1)
    fader.compile(run_eagerly=True)
    made = kl.FaderReport(tmp_path, (hot_images(), TEN), judge)
    fitted = fader.fit(
        hot_images(), TEN, batch_size=100, epochs=2, verbose=0, callbacks=[made]
    )
    assert made.findings.verdict == "FAILURE"
    assert (
        made.findings.classifier_loss == (fitted.history["classifier_loss"][-1])
    )
    assert (tmp_path / "curves.png").exists()


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"images": np.ones((4, 8, 8))}, "`images` must have the shape"),
        ({"labels": np.arange(3)}, "4 examples and 3 labels"),
        ({"labels": np.arange(4) + 1}, "`labels` must be from 0"),
        ({"attribute": 1}, "`attribute` must be"),
        ({"class_names": ["a", "b"]}, "`class_names` must name 4"),
        ({"class_names": "abcd"}, "`class_names` must name 4"),
        ({"rows_per_class": 0}, "`rows_per_class`"),
        ({"model": whole}, "`model` must be a `Fader`"),
    ],
)
def test_bad_arguments_of_the_grid_are_refused(changed, message):
    networks, images, labels, _ = squares(1)
    given = {"model": networks, "images": images, "labels": labels}
    with pytest.raises(ValueError, match=message):
        kl.fader_grid(**{**given, "attribute_sizes": 4, **changed})


def test_a_judge_that_is_no_classifier_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`judge`"):
        kl.FaderReport(tmp_path, (hot_images(), TEN), judge=0.9)
