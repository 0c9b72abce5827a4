"""The report on subclasses: its numbers, its files, what it refuses."""

import html.parser
import struct
import sys

import keras
import matplotlib
import numpy as np
import pytest

import keras_distill as kd

FINE = np.repeat([0, 1, 2, 3], [8, 6, 5, 5])
# Subclass of each example: 3 stands for 0, 1 for 1, 0 for 2; 2 stays empty.
SUBCLASS = np.array([3] * 8 + [1] * 6 + [0] * 5 + [0, 0, 1, 3, 3])


def identity(shape=(4,)):
    """A model whose subclass logits are its inputs."""
    layers = [keras.Input(shape), keras.layers.Flatten()]
    return keras.Sequential(layers, name="identity")


def logits(subclasses=SUBCLASS, width=4, seed=0):
    noise = np.random.default_rng(seed).normal(size=(len(subclasses), width))
    return (9 * np.eye(width)[subclasses] + noise).astype("float32")


@pytest.fixture(scope="module")
def report(tmp_path_factory):
    """Findings of a report on small images, and the folder it is in."""
    folder = tmp_path_factory.mktemp("report") / "new" / "folder"
    return write(folder), folder


def write(folder):
    x = logits().reshape(-1, 2, 2, 1)
    names = ["zero", "<i>one", "two & a half", "three"]
    return kd.subclass_report(
        identity((2, 2, 1)), x, FINE, folder, 2, names, points=20
    )


def test_counts_are_those_of_a_loop(report):
    found, _ = report
    expected = np.zeros((4, 4), int)
    for subclass, label in zip(SUBCLASS, FINE, strict=True):
        expected[subclass, label] += 1
    np.testing.assert_array_equal(found.counts, expected)
    np.testing.assert_array_equal(found.subclasses, SUBCLASS)
    np.testing.assert_array_equal(found.fine_labels, [0, 1, 2, 3])


def test_numbers_are_those_of_the_package(report):
    found, _ = report
    accuracy, permutation = kd.subclass_assignment(logits(), FINE)
    assert found.accuracy == accuracy == 19 / 24
    np.testing.assert_array_equal(found.permutation, permutation)
    nmi = kd.normalized_mutual_information(logits(), FINE)
    assert found.mutual_information == nmi
    assert found.used == 3
    assert [found.class_of(k) for k in range(4)] == [0, 0, 1, 1]


def test_order_puts_subclasses_at_the_labels_they_stand_for(report):
    found, _ = report
    assert found.order.tolist()[:3] == [3, 1, 0]
    assert sorted(found.order) == [0, 1, 2, 3]


def test_page_holds_its_pictures_and_loads_nothing(report):
    _, folder = report
    text = (folder / "report.html").read_text(encoding="utf-8")

    class Sources(html.parser.HTMLParser):
        found, open_tags = [], []

        def handle_starttag(self, tag, attrs):
            self.found += [v for k, v in attrs if k in ("src", "href")]
            if tag not in ("meta", "img"):
                self.open_tags.append(tag)

        def handle_endtag(self, tag):
            assert self.open_tags.pop() == tag

    parser = Sources()
    parser.feed(text)
    assert not parser.open_tags
    assert len(parser.found) == 3
    assert all(s.startswith("data:image/png;base64,") for s in parser.found)
    assert "79.2 % of 24 examples" in text
    assert "3 of 4 subclasses" in text


def test_page_escapes_names(report):
    text = (report[1] / "report.html").read_text(encoding="utf-8")
    assert "<i>" not in text
    assert "&lt;i&gt;one" in text and "two &amp; a half" in text


def test_pictures_are_png_files_of_a_sane_size(report):
    for name in ("map", "confusion", "images"):
        content = (report[1] / f"{name}.png").read_bytes()
        assert content[:8] == b"\x89PNG\r\n\x1a\n"
        width, height = struct.unpack(">2I", content[16:24])
        assert 200 < width < 3000 and 100 < height < 3000
    files = {path.name for path in report[1].iterdir()}
    assert files == {"report.html", "map.png", "confusion.png", "images.png"}


