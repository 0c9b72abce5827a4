"""Sets and arguments that do not fit are refused."""

import re

import numpy as np
import pytest
from prepared_sets import prepare

from keras_sparse import datasets


@pytest.fixture(scope="module")
def digits():
    return datasets.load("digits")


DIGITS_ERRORS = [
    (lambda d: d.batches("train", 0), "`batch_size` must be >= 1. Received: "),
    (
        lambda d: d.steps("test", 361, drop_remainder=True),
        "must be >= 1 and <= 360, the size of the split. Received: "
        "batch_size=361.",
    ),
    (lambda d: d.arrays("valid"), "Received: split='valid'. Use one of these"),
    (lambda d: d.arrays("test", limit=0), "`limit` must be >= 1."),
    (
        lambda d: d.batches("test", 9, epochs=3, first_epoch=3),
        "Received: first_epoch=3, epochs=3. Count epochs from 0.",
    ),
]


@pytest.mark.parametrize("act, message", DIGITS_ERRORS)
def test_errors_of_a_set(digits, act, message):
    with pytest.raises(ValueError, match=re.escape(message)):
        act(digits)


@pytest.mark.parametrize("size", [0, (8,), (8, 0), (8, 8, 1), 2.5, "8"])
def test_image_size_is_checked(size):
    with pytest.raises(ValueError, match="`image_size` must be a number of"):
        datasets.load("digits", image_size=size)


LOAD_ERRORS = [
    (dict(name="mnistt"), ValueError, "Close to it: mnist"),
    (
        dict(name="cifar100"),
        FileNotFoundError,
        "(--data-dir), or allow `download=True`.",
    ),
]


@pytest.mark.parametrize("arguments, error, message", LOAD_ERRORS)
def test_errors_of_load(tmp_path, capfd, arguments, error, message):
    with pytest.raises(error, match=re.escape(message)) as raised:
        datasets.load(**arguments, data_dir=tmp_path)
    if error is FileNotFoundError:
        looked_for = tmp_path / "cifar100"
        assert f"looked for {looked_for}" in str(raised.value)
    assert "absl" not in capfd.readouterr().err


@pytest.mark.parametrize(
    "name, keys", [("no_pairs", None), ("table", ("values", "label"))]
)
def test_sets_without_images_are_refused(tmp_path, name, keys):
    from tensorflow_datasets import features

    prepare(
        tmp_path,
        name,
        {
            "values": features.Tensor(shape=(3,), dtype=np.float32),
            "label": features.ClassLabel(num_classes=2),
        },
        {"values": np.zeros(3, "float32"), "label": 0},
        keys,
    )
    with pytest.raises(ValueError, match=f"Received: name='{name}'") as raised:
        datasets.load(name, data_dir=tmp_path)
    assert "['label', 'values']" in str(raised.value)
