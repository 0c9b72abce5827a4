"""Networks of progressive growing, and what they take over in growing."""

import keras
import numpy as np
import pytest

import keras_latent as kl
from keras_latent.progressive_networks import copy_weights
from keras_latent.progressive_stages import fade_images, shrink_images

SMALL = dict(channels=2, latent_dim=6, channel_base=32, channel_max=12)
RANDOM = np.random.default_rng(0)


def double(images):
    return np.repeat(np.repeat(images, 2, axis=1), 2, axis=2)


def halve(images):
    rows, side, _, channels = images.shape
    half = side // 2
    return images.reshape(rows, half, 2, half, 2, channels).mean((2, 4))


@pytest.mark.parametrize("size", [4, 8])
def test_growing_changes_nothing_at_first(size):
    small = kl.progressive_networks(size, seed=1, **SMALL)
    large = kl.progressive_networks(2 * size, seed=2, **SMALL)
    latent = RANDOM.normal(size=(5, 6)).astype("float32")
    images = RANDOM.normal(size=(5, 2 * size, 2 * size, 2)).astype("float32")
    expected = double(small[0](latent)), small[1](halve(images))
    before = large[0](latent)
    for one, other in zip(small, large, strict=True):
        copy_weights(one, other)
        other.get_layer(f"fade_in_{2 * size}").alpha.assign(0.0)
    found = large[0](latent), large[1](images)
    for one, other in zip(found, expected, strict=True):
        assert np.std(other) > 0.01
        np.testing.assert_allclose(one, other, atol=1e-5)
    assert np.abs(found[0] - before).max() > 0.1
    for network in large:
        network.get_layer(f"fade_in_{2 * size}").alpha.assign(1.0)
    assert np.abs(large[0](latent) - expected[0]).max() > 0.1
    assert np.abs(large[1](images) - expected[1]).max() > 0.01


def test_channels_are_those_of_the_paper():
    made = kl.progressive_networks(128)
    widths = {4: 512, 8: 512, 16: 512, 32: 512, 64: 256, 128: 128}
    for side, width in widths.items():
        name = "convolution_4" if side == 4 else f"convolution_{side}_1"
        assert made[0].get_layer(name).filters == width
        name = "convolution_4" if side == 4 else f"convolution_{side}_0"
        assert made[1].get_layer(name).filters == width
    assert made[1].get_layer("convolution_128_1").filters == 256
    assert made[0].output_shape == (None, 128, 128, 3)


def test_a_seed_draws_the_same_weights_and_each_layer_its_own():
    one, two, other = (
        kl.progressive_networks(8, seed=seed, **SMALL) for seed in (1, 1, 2)
    )
    for index in (0, 1):
        kernels = [
            net[index].get_layer("convolution_8_1").kernel.numpy()
            for net in (one, two, other)
        ]
        np.testing.assert_array_equal(kernels[0], kernels[1])
        assert np.abs(kernels[0] - kernels[2]).max() > 0.1
    kernels = [
        one[0].get_layer(f"convolution_{name}").kernel.numpy()
        for name in ("4", "8_1")
    ]
    assert abs(kernels[0].ravel()[0] - kernels[1].ravel()[0]) > 1e-3


def test_half_precision_within_and_full_at_the_ends():
    plain = kl.progressive_networks(8, **SMALL)
    mixed = kl.progressive_networks(8, dtype="mixed_float16", **SMALL)
    latent = RANDOM.normal(size=(4, 6)).astype("float32")
    images = plain[0](latent)
    assert mixed[0].dtype_policy.name == "mixed_float16"
    assert mixed[0].get_layer("convolution_8_0").compute_dtype == "float16"
    for one, other, inputs in zip(plain, mixed, (latent, images), strict=True):
        found = other(inputs)
        assert found.dtype == "float32"
        np.testing.assert_allclose(found, one(inputs), atol=0.03)
    assert keras.config.dtype_policy().name == "float32"


def test_images_are_shrunk_and_faded_by_area():
    images = RANDOM.normal(size=(3, 8, 8, 2)).astype("float32")
    np.testing.assert_array_equal(shrink_images(images, 8), images)
    half = halve(images)
    np.testing.assert_allclose(shrink_images(images, 4), half, atol=1e-6)
    quarter = halve(half)
    np.testing.assert_allclose(shrink_images(images, 2), quarter, atol=1e-6)
    expected = 0.3 * images + 0.7 * double(half)
    found = fade_images(images, 0.3)
    np.testing.assert_allclose(found, expected, atol=1e-6)


@pytest.mark.parametrize(
    "given, name",
    [
        (dict(size=12), "size"),
        (dict(size=2), "size"),
        (dict(channels=0), "channels"),
        (dict(latent_dim=1.5), "latent_dim"),
        (dict(channel_base=0), "channel_base"),
        (dict(channel_max=0), "channel_max"),
        (dict(group_size=1), "group_size"),
        (dict(seed=-1), "seed"),
    ],
)
def test_arguments_out_of_range(given, name):
    with pytest.raises(ValueError, match=f"`{name}` must .*Received"):
        kl.progressive_networks(**{"size": 4, **SMALL, **given})
