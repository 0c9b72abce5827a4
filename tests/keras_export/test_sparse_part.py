"""What ARM computes wrongly with sparse convolutions is not stored so."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_export


def net(tail, pad=1, size=16):
    inputs = keras.Input((size, size, 3), name="image")
    x = layers.ZeroPadding2D(pad)(inputs)
    x = layers.Conv2D(16, 3, strides=2, activation="relu", name="entry")(x)
    x = layers.Conv2D(64, 1, activation="relu", name="inner")(x)
    x = y = layers.Conv2D(64, 1, activation="relu", name="second")(x)
    if tail == "normalised sum":
        z = layers.Conv2D(64, 1, name="third")(x)
        x = layers.BatchNormalization(name="norm")(layers.Add()([y, z]))
    keep = tail == "kept dimensions"
    x = layers.GlobalAveragePooling2D(keepdims=keep)(x)
    if keep:
        x = layers.Reshape((4,))(layers.Conv2D(4, 1, name="head")(x))
    else:
        x = layers.Dense(4, name="head")(x)
    model = keras.Model(inputs, x)
    generator = np.random.default_rng(0)
    for weight in model.trainable_weights:
        values = generator.normal(0.0, 0.3, weight.shape)
        if len(weight.shape) > 1 and "entry" not in weight.path:
            values *= generator.random(weight.shape) < 0.1
        weight.assign(values)
    return model


def encodings(model, tmp_path, target):
    report = keras_export.litert(
        model, tmp_path / "x.tflite", target=target, overwrite=True
    )
    rows = [r for r in report.layers if r.encoding == "csr"]
    reasons = {r.reason for r in report.layers if "because on ARM" in r.reason}
    return len(rows), reasons


@pytest.mark.parametrize(
    "tail, words",
    [("normalised sum", "with a vector"), ("kept dimensions", "`keepdims")],
)
def test_stays_dense_where_arm_goes_wrong(tmp_path, tail, words):
    model = net(tail)
    for target in ("arm", "any"):
        sparse, reasons = encodings(model, tmp_path, target)
        # The head, where it is no convolution.
        assert sparse == (tail == "normalised sum")
        assert len(reasons) == 1 and words in reasons.pop()
    sparse, reasons = encodings(model, tmp_path, "x86")
    assert sparse >= 2 and not reasons


def test_is_sparse_where_nothing_goes_wrong(tmp_path):
    sparse, reasons = encodings(net("plain"), tmp_path, "arm")
    assert sparse == 3 and not reasons  # both convolutions and the head


def test_is_sparse_where_no_sparse_part_begins(tmp_path):
    # Padded on one side only: XNNPACK runs all of it dense.
    model = net("normalised sum", pad=((0, 1), (0, 1)))
    sparse, reasons = encodings(model, tmp_path, "arm")
    assert sparse == 4 and not reasons  # three convolutions and the head
