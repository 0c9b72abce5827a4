"""The report on a Fader: one page, written also at the end of `fit`."""

import html.parser

import keras
import numpy as np
import pytest
from fader_cases import TEN, hot_images, judge, obey, report, whole

import keras_latent as kl


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


def test_a_judge_that_is_no_classifier_is_refused(tmp_path):
    with pytest.raises(ValueError, match="`judge`"):
        kl.FaderReport(tmp_path, (hot_images(), TEN), judge=0.9)
