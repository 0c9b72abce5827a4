"""A cache holds what the teacher emits, and is of that teacher and data."""

import functools
import json
import os
import signal
import subprocess
import sys

import cached_cases as cases
import keras
import numpy as np
import pytest
from cached_cases import Batches, tf_batches

import keras_distill as kd
from keras_distill import chunk_files

X, Y = cases.arrays()
KINDS = {
    "arrays": (lambda *parts: parts, {"batch_size": 16}),
    "PyDataset": (Batches, {}),
    "tf.data": (tf_batches, {}),
}


@pytest.fixture(scope="module")
def teacher():
    return cases.teacher()


class Untouchable(keras.Sequential):
    """A teacher that must not run."""

    def predict_on_batch(self, x):
        raise AssertionError("the teacher ran")


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("chunk_size", [7, 16, 25, 4096])
def test_cache_holds_the_logits_in_the_order_of_the_data(
    teacher, tmp_path, kind, chunk_size
):
    make, arguments = KINDS[kind]
    cache = kd.cache_teacher(
        teacher, make(X, Y), tmp_path, chunk_size=chunk_size, **arguments
    )
    expected = cases.logits(teacher, X)
    assert (cache.examples, cache.width, cache.label_columns) == (50, 4, 1)
    np.testing.assert_allclose(cache.read(), expected, atol=1e-6)
    np.testing.assert_allclose(cache.read(13, 39), expected[13:39], atol=1e-6)
    parts = [np.load(file) for file in cache.files]
    assert [len(part) for part in parts[:-1]] == [chunk_size] * (len(parts) - 1)
    np.testing.assert_array_equal(np.concatenate(parts), cache.read())


def test_complete_cache_does_not_run_the_teacher(teacher, tmp_path):
    """Whatever the kind and the batch size of the data, and the names."""
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    before = cache.read()
    idle = Untouchable(
        [keras.Input((6,), name="other"), keras.layers.Dense(4, name="names")]
    )
    idle.set_weights(teacher.get_weights())
    idle.__class__.__module__ = keras.Sequential.__module__
    idle.__class__.__qualname__ = keras.Sequential.__qualname__
    for data in (Batches(X, Y, size=9), tf_batches(X, Y, size=50)):
        again = kd.cache_teacher(idle, data, tmp_path)
        np.testing.assert_array_equal(again.read(), before)
    data = Batches(np.zeros_like(X), Y)
    kd.cache_teacher(idle, data, tmp_path, check=False)


def test_dict_inputs_and_no_labels(tmp_path):
    left, right = (
        keras.Input((2,), name="left"),
        keras.Input((4,), name="right"),
    )
    dense = keras.layers.Dense(4)
    joined = keras.layers.Concatenate()([left, right])
    model = keras.Model({"left": left, "right": right}, dense(joined))
    x = {"left": X[:, :2], "right": X[:, 2:]}
    cache = kd.cache_teacher(model, x, tmp_path / "a", batch_size=16)
    expected = X @ np.asarray(dense.get_weights()[0])
    np.testing.assert_allclose(cache.read(), expected, atol=1e-6)
    assert cache.label_columns == 0
    kd.cache_teacher(model, tf_batches(x), tmp_path / "a")


def test_float16_halves_the_files(teacher, tmp_path):
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, dtype="float16")
    expected = cases.logits(teacher, X)
    np.testing.assert_allclose(cache.read(), expected, rtol=1e-3, atol=1e-3)
    size = os.path.getsize(cache.files[0]) - cache.header_bytes
    assert size == 50 * 4 * 2


