"""Device profiles: the pattern a device runs fast, on the right weights."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_sparse as ks
from keras_sparse.device_profiles import PROFILES

UNIFORM = ks.Static(0.5, distribution="uniform")


def cnn(softmax=True):
    inputs = keras.Input((8, 8, 3))
    x = layers.Conv2D(8, 1, name="conv")(inputs)
    x = layers.Flatten()(x)
    x = layers.Dense(16, "relu", name="hidden")(x)
    x = layers.Dense(4, name="head")(x)
    return keras.Model(inputs, layers.Softmax()(x) if softmax else x)


@pytest.mark.parametrize("softmax", [True, False])
def test_any_device_masks_whole_channels_but_no_output(softmax):
    model = cnn(softmax)
    optimizer = ks.sparsify(model, "adam", UNIFORM, device_profile="any")
    masks = optimizer.masks
    assert [path.split("/")[0] for path in masks] == ["conv", "hidden"]
    for mask in masks.values():
        outputs = np.asarray(mask).reshape(-1, mask.shape[-1])
        assert set(outputs.mean(axis=0).tolist()) == {0.0, 1.0}


@pytest.mark.parametrize("name, size", [("x86", 4), ("arm-dynamic", 16)])
def test_blocks_lie_along_the_inputs_of_dense_kernels(name, size):
    model = cnn()
    masks = ks.sparsify(model, "adam", UNIFORM, device_profile=name).masks
    assert [path.split("/")[0] for path in masks] == ["conv", "hidden", "head"]
    _, hidden, head = masks.values()
    for mask in (hidden, head):
        blocks = mask.reshape(-1, size, mask.shape[1])
        assert set(blocks.mean(axis=1).ravel().tolist()) == {0.0, 1.0}
    conv = masks[next(iter(masks))]
    assert conv.shape == (1, 1, 3, 8)  # 3 inputs: single weights
    assert 0 < conv.sum() < conv.size


def test_hand_worked_blocks():
    pattern = ks.DenseBlocks(2)
    kernel = np.array([[3.0, 1.0], [1.0, 1.0], [0.0, 2.0], [0.0, 2.0]])
    magnitudes = np.asarray(pattern.magnitudes(kernel))
    assert magnitudes.tolist() == [[2.0, 1.0, 0.0, 2.0]]
    mask = np.asarray(pattern.weights(magnitudes > 1, (4, 2)))
    assert mask.tolist() == [[1, 0], [1, 0], [0, 1], [0, 1]]
    short = pattern.magnitudes(kernel[:3])  # the last blocks have one input
    assert np.asarray(short).tolist() == [[2, 1, 0, 2]]
    mask = np.asarray(pattern.weights(np.array([[0, 1, 1, 0]]), (3, 2)))
    assert mask.tolist() == [[0, 1], [0, 1], [1, 0]]


def test_the_pattern_is_saved(tmp_path):
    model = cnn()
    optimizer = ks.sparsify(
        model, "adam", ks.RigL(0.5, update_every=1), device_profile="x86"
    )
    model.compile(optimizer, "mse")
    x, y = np.ones((4, 8, 8, 3), "float32"), np.ones((4, 4), "float32")
    model.fit(x, y, epochs=2, verbose=0)
    model.save(tmp_path / "model.keras")
    loaded = keras.models.load_model(tmp_path / "model.keras")
    method = loaded.optimizer.method
    assert repr(method.pattern) == "DenseBlocks(size=4)"
    method.check_masks(ks.masks(loaded))


def test_filters_of_the_user_win():
    masks = ks.sparsify(
        cnn(),
        "adam",
        ks.Static(0.5),
        filters="head",
        device_profile="any",
    ).masks
    assert len(masks) == 1


def test_profiles_name_what_litert_takes():
    for name in PROFILES:
        profile = ks.device_profile(name)
        assert set(profile.export) == {"target", "quantize"}
        assert profile.compact == name.startswith("any")


@pytest.mark.parametrize(
    "method", [ks.Static(0.5, pattern=ks.Block(2, 1)), ks.DeepR(0.5)]
)
def test_refuses_a_method_whose_pattern_cannot_be_set(method):
    with pytest.raises(ValueError, match="`method` must take a `pattern`"):
        ks.sparsify(cnn(), "adam", method, device_profile="x86")


def test_refuses_an_unknown_profile():
    with pytest.raises(ValueError, match="`device_profile` must be one of"):
        ks.sparsify(cnn(), "adam", ks.Static(0.5), device_profile="gpu")
