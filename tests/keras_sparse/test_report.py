import copy
import doctest
import html.parser
import os
import pathlib

import matplotlib
import numpy as np
import pytest

from keras_sparse import plots, report, report_pictures
from keras_sparse.report import write_report

SECTIONS = (
    *("summary", "curves", "exports", "layers", "mask", "moved"),
    *("predictions", "reading", "reproduction"),
)
FIRST, SECOND = "mlp/dense/kernel", "mlp/dense_1/kernel"
NASTY = '<script>alert("&")</script>'


def run(accuracy, live_weights, tflite_bytes):
    curve = [0.5, 0.8, accuracy]
    return {
        "accuracy": accuracy,
        "loss": 0.1,
        "weights": 1000,
        "live_weights": live_weights,
        "multiply_adds": 500 * live_weights,
        "keras_bytes": 9000,
        "saved_model_bytes": 8000,
        "tflite_bytes": tflite_bytes,
        "tflite_gzip_bytes": tflite_bytes // 2,
        "tflite_accuracy": accuracy,
        "latency_ratio": 1.0,
        "max_difference": 1e-7,
        "exports": [
            {"format": "int8", "accuracy": accuracy - 0.004, "bytes": 999}
            | {"gzip_bytes": 500, "latency_ratio": 0.25}
        ],
        "history": {key: curve for key in ("accuracy", "val_accuracy", "loss")},
    }


@pytest.fixture
def metrics():
    return {
        "dataset": "digits",
        "model": "mlp",
        "method": "rigl",
        "sparsity": 0.9,
        "distribution": "erk",
        "epochs": 3,
        "batch_size": 32,
        "seed": 0,
        "dense": run(0.969, 1000, 8200),
        "sparse": run(0.964, 100, 2000),
        "layers": [
            {"path": FIRST, "shape": [16, 50], "weights": 800}
            | {"live_weights": 60, "sparsity": 0.925},
            {"path": SECOND, "shape": [50, 4], "weights": 200}
            | {"live_weights": 40, "sparsity": 0.8},
        ],
        "updates": [
            {"step": 100, "moved": {FIRST: 20, SECOND: 10}},
            {"step": 200, "moved": {FIRST: 9, SECOND: 4}},
        ],
        "command": "keras-sparse train --seed 0",
        "versions": {"keras": "3.15.1"},
    }


@pytest.fixture
def mask_history():
    generator = np.random.default_rng(0)
    return [(step, generator.random((16, 50)) < 0.1) for step in (0, 200)]


@pytest.fixture
def samples():
    return {
        "images": np.random.default_rng(1).random((3, 4, 4, 1)),
        "labels": np.array([0, 1, 2]),
        "dense_predictions": np.array([0, 1, 2]),
        "sparse_predictions": np.array([0, 3, 2]),
        "dense_confidence": np.array([0.9, 0.8, 0.7]),
        "sparse_confidence": np.array([0.9, 0.61, 0.7]),
        "class_names": ["zero", "one", "two", "three"],
    }


@pytest.fixture
def written(tmp_path, metrics, mask_history, samples):
    def write(**changes):
        arguments = {
            "metrics": metrics,
            "mask_history": mask_history,
            "samples": samples,
        }
        write_report(tmp_path / "report.html", **(arguments | changes))
        return (tmp_path / "report.html").read_text(encoding="utf-8")

    return write


class Elements(html.parser.HTMLParser):
    """Collects (tag, attributes); fails on a tag that is not closed."""

    VOID = ("meta", "img", "br")

    def __init__(self, text):
        super().__init__()
        self.found, self.open = [], []
        self.feed(text)
        assert not self.open

    def handle_starttag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))
        if tag not in self.VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag, attributes):
        self.found.append((tag, dict(attributes)))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_page_has_all_sections_and_described_pictures(written):
    elements = Elements(written()).found
    ids = [found["id"] for _, found in elements if "id" in found]
    assert len(ids) == len(set(ids)) and set(SECTIONS) <= set(ids)
    pictures = [found for tag, found in elements if tag == "svg"]
    assert len(pictures) == 7  # 2 curves, 2 maps, 2 masks, moves
    assert all(found["aria-label"] for found in pictures)
    assert all(found["alt"] for tag, found in elements if tag == "img")