def test_equal_arguments_give_equal_files_whatever_matplotlib_is_set_to(
    report, tmp_path
):
    with matplotlib.rc_context({"font.size": 3, "lines.linewidth": 7}):
        before, loaded = dict(matplotlib.rcParams), set(sys.modules)
        write(tmp_path)
        assert dict(matplotlib.rcParams) == before
    assert "matplotlib.pyplot" not in set(sys.modules) - loaded
    for path in report[1].iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


def test_tables_have_no_images(tmp_path):
    kd.subclass_report(
        identity(), logits(), FINE, tmp_path, 2, projection="pca"
    )
    assert not (tmp_path / "images.png").exists()
    text = (tmp_path / "report.html").read_text(encoding="utf-8")
    assert "no images" in text and text.count("<img") == 2


def test_images_may_differ_from_what_the_model_takes(tmp_path):
    images = np.random.default_rng(0).integers(0, 256, (24, 5, 4, 3), "uint8")
    kd.subclass_report(
        identity(), logits(), FINE[:, None], tmp_path, 1, images=images
    )
    assert (tmp_path / "images.png").exists()


def test_more_subclasses_and_labels_than_numbers_and_colours(tmp_path):
    generator = np.random.default_rng(0)
    fine = generator.integers(0, 25, 200)
    found = kd.subclass_report(
        identity((30,)), logits(fine, 30), fine, tmp_path, 3, projection="pca"
    )
    assert found.accuracy == 1.0 and found.counts.shape == (30, 25)


def test_a_model_that_tells_nothing_apart_is_reported(tmp_path):
    found = kd.subclass_report(
        identity(), np.ones((24, 4), "float32"), FINE, tmp_path, 2
    )
    assert found.used == 1 and found.mutual_information == 0.0


def softmax():
    layers = [keras.Input((4,)), keras.layers.Dense(4, "softmax")]
    return keras.Sequential(layers)


def nan():
    x = logits()
    x[0, 0] = np.nan
    return x


def two_outputs():
    inputs = keras.Input((4,))
    return keras.Model(inputs, [inputs + 1.0, inputs + 2.0])


@pytest.mark.parametrize(
    "changed, message",
    [
        ({"fine_labels": FINE[:-1]}, "as many examples"),
        ({"x": logits()[:2], "fine_labels": FINE[:2]}, "at least three"),
        ({"x": 3.0}, "as many examples"),
        ({"fine_labels": np.eye(4)[FINE]}, "argmax"),
        ({"fine_labels": np.zeros(24, int)}, "only 0"),
        ({"fine_labels": FINE - 1}, "whole numbers from 0"),
        ({"fine_labels": FINE + 0.5}, "whole numbers from 0"),
        ({"x": nan()}, "finite"),
        ({"fine_names": ["a", "b"]}, "`fine_names`.*from 0 to 3"),
        ({"fine_names": "abcd"}, "`fine_names`"),
        ({"images": np.ones((24, 5))}, "`images`"),
        ({"images": np.ones((23, 5, 5))}, "`images`.*24 examples"),
        ({"images": np.full((24, 5, 5), np.nan)}, "finite"),
        ({"projection": "umap"}, '`projection`.*"tsne" or "pca"'),
        ({"num_classes": 3}, "num_classes"),
        ({"num_classes": 0}, "`num_classes`"),
        ({"points": 2}, "`points`"),
        ({"columns": 0}, "`columns`"),
        ({"seed": -1}, "`seed`"),
        ({"model": softmax()}, "probabilities"),
        ({"model": two_outputs()}, "one output"),
        ({"model": "model.keras"}, "keras.Model"),
    ],
)
def test_bad_input_is_refused_and_nothing_written(tmp_path, changed, message):
    arguments = {"model": identity(), "x": logits(), "fine_labels": FINE}
    arguments |= {"path": tmp_path / "report", "num_classes": 2, **changed}
    with pytest.raises(ValueError, match=message):
        kd.subclass_report(**arguments)
    assert not (tmp_path / "report").exists()
