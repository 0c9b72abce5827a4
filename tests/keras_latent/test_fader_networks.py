"""The networks to begin with fit each other and the paper."""

import keras
import numpy as np
import pytest
from keras import layers, ops

import keras_latent as kl


def leaves(model, kind):
    found = []
    for layer in model.layers:
        if isinstance(layer, keras.Model):
            found += leaves(layer, kind)
        elif isinstance(layer, kind):
            found.append(layer)
    return found


@pytest.mark.parametrize("shape", [(784,), (28, 28, 1), (7, 9, 3)])
def test_dense_networks_meet(shape):
    encoder, decoder, classifier = kl.fader_networks(shape, 10, 8)
    assert encoder.input_shape == decoder.output_shape == (None, *shape)
    assert encoder.output_shape == classifier.input_shape == (None, 8)
    assert decoder.input_shape == [(None, 8), (None, 10)]
    assert classifier.output_shape == (None, 10)


def test_dense_codes_have_mean_0_and_variance_1():
    encoder, *_ = kl.fader_networks((28, 28, 1), 10, 8)
    images = np.random.default_rng(0).uniform(size=(5, 28, 28, 1))
    code = ops.convert_to_numpy(encoder(images))
    np.testing.assert_allclose(code.mean(axis=1), 0, atol=1e-5)
    np.testing.assert_allclose(code.var(axis=1), 1, atol=0.05)
    assert encoder.layers[-1].weights == []


def test_convolutions_are_those_of_the_paper():
    encoder, decoder, classifier = kl.fader_networks(
        (256, 256, 3), [2, 2], 6, "convolutional", width=512
    )
    down = [conv.filters for conv in leaves(encoder, layers.Conv2D)]
    assert down == [32, 64, 128, 256, 512, 512]
    assert encoder.output_shape == (None, 4, 4, 512)
    up = leaves(decoder, layers.Conv2DTranspose)
    assert [conv.filters for conv in up] == [512, 256, 128, 64, 32, 3]
    assert decoder.output_shape == (None, 256, 256, 3)
    entering = [conv.kernel.shape[-1] for conv in up]
    assert entering == [n + 4 for n in (512, 512, 256, 128, 64, 32)]
    every = leaves(encoder, layers.Conv2D) + up
    assert {(c.kernel_size, c.strides) for c in every} == {((4, 4), (2, 2))}
    assert leaves(classifier, layers.Dropout)[0].rate == 0.3
    assert leaves(classifier, layers.Dense)[0].units == 512
    assert classifier.output_shape == (None, 4)


@pytest.mark.parametrize(
    "arguments, message",
    [
        (((28, 28, 1), 10, 8, "residual"), "`kind` must be one of"),
        (((28, 28, 1), 10, 3, "convolutional"), "halve `code_size`=3 times"),
        (((784,), 10, 2, "convolutional"), "`image_shape` must be"),
        (((28, 28, 1), 1), "`attribute_sizes` must be an int of at least 2"),
        (((28, 28, 1), [2, 1.5]), "`attribute_sizes` must be"),
        (((28, 28, 1), 10, 0), "`code_size` must be an int of at least 1"),
        (((28, 28, 1), 10, 8, "dense", 0.5), "`width` must be an int"),
    ],
)
def test_bad_arguments_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kl.fader_networks(*arguments)
