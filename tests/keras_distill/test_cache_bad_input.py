"""What `cache_teacher` and `attach` refuse, and how they say so."""

import cached_cases as cases
import keras
import numpy as np
import pytest
from cached_cases import Batches, tf_batches

import keras_distill as kd

X, Y = cases.arrays()


def subclassed(activation=None, heads=1):
    class Hidden(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = keras.layers.Dense(4, activation)

        def call(self, x):
            return self.dense(x) if heads == 1 else [self.dense(x)] * heads

    model = Hidden()
    model(X[:2])
    return model


def two_heads():
    inputs = keras.Input((6,))
    dense = keras.layers.Dense
    return keras.Model(inputs, {"a": dense(4)(inputs), "b": dense(4)(inputs)})


def broken(value):
    model = cases.teacher()
    model.set_weights([np.full(w.shape, value) for w in model.weights])
    return model


def sequence():
    inputs = keras.Input((6,))
    return keras.Model(inputs, keras.layers.Reshape((3, 2))(inputs))


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: "teacher", "must be a keras.Model.*str"),
        (lambda: keras.Sequential([keras.layers.Dense(4)]), "must be built"),
        (lambda: cases.teacher(activation="softmax"), "must emit logits"),
        (lambda: cases.teacher(activation="sigmoid"), "must emit logits"),
        (lambda: subclassed("softmax"), "must emit logits"),
        (two_heads, "one output.*2 outputs"),
        (lambda: subclassed(heads=3), "one output.*3 outputs"),
        (sequence, r"\(batch, logits\).*\(16, 3, 2\)"),
        (lambda: broken(np.nan), "finite.*nan.*weights"),
        (lambda: broken(np.inf), "finite.*weights"),
    ],
)
def test_teachers_that_do_not_fit(tmp_path, make, words):
    with pytest.raises(ValueError, match=f"`teacher` .*{words}"):
        kd.cache_teacher(make(), (X, Y), tmp_path / "new", 16)
    assert not (tmp_path / "new").exists()


def test_too_large_for_float16(tmp_path):
    with pytest.raises(ValueError, match='float16.*dtype="float32"'):
        kd.cache_teacher(
            broken(1e5), (abs(X), Y), tmp_path, 16, dtype="float16"
        )


def endless():
    class Endless(Batches):
        num_batches = None

    return Endless(X, Y)


def shuffled():
    return tf_batches(X, Y).unbatch().shuffle(50).batch(16)


def sparse():
    import tensorflow as tf

    return tf_batches(tf.sparse.from_dense(X), Y)


@pytest.mark.parametrize(
    "make, words",
    [
        (lambda: tf_batches(X, Y).repeat(), "must have an end.*`repeat`"),
        (endless, "must have an end"),
        (lambda: tf_batches(X, Y).take(0), "at least one example"),
        (
            lambda: tf_batches(X, Y).unbatch(),
            r"must give batches.*batch\(256\)",
        ),
        (lambda: (X, Y[:-1]), r"same number.*\(50, 6\), \(49,\)"),
        (lambda: iter(tf_batches(X, Y)), "read twice"),
        (lambda: [X.tolist(), Y.tolist()], "read twice.*list"),
        (lambda: tf_batches(X, Y.astype(str)), "Labels must be numbers"),
        (lambda: Batches(X, Y + 2**24), "exact in float32.*16777217"),
        (lambda: (X, {"a": Y, "b": Y}), "one array of labels"),
        (lambda: (X, np.zeros((50, 2, 2))), r"\(batch, columns\)"),
        (sparse, "dense"),
    ],
)
def test_datasets_that_do_not_fit(tmp_path, make, words):
    data = make()
    size = 16 if isinstance(data, tuple) else None
    with pytest.raises(ValueError, match=words):
        kd.cache_teacher(cases.teacher(), data, tmp_path / "new", size)
    assert not (tmp_path / "new").exists()


def test_augmented_data_are_refused(tmp_path):
    class Noisy(Batches):
        def __getitem__(self, index):
            x, y = super().__getitem__(index)
            return x + np.random.default_rng().normal(size=x.shape), y

    with pytest.raises(ValueError, match="augment after"):
        kd.cache_teacher(cases.teacher(), Noisy(X, Y), tmp_path)


@pytest.mark.parametrize(
    "arguments, words",
    [
        ({"batch_size": 0}, "`batch_size` must be an int"),
        ({"batch_size": None}, "`batch_size` must be an int"),
        ({"chunk_size": 0}, "`chunk_size`"),
        ({"dtype": "bfloat16"}, "`dtype`.*bfloat16"),
    ],
)
def test_arguments_out_of_range(tmp_path, arguments, words):
    arguments = {"batch_size": 16, **arguments}
    with pytest.raises(ValueError, match=words):
        kd.cache_teacher(cases.teacher(), (X, Y), tmp_path, **arguments)


def test_batch_size_is_for_arrays(tmp_path):
    with pytest.raises(ValueError, match="`batch_size` is for arrays"):
        kd.cache_teacher(cases.teacher(), Batches(X, Y), tmp_path, 16)


def test_paths_that_do_not_fit(tmp_path):
    """Nobody's files are touched, not even by `overwrite`."""
    file, folder, other = tmp_path / "file", tmp_path / "a", tmp_path / "b"
    file.write_text("mine")
    for path, name in ((folder, "notes.txt"), (other, "manifest.json")):
        path.mkdir()
        (path / name).write_text("{}")
    for path, words in (
        (file, "which is a file"),
        (folder, "holds other files"),
        (other, "not of this version"),
    ):
        for overwrite in (False, True):
            with pytest.raises(ValueError, match=f"`path`.*{words}"):
                kd.cache_teacher(
                    cases.teacher(), (X, Y), path, 16, overwrite=overwrite
                )
    assert file.read_text() == "mine"
    assert (folder / "notes.txt").read_text() == "{}"
    with pytest.raises(ValueError, match="complete cache"):
        kd.TeacherCache(tmp_path / "nothing")