def test_page_loads_nothing(written):
    text = written()
    assert "http://" not in text and "https://" not in text
    assert "url(//" not in text and "@import" not in text
    for tag, found in Elements(text).found:
        assert tag not in ("script", "link", "iframe")
        for key in ("src", "href", "xlink:href"):
            assert found.get(key, "#").startswith(("#", "data:image/png;"))


def test_words_from_data_are_escaped(written, metrics, samples):
    for key in ("dataset", "model", "method", "distribution", "command"):
        metrics[key] = NASTY
    metrics["versions"] = {NASTY: NASTY}
    metrics["layers"][0]["path"] = NASTY
    metrics["updates"][0]["moved"] = {NASTY: 3}
    samples["class_names"] = [NASTY] * 4
    text = written()
    assert "<script" not in text and text.count("&lt;script&gt;") > 10
    Elements(text)


def test_wrong_predictions_carry_a_mark_and_a_frame(samples):
    text = report_pictures.predictions(samples)
    assert "<b>✗</b> sparse: three, 61\u00a0%" in text
    assert text.count("<b>✗</b>") == text.count('class="missed"') == 1
    assert "0 of the dense model, 1 of the sparse one" in text


def test_prediction_without_a_class_name_shows_its_number(samples):
    samples["class_names"] = ["zero"]
    text = report_pictures.predictions(samples)
    assert "✗</b> sparse: class 3" in text


def test_page_of_a_static_run_is_complete(written, metrics):
    metrics["updates"] = []
    text = written()
    assert all(f'id="{name}"' in text for name in SECTIONS)


@pytest.mark.parametrize("updates", [[], [{"step": 5, "moved": {}}]])
def test_a_run_without_moves_says_so(metrics, updates):
    metrics["updates"] = updates
    text = report_pictures.moved(metrics)
    assert "its connections stayed in place" in text


def test_a_run_without_history_has_no_curves(metrics):
    metrics["dense"]["history"] = metrics["sparse"]["history"] = {}
    assert "No history recorded" in report_pictures.curves(metrics)


def test_equal_arguments_give_equal_bytes_in_any_style(written):
    before = dict(matplotlib.rcParams)
    first = written()
    with matplotlib.rc_context({"font.size": 30, "axes.grid": True}):
        assert written() == first
    assert dict(matplotlib.rcParams) == before


def test_arguments_stay_as_they_were(written, metrics):
    before = copy.deepcopy(metrics)
    written()
    assert metrics == before


@pytest.mark.parametrize("place", ["figure", "rename"])
def test_failure_leaves_the_old_report(written, tmp_path, monkeypatch, place):
    old = written()

    def fail(*args, **kwargs):
        raise RuntimeError("no ink")

    module, name = {
        "figure": (plots.Figure, "savefig"),
        "rename": (os, "replace"),
    }[place]
    monkeypatch.setattr(module, name, fail)
    with pytest.raises(RuntimeError, match="no ink"):
        written()
    assert [file.name for file in tmp_path.iterdir()] == ["report.html"]
    assert (tmp_path / "report.html").read_text(encoding="utf-8") == old


def test_missing_entries_are_named_at_once(written, metrics, samples):
    del metrics["seed"], metrics["sparse"]["weights"]
    with pytest.raises(ValueError, match="Missing: seed, sparse.weights"):
        written()


@pytest.mark.parametrize(
    "change, message",
    [
        ({"labels": np.array([0])}, "same length"),
        ({"images": np.zeros((3, 4, 4))}, r"\(3, 4, 4\)"),
    ],
)
def test_samples_must_fit_together(written, samples, change, message):
    with pytest.raises(ValueError, match=message):
        written(samples=samples | change)
    with pytest.raises(ValueError, match="Missing: labels"):
        written(samples={k: v for k, v in samples.items() if k != "labels"})


def test_an_empty_mask_history_is_refused(written):
    with pytest.raises(ValueError, match="at least one"):
        written(mask_history=[])


def test_a_missing_folder_is_an_error(metrics, mask_history, samples):
    path = pathlib.Path("no such folder") / "report.html"
    with pytest.raises(FileNotFoundError):
        write_report(path, metrics, mask_history, samples)


def test_docstring_example_runs(metrics, mask_history, samples):
    names = {
        "metrics": metrics,
        "mask_history": mask_history,
        "samples": samples,
    }
    failed, attempted = doctest.testmod(report, extraglobs=names)
    assert attempted > 0 and failed == 0
