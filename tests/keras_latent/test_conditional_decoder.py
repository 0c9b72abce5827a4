"""Every block of a conditional decoder is told the attribute."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_latent as kl


def test_the_attribute_stands_at_every_place_of_a_map():
    generator = np.random.default_rng(0)
    maps = generator.normal(size=(3, 4, 5, 2)).astype("float32")
    attribute = generator.normal(size=(3, 7)).astype("float32")
    joined = ops.convert_to_numpy(kl.concatenate_attribute(maps, attribute))
    assert joined.shape == (3, 4, 5, 9)
    np.testing.assert_array_equal(joined[..., :2], maps)
    for example in range(3):
        for row in range(4):
            for column in range(5):
                np.testing.assert_array_equal(
                    joined[example, row, column, 2:], attribute[example]
                )


def test_half_precision_features_stay_so():
    joined = kl.concatenate_attribute(
        ops.ones((2, 3), "float16"), np.ones((2, 2), "float32")
    )
    assert keras.backend.standardize_dtype(joined.dtype) == "float16"


def test_maps_of_unknown_size_are_tiled_at_run_time():
    maps, attribute = keras.Input((None, None, 2)), keras.Input((3,))
    joined = kl.ConcatenateAttribute()([maps, attribute])
    assert joined.shape == (None, None, None, 5)
    model = keras.Model([maps, attribute], joined)
    assert model([ops.ones((2, 6, 4, 2)), ops.ones((2, 3))]).shape == (
        *(2, 6, 4),
        5,
    )


def test_each_block_takes_the_one_before_and_the_attribute():
    blocks = [layers.Dense(6), layers.Dense(5), layers.Dense(4)]
    decoder = kl.conditional_decoder(blocks, (8,), 3)
    assert [b.kernel.shape[0] for b in blocks] == [8 + 3, 6 + 3, 5 + 3]
    code = np.random.default_rng(0).normal(size=(2, 8)).astype("float32")
    attribute = np.eye(3, dtype="float32")[[0, 2]]
    hidden = code
    for block in blocks:
        kernel, bias = map(ops.convert_to_numpy, (block.kernel, block.bias))
        hidden = np.concatenate([hidden, attribute], axis=1) @ kernel + bias
    given = ops.convert_to_numpy(decoder([code, attribute]))
    np.testing.assert_allclose(given, hidden, rtol=1e-5, atol=1e-6)


def test_a_saved_decoder_gives_the_same_images(tmp_path):
    blocks = [layers.Conv2DTranspose(4, 4, 2, "same"), layers.Conv2D(1, 1)]
    decoder = kl.conditional_decoder(blocks, (2, 2, 3), 2)
    decoder.save(tmp_path / "decoder.keras")
    loaded = keras.saving.load_model(tmp_path / "decoder.keras")
    inputs = [ops.ones((1, 2, 2, 3)), ops.array([[0.0, 1.0]])]
    np.testing.assert_array_equal(
        ops.convert_to_numpy(loaded(inputs)),
        ops.convert_to_numpy(decoder(inputs)),
    )


@pytest.mark.parametrize("blocks", [[], [lambda x: x], "dense"])
def test_blocks_that_are_not_layers_are_refused(blocks):
    with pytest.raises(ValueError, match="`blocks` must be a list of layers"):
        kl.conditional_decoder(blocks, (8,), 3)
