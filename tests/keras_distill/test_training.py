"""Losses and metrics in `fit`: compiled, weighted, half precision, labels."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from numpy.testing import assert_array_equal

import keras_distill as kd

X = np.random.default_rng(0).normal(size=(50, 8)).astype("float32")
LABELS = (X[:, 0] > 0).astype("int64")


def perceptron(seed=0, **compiling):
    keras.utils.set_random_seed(seed)
    layers = keras.layers.Dense(16, "relu"), keras.layers.Dense(6)
    model = keras.Sequential([keras.Input((8,)), *layers])
    compile_teacher(model, **compiling)
    return model


def compile_teacher(model, **compiling):
    model.compile(
        keras.optimizers.SGD(0.3),
        kd.SubclassCrossentropy(2, diversity_temperature=0.3),
        metrics=[kd.SubclassAccuracy(2), kd.SubclassDiversity(0.3)],
        **{"jit_compile": False, **compiling},
    )


@pytest.fixture(scope="module")
def model():
    """Compiled once; each test starts it from the same weights."""
    return perceptron()


@pytest.fixture(autouse=True)
def restart(model):
    start = perceptron()
    model.set_weights(start.get_weights())


def fit(model, labels=LABELS, weights=None, rows=50, **how):
    how = {"epochs": 1, "batch_size": 16, "shuffle": False, **how}
    x, labels = X[:rows], labels[:rows]
    return model.fit(x, labels, sample_weight=weights, verbose=0, **how).history


def test_training_learns_and_reports_what_evaluation_computes(model):
    history = fit(model, epochs=8)
    assert history["loss"][-1] < history["loss"][0]
    assert history["subclass_accuracy"][-1] > 0.8
    # 50 examples in batches of 16: the last one is smaller.
    found = model.evaluate(X, LABELS, 16, verbose=0, return_dict=True)
    logits = model.predict(X, verbose=0)
    batches = [slice(i, i + 16) for i in range(0, 50, 16)]
    each = [kd.diversity(logits[rows], 0.3) for rows in batches]
    each = np.concatenate([keras.ops.convert_to_numpy(e) for e in each])
    sums = np.exp(logits).reshape(50, 2, 3).sum(axis=-1)
    right = sums.argmax(axis=-1) == LABELS
    plain = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    expected = float(plain(LABELS, np.log(sums))) + each.mean()
    assert found["subclass_accuracy"] == pytest.approx(right.mean(), abs=1e-6)
    assert found["subclass_diversity"] == pytest.approx(each.mean(), abs=1e-5)
    assert found["loss"] == pytest.approx(expected, abs=1e-5)


def test_weights_of_zero_change_no_weight(model):
    before = model.get_weights()
    fit(model, weights=np.zeros(50))
    for old, new in zip(before, model.get_weights(), strict=True):
        assert_array_equal(old, new)
    fit(model, weights=np.ones(50))
    assert np.abs(model.get_weights()[0] - before[0]).max() > 0


def test_the_type_and_shape_of_labels_do_not_matter(model):
    expected = fit(model)["loss"]
    model.set_weights(perceptron().get_weights())
    assert fit(model, LABELS[:, None].astype("uint8"))["loss"] == expected


def test_a_label_out_of_range_stops_the_training_with_a_message(model):
    labels = LABELS.copy()
    labels[[3, 4]] = 2, -1
    message = r"whole numbers in \[0, 2\)[\s\S]*from[\s\S]*-1[\s\S]*to[\s\S]*2"
    with pytest.raises(tf.errors.InvalidArgumentError, match=message):
        fit(model, labels)


def test_one_hot_labels_are_refused_while_tracing(model):
    with pytest.raises(ValueError, match="One-hot labels become integers"):
        fit(model, np.eye(2, dtype="float32")[LABELS])


def test_compiled_by_xla_losses_agree_and_a_bad_label_makes_them_nan(model):
    expected = fit(model, rows=48, epochs=2)
    compiled = perceptron(jit_compile=True)
    found = fit(compiled, rows=48, epochs=2)
    for name, values in expected.items():
        assert found[name] == pytest.approx(values, abs=1e-4), name
    labels = LABELS.copy()
    labels[3] = 2
    history = fit(compiled, labels, rows=48)
    assert np.isnan(history["loss"]).all()
    assert np.isnan(history["subclass_accuracy"]).all()
    assert np.isnan(compiled.get_weights()[0]).any()


def test_mixed_precision_trains_on_finite_losses():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = perceptron()
    finally:
        keras.config.set_dtype_policy("float32")
    kernel = model.layers[-1].kernel
    kernel.assign(300 * kernel.value)  # logits of hundreds
    assert model(X).dtype == "float16"
    history = fit(model, rows=48, epochs=2)
    for name, values in history.items():
        assert np.isfinite(values).all(), name
    assert all(np.isfinite(w).all() for w in model.get_weights())
