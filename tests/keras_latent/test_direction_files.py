"""Directions come back from their files; other files are refused."""

import numpy as np
import pytest

import keras_latent as kl

MATRIX = np.array([[1.0, 0.0, 0.5], [0.0, 2.0, 0.1], [1.0, 1.0, 1.0]])
NAMES = ["light", 'a "b", c', "угол"]


@pytest.fixture
def directions():
    scores = {"eigenvalue": [3.0, 2.0, 1.0], "rank": [1.0, np.nan, 3.0]}
    return kl.Directions(MATRIX, NAMES, scores)


def equal(one, two):
    np.testing.assert_array_equal(one.matrix, two.matrix)
    assert one.names == two.names and one.scores.keys() == two.scores.keys()
    for name in one.scores:
        np.testing.assert_array_equal(one.scores[name], two.scores[name])


def test_directions_come_back_from_a_file(directions, tmp_path):
    path = tmp_path / "found.directions"
    directions.save(path)
    equal(kl.Directions.load(path), directions)
    assert kl.Directions.load(path).matrix.dtype == np.float32
    kl.Directions(MATRIX).save(path)  # without scores, over the other
    assert kl.Directions.load(str(path)).scores == {}


def test_a_file_needs_no_pickle_and_tells_its_format(directions, tmp_path):
    directions.save(tmp_path / "d.npz")
    with np.load(tmp_path / "d.npz", allow_pickle=False) as file:
        assert file["format"] == "keras_latent.Directions"
        assert file["version"] == 1


def changed(path, **arrays):
    """Writes the file anew with some arrays replaced, None: left out."""
    with np.load(path) as file:
        content = {**file, **arrays}
    np.savez(path, **{k: v for k, v in content.items() if v is not None})


@pytest.mark.parametrize(
    "arrays, words",
    [
        (dict(version=np.array(2)), "version 1 to 1.*version 2.*newer"),
        (dict(version=np.array("1")), "has no version"),
        (dict(format=None), r"has \['matrix'"),
        (dict(format=np.array("other")), "which has"),
        (dict(matrix=None), "no good matrix"),
        (dict(names=np.arange(3)), "no good names"),
        (dict(scores=np.zeros((1, 3))), "no good scores"),
        (dict(matrix=np.zeros((3, 3))), "`matrix`.*zeros"),
        (dict(names=np.array([b"x"], object)), "no whole.*pickle"),
    ],
)
def test_changed_files_are_refused(directions, tmp_path, arrays, words):
    path = tmp_path / "d.npz"
    directions.save(path)
    changed(path, **arrays)
    with pytest.raises(ValueError, match=words):
        kl.Directions.load(path)


def test_damaged_and_foreign_files_are_refused(directions, tmp_path):
    path = tmp_path / "d.npz"
    directions.save(path)
    whole = path.read_bytes()
    np.save(tmp_path / "one.npy", MATRIX)
    middle = len(whole) // 3
    broken = whole[:middle] + bytes(
        b ^ 255 for b in whole[middle : middle + 40]
    )
    for content in (
        b"",
        b"text",
        whole[: len(whole) // 2],
        broken + whole[middle + 40 :],
        (tmp_path / "one.npy").read_bytes(),
    ):
        path.write_bytes(content)
        with pytest.raises(ValueError, match="`path` must be a whole file"):
            kl.Directions.load(path)


def test_a_missing_file_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`path`.*absent.npz"):
        kl.Directions.load(tmp_path / "absent.npz")


def test_names_come_back_from_a_table(directions, tmp_path):
    path = tmp_path / "d.csv"
    directions.to_csv(path)
    assert path.read_text("utf-8").splitlines()[:2] == [
        "direction,name",
        "0,light",
    ]
    equal(directions.annotate(path), directions)


def test_marks_of_assessors_become_their_share_of_ones(directions, tmp_path):
    path = tmp_path / "d.csv"
    directions.to_csv(path, assessors=["ann", "bob", "cy"])
    lines = path.read_text("utf-8").splitlines()
    assert lines[:2] == ["direction,name,ann,bob,cy", "0,light,,,"]
    path.write_text(
        "\ufeffdirection;name;ann;bob;cy\r\n2; slant ;1;0;1\r\n0;hue;0;;\r\n",
        "utf-8",
    )
    found = directions.annotate(path)
    assert found.names == ["hue", NAMES[1], "slant"]
    np.testing.assert_allclose(
        found.scores["interpretable"], [0, np.nan, 2 / 3]
    )
    assert directions.names == NAMES and "rank" in found.scores


def test_the_authors_lines_are_read(directions, tmp_path):
    path = tmp_path / "human_annotation.txt"
    path.write_text("1: background removal\n\n0: zoom: in\n")
    found = directions.annotate(path)
    assert found.names == ["zoom: in", "background removal", NAMES[2]]
    assert "interpretable" not in found.scores


@pytest.mark.parametrize(
    "text, words",
    [
        ("", "nothing"),
        ("name,direction\nx,0\n", "'name,direction'.*line 1"),
        ("direction,name\n3,x\n", "direction '3' of 3.*line 2"),
        ("direction,name\n-1,x\n", "direction '-1'"),
        ("direction,name\n0,x\n0,y\n", "direction 0 a second time.*line 3"),
        ("direction,name\n0,\n", "no name of direction 0"),
        ("direction,name,ann\n0,x,yes\n", r"\['yes'\].*0, 1 or nothing"),
        ("direction,name,ann\n0,x\n", "2 columns under a header of 3"),
        ("0: x\nnonsense\n", "'nonsense', in line 2"),
    ],
)
def test_other_tables_are_refused(directions, tmp_path, text, words):
    path = tmp_path / "d.csv"
    path.write_text(text)
    with pytest.raises(ValueError, match=f"`path`.*{words}"):
        directions.annotate(path)


def test_a_table_in_another_encoding_is_refused(directions, tmp_path):
    path = tmp_path / "d.csv"
    path.write_bytes("direction,name\n0,угол\n".encode("cp1251"))
    with pytest.raises(ValueError, match="UTF-8"):
        directions.annotate(path)


@pytest.mark.parametrize("assessors", [["a", "a"], ["name"], [""]], ids=str)
def test_assessors_have_names_of_their_own(directions, tmp_path, assessors):
    with pytest.raises(ValueError, match="`assessors`"):
        directions.to_csv(tmp_path / "d.csv", assessors)
