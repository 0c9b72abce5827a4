"""Fingerprints tell apart what differs, and nothing else."""

import cached_cases as cases
import keras
import numpy as np
import pytest

from keras_distill.fingerprints import DataFingerprint, teacher_fingerprint

X, _ = cases.arrays()
layers = keras.layers


def functional(names, activation="relu", trainable=True):
    """Two inputs, a nested model, and layers of these names."""
    left, right, dense, inner, act = names
    inputs = keras.Input((2,), name=left), keras.Input((2,), name=right)
    nested = keras.Sequential([keras.Input((4,)), layers.Dense(3)], name=inner)
    joined = layers.Concatenate(name=dense)(inputs)
    outputs = layers.Activation(activation, name=act)(nested(joined))
    model = keras.Model(inputs, outputs, trainable=trainable)
    model.set_weights([np.ones(w.shape) for w in model.weights])
    return model


PLAIN = ("a", "b", "dense", "inner", "relu")


def test_names_and_trainable_do_not_count():
    expected = teacher_fingerprint(functional(PLAIN))
    for names in (("e", "f", "g", "h", "i"), ("b", "a", "x", "inner", "tanh")):
        assert teacher_fingerprint(functional(names)) == expected
    assert teacher_fingerprint(functional(PLAIN, trainable=False)) == expected


def test_activations_count_also_where_layers_have_their_names():
    tanh = functional((*PLAIN[:4], "tanh"), activation="tanh")
    assert teacher_fingerprint(functional(PLAIN)) != teacher_fingerprint(tanh)


def test_the_order_of_inputs_counts():
    left, right = keras.Input((2,)), keras.Input((2,))
    found = set()
    for pair in ([left, right], [right, left]):
        joined = layers.Concatenate()(pair)
        outputs = layers.Dense(2, kernel_initializer="ones")(joined)
        model = keras.Model([left, right], outputs)
        found.add(teacher_fingerprint(model))
    assert len(found) == 2


def test_every_weight_counts():
    model = cases.teacher()
    found = {teacher_fingerprint(model)}
    for index, weight in enumerate(model.get_weights()):
        weights = model.get_weights()
        weights[index] = weight + np.float32(1e-6)
        model.set_weights(weights)
        found.add(teacher_fingerprint(model))
    assert len(found) == 3


def test_a_model_saved_and_loaded_is_the_same_teacher(tmp_path):
    model = functional(PLAIN)
    model.save(tmp_path / "teacher.keras")
    again = keras.models.load_model(tmp_path / "teacher.keras")
    assert teacher_fingerprint(again) == teacher_fingerprint(model)


def fingerprint(*batches):
    found = DataFingerprint()
    for batch in batches:
        found.update(batch)
    return found.hexdigest()


@pytest.mark.parametrize("cut", [1, 7, 49])
def test_cuts_into_batches_do_not_count(cut):
    data = {"x": X, "words": np.array([b"a", b"bc"] * 25, dtype=object)}
    parts = [
        {name: array[rows] for name, array in data.items()}
        for rows in (slice(0, cut), slice(cut, None))
    ]
    assert fingerprint(data) == fingerprint(*parts)


def test_values_order_shapes_dtypes_and_names_count():
    words = np.array([b"a", b"bc"], dtype=object)
    other_words = np.array([b"ab", b"c"], dtype=object)
    data = [
        X,
        X[::-1],
        np.nextafter(X, 9),
        X.astype("float64"),
        X.reshape(50, 2, 3),
        X.view("int32"),
        {"a": X},
        {"b": X},
        words,
        other_words,
    ]
    assert len({fingerprint(array) for array in data}) == len(data)


def test_rows_that_are_not_contiguous_count_as_their_values():
    wide = np.repeat(X, 2, axis=1)
    assert fingerprint(wide[:, ::2]) == fingerprint(X)
