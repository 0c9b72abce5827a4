"""dSprites in the form of `shapes`, read from a set made up here."""

import types

import numpy as np
import pytest
import tensorflow as tf
import tensorflow_datasets as tfds

import keras_latent as kl

NAMES = ["shape", "scale", "orientation", "x_position", "y_position"]


@pytest.fixture
def examples(monkeypatch):
    """A prepared set of three images, of the features of the real one."""
    draw = np.random.default_rng(0)
    content = {"image": draw.integers(2, size=(3, 64, 64, 1), dtype="uint8")}
    labels = [[0, 1, 2], [0, 5, 1], [0, 39, 13], [31, 0, 1], [2, 31, 0]]
    for name, values in zip(NAMES, labels, strict=True):
        content[f"label_{name}"] = np.array(values)

    class Builder:
        info = types.SimpleNamespace(
            splits={"train": types.SimpleNamespace(num_examples=3)}
        )

        def is_prepared(self):
            return True

        def as_dataset(self, split):
            count = int(split.removeprefix("train[:").removesuffix("]"))
            return tf.data.Dataset.from_tensor_slices(content).take(count)

    monkeypatch.setattr(tfds, "builder", lambda *_, **__: Builder())
    return content


def test_images_masks_and_factors_are_those_of_the_set(examples):
    found = kl.dsprites(3)
    on = examples["image"][..., 0] == 1
    np.testing.assert_array_equal(found.images[..., 0], np.where(on, 1, -1))
    for kind in (1, 2, 3):
        np.testing.assert_array_equal(
            found.masks[kind - 1], kind * on[kind - 1]
        )
    expected = [
        [0, 0, 0, 1, 2 / 31],
        [1 / 2, 1, 1, 0, 1],
        [1, 1 / 5, 1 / 3, 1 / 31, 0],
    ]
    np.testing.assert_allclose(found.factors, expected, rtol=1e-6)
    kinds = [part.dtype.name for part in found]
    assert kinds == ["float32", "int32", "float32"]
    assert len(kl.dsprites(2).images) == 2


@pytest.mark.parametrize("count", [0, 4])
def test_other_counts_are_named(examples, count):
    with pytest.raises(ValueError, match="`count`"):
        kl.dsprites(count)


def test_a_set_that_is_not_there_is_named(tmp_path):
    with pytest.raises(FileNotFoundError, match="`data_dir`.*'dsprites'"):
        kl.dsprites(1, tmp_path)
