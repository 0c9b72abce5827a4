"""What the reconstructors are made of, and what they cannot take."""

import keras
import numpy as np
import pytest

import keras_latent as kl


def trained(model):
    return sum(int(np.prod(w.shape)) for w in model.trainable_weights)


def test_lenet_has_the_layers_of_the_paper():
    made = kl.lenet_reconstructor((32, 32, 1), 128)
    assert made.input_shape == (None, 32, 32, 2)
    assert made.output_shape == [(None, 128), (None, 1)]
    convolutions = [
        layer.kernel.shape
        for layer in made.layers
        if isinstance(layer, keras.layers.Conv2D)
    ]
    assert convolutions == [(5, 5, 2, 6), (5, 5, 6, 16), (5, 5, 16, 120)]
    kernels = 25 * (2 * 6 + 6 * 16 + 16 * 120) + 3 * (6 + 16 + 120)
    heads = 2 * (120 * 84 + 3 * 84) + 84 * 128 + 128 + 84 + 1
    assert trained(made) == kernels + heads


def test_lenet_starts_as_pytorch_does():
    made = kl.lenet_reconstructor((32, 32, 1), 128)
    kernel = np.array(made.get_layer("direction").kernel)
    assert np.abs(kernel).max() <= 1 / np.sqrt(84)
    assert np.std(kernel) == pytest.approx(1 / np.sqrt(3 * 84), rel=0.05)


def test_resnet_has_as_many_weights_as_torchvisions():
    made = kl.resnet18_reconstructor((64, 64, 3), 10)
    whole, classes, first = 11_689_512, 512 * 1000 + 1000, 7 * 7 * 3 * 64
    assert trained(made) == whole - classes + first + 512 * 10 + 10 + 513


def test_resnet_pads_as_pytorch_and_may_shrink_images_before():
    made = kl.resnet18_reconstructor((64, 64, 3), 10, width=2)
    sizes = [
        layer.output.shape[1]
        for layer in made.layers
        if isinstance(layer, keras.layers.Add)
    ]
    assert sizes == [16, 16, 8, 8, 4, 4, 2, 2]
    small = kl.resnet18_reconstructor((64, 64, 3), 10, width=2, input_size=32)
    pair = np.random.default_rng(0).normal(size=(2, 64, 64, 6))
    logits, shift = small(pair)
    assert logits.shape == (2, 10) and shift.shape == (2, 1)
    again, _ = small(pair.repeat(2, 1)[:, ::2].copy())
    np.testing.assert_allclose(again, logits, rtol=1e-5)


@pytest.mark.parametrize(
    "make",
    [
        lambda seed: kl.lenet_reconstructor((32, 32, 1), 3, seed=seed),
        lambda seed: kl.resnet18_reconstructor((32, 32, 1), 3, 2, seed=seed),
    ],
    ids=["lenet", "resnet"],
)
def test_first_weights_are_of_the_seed(make):
    one, again, other = (
        [np.array(w) for w in make(s).weights] for s in (0, 0, 1)
    )
    for first, second, third in zip(one, again, other, strict=True):
        np.testing.assert_array_equal(first, second)
        if first.ndim > 1:
            assert np.abs(first - third).max() > 0
    kernels = [w for w in one if w.ndim > 1]
    for first, second in zip(kernels, kernels[1:], strict=False):
        if first.shape == second.shape:
            assert np.abs(first - second).max() > 0, "each layer its own"


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((28, 28, 1), 3), "`image_shape`.*32, 32.*Pad"),
        (((32, 32), 3), r"`image_shape` must be \(height, width, channels"),
        (((32, 32, 0), 3), "`image_shape`.*int of at least 1"),
        ((32, 3), "`image_shape` must be a tuple"),
        (((32, 32, 1), 0), "`num_directions`"),
        (((32, 32, 1), 3, 0), "`width`"),
    ],
)
def test_shapes_and_counts_that_do_not_fit_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kl.lenet_reconstructor(*arguments)


def test_resnet_refuses_what_is_no_image():
    with pytest.raises(ValueError, match="`image_shape`"):
        kl.resnet18_reconstructor((32, 32), 3)
    with pytest.raises(ValueError, match="`input_size`"):
        kl.resnet18_reconstructor((32, 32, 1), 3, input_size=0)