def test_chunks_are_written_while_the_data_are_read(teacher, tmp_path):
    """After each batch at most one chunk of outputs is not on disk yet."""
    seen = []

    class Watched(Batches):
        def __getitem__(self, index):
            seen.append((index, len(list(tmp_path.glob("*.npy")))))
            return super().__getitem__(index)

    kd.cache_teacher(teacher, Watched(X, Y, size=5), tmp_path, chunk_size=10)
    assert seen[-10:] == [(index, index // 2) for index in range(10)]


@pytest.mark.parametrize("deaths", range(7))
def test_interrupted_run_goes_on_after_its_last_whole_chunk(
    teacher, tmp_path, monkeypatch, deaths
):
    """Whichever file of the cache is the last to be written whole."""
    whole, replace = [], os.replace

    def replace_or_die(source, target):
        if len(whole) == deaths:
            raise KeyboardInterrupt
        whole.append(target)
        replace(source, target)

    with monkeypatch.context() as patch:
        patch.setattr(chunk_files.os, "replace", replace_or_die)
        with pytest.raises(KeyboardInterrupt):
            kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    with pytest.raises(ValueError, match="complete cache"):
        kd.TeacherCache(tmp_path)
    chunks = sum("outputs" in str(path) for path in whole)
    listed = json.loads(whole[0].read_text())["chunks"] if whole else []
    assert chunks - 1 <= len(listed) <= chunks
    runs, predict = [], teacher.predict_on_batch
    monkeypatch.setattr(
        teacher, "predict_on_batch", lambda x: runs.append(1) or predict(x)
    )
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    expected = cases.logits(teacher, X)
    np.testing.assert_allclose(cache.read(), expected, atol=1e-6)
    # Batches end at 16, 32, 48, 50; one more, once, tells the width.
    assert len(runs) == {0: 4 + (not whole), 1: 3, 2: 2}[len(listed)]
    assert not list(tmp_path.glob("*.partial"))


CHILD = """
import os, signal, sys
import cached_cases as cases
import keras_distill as kd
from keras_distill import chunk_files

replace, left = os.replace, [4]

def replace_or_die(source, target):
    left[0] -= 1
    if not left[0]:
        os.kill(os.getpid(), signal.SIGKILL)
    replace(source, target)

chunk_files.os.replace = replace_or_die
kd.cache_teacher(
    cases.teacher(), cases.arrays(), sys.argv[1], 16, chunk_size=20
)
"""


def test_killed_process_leaves_whole_chunks_to_go_on_from(teacher, tmp_path):
    """Files: manifest, chunk 0, manifest; killed between chunk 1's halves."""
    paths = [path for path in sys.path if path.endswith("helpers")]
    done = subprocess.run(
        [sys.executable, "-c", CHILD, str(tmp_path)],
        env={
            **os.environ,
            "KERAS_BACKEND": "numpy",
            "PYTHONPATH": os.pathsep.join([*paths, os.getcwd()]),
        },
        capture_output=True,
    )
    assert done.returncode == -signal.SIGKILL, done.stderr
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == [
        "manifest.json",
        "outputs-000000.npy",
        "outputs-000001.npy.partial",
    ]
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    expected = cases.logits(teacher, X)
    np.testing.assert_allclose(cache.read(), expected, atol=1e-6)
    assert not list(tmp_path.glob("*.partial"))


def changed(array, row):
    """The array with one number of a row changed."""
    array = array.copy()
    array[row] += 1
    return array


@pytest.mark.parametrize(
    "data, words",
    [
        ((changed(X, 0), Y), "other inputs from example 0 on"),
        ((changed(X, 49), Y), "other inputs from example 40 on"),
        ((X, changed(Y, 25)), "other labels from example 20 on"),
        ((X[::-1], Y[::-1]), "other inputs from example 0 on"),
        ((X.astype("float64"), Y), "other inputs from example 0 on"),
        ((X[:45], Y[:45]), "45 examples"),
        ((X[:40], Y[:40]), "40 examples, the cache at least 50"),
        ((np.r_[X, X], np.r_[Y, Y]), "more than the 50"),
        (X, "other labels"),
    ],
)
def test_other_data_are_refused(teacher, tmp_path, data, words):
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    before = cache.read()
    with pytest.raises(ValueError, match=f"another dataset.*{words}"):
        kd.cache_teacher(teacher, data, tmp_path, 16)
    np.testing.assert_array_equal(kd.TeacherCache(tmp_path).read(), before)
    made = kd.cache_teacher(teacher, data, tmp_path, 16, overwrite=True)
    x = data[0] if isinstance(data, tuple) else data
    np.testing.assert_allclose(made.read(), cases.logits(teacher, x), atol=1e-5)


def test_other_data_are_refused_by_an_interrupted_cache(
    teacher, tmp_path, monkeypatch
):
    with monkeypatch.context() as patch:
        write = functools.partial(_fail_at_chunk_two, chunk_files.write_whole)
        patch.setattr(chunk_files, "write_whole", write)
        with pytest.raises(OSError):
            kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    for data, words in (
        ((changed(X, 3), Y), "other inputs"),
        ((X[:10], Y[:10]), "10 examples"),
        ((X[:20], Y[:20]), "20 examples"),
    ):
        with pytest.raises(ValueError, match=f"another dataset.*{words}"):
            kd.cache_teacher(teacher, data, tmp_path, 16)


def _fail_at_chunk_two(write_whole, path, write):
    if "000002" in path.name:
        raise OSError("disk full")
    write_whole(path, write)


def test_another_teacher_is_refused(teacher, tmp_path):
    kd.cache_teacher(teacher, (X, Y), tmp_path, 16)
    relu = cases.teacher(activation="relu")
    for other in (cases.teacher(seed=2), relu):
        with pytest.raises(ValueError, match="another teacher.*overwrite=True"):
            kd.cache_teacher(other, (X, Y), tmp_path, 16)
    with pytest.raises(ValueError, match="float32, not float16"):
        kd.cache_teacher(teacher, (X, Y), tmp_path, 16, dtype="float16")
    made = kd.cache_teacher(relu, (X, Y), tmp_path, 16, overwrite=True)
    assert made.read().min() == 0


@pytest.mark.parametrize("harm", ["remove", "cut", "swap"])
def test_lost_or_changed_chunks_are_noticed(teacher, tmp_path, harm):
    cache = kd.cache_teacher(teacher, (X, Y), tmp_path, 16, chunk_size=20)
    if harm == "remove":
        os.remove(cache.files[1])
    elif harm == "cut":
        os.truncate(cache.files[1], 200)
    else:
        np.save(cache.files[1], np.zeros((20, 3), "float32"))
    for use in (
        lambda: kd.TeacherCache(tmp_path),
        lambda: kd.cache_teacher(teacher, (X, Y), tmp_path, 16),
    ):
        with pytest.raises(ValueError, match="000001.npy.*overwrite=True"):
            use()


def test_overwriting_keeps_the_cache_until_its_successor_is_sound(
    teacher, tmp_path
):
    before = kd.cache_teacher(teacher, (X, Y), tmp_path, 16).read()
    with pytest.raises(ValueError, match="Labels"):
        kd.cache_teacher(
            teacher, (X, Y.astype(str)), tmp_path, 16, overwrite=True
        )
    with pytest.raises(ValueError, match="finite"):
        bad = np.full_like(X, np.nan)
        kd.cache_teacher(teacher, (bad, Y), tmp_path, 16, overwrite=True)
    np.testing.assert_array_equal(kd.TeacherCache(tmp_path).read(), before)
