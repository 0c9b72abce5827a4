"""What a ProgressiveGAN refuses, and what it says."""

import keras
import numpy as np
import pytest
import tensorflow as tf

import keras_latent as kl

SMALL = dict(image_size=16, channels=1, latent_dim=6, channel_max=4)
IMAGES = np.zeros((4, 16, 16, 1), "float32")


@pytest.fixture(scope="module")
def gan():
    made = kl.ProgressiveGAN(**SMALL, size=8)
    made.compile(run_eagerly=True)
    return made


@pytest.mark.parametrize(
    "given, name",
    [
        (dict(image_size=28), "image_size"),
        (dict(image_size=2), "image_size"),
        (dict(size=12), "size"),
        (dict(size=32), "size"),
        (dict(channels=0), "channels"),
        (dict(latent_dim=0), "latent_dim"),
        (dict(fade_steps=-1), "fade_steps"),
        (dict(stable_steps=0), "stable_steps"),
        (dict(drift_weight=-0.1), "drift_weight"),
        (dict(group_size=1), "group_size"),
        (dict(ema_momentum=1.0), "ema_momentum"),
        (dict(loss="none"), "loss"),
        (dict(regularizers=["none"]), "regularizers"),
    ],
)
def test_arguments_out_of_range(given, name):
    with pytest.raises(ValueError, match=f"`{name}` must .*Received"):
        kl.ProgressiveGAN(**{**SMALL, **given})


@pytest.mark.parametrize(
    "shape", [(4, 4, 4, 1), (4, 12, 12, 1), (4, 32, 32, 1), (4, 8, 8, 3)]
)
def test_images_of_another_size(gan, shape):
    images = np.zeros(shape, "float32")
    wanted = "`x` must hold images .* 8 or 16 pixels.*Received: shape"
    with pytest.raises(ValueError, match=wanted):
        gan.fit(images, verbose=0)
    with pytest.raises(ValueError, match=wanted):
        gan.evaluate(images, verbose=0)
    with pytest.raises(ValueError, match=wanted):
        gan.fit_stages(images, verbose=0)


def test_images_that_are_not_square_or_no_images(gan):
    for shape in ((4, 8, 16, 1), (4, 16, 16), (4, 256)):
        with pytest.raises(ValueError, match="`x` must hold images"):
            gan.fit(np.zeros(shape, "float32"), verbose=0)


def test_images_that_are_not_finite_or_in_another_range(gan):
    with pytest.raises(ValueError, match="`x` must hold finite images"):
        gan.fit(np.full_like(IMAGES, np.nan), verbose=0)
    with pytest.warns(UserWarning, match="values from 0 to 255"):
        gan._check(np.array([0.0, 255.0] * 128).reshape(1, 16, 16, 1))


def test_latent_points_of_another_width(gan):
    with pytest.raises(ValueError, match=r"\(batch, 6\).*Received.*\(3, 5\)"):
        gan.predict(np.zeros((3, 5), "float32"), verbose=0)


def test_a_gan_of_the_final_size_does_not_grow():
    gan = kl.ProgressiveGAN(**SMALL, size=16)
    with pytest.raises(ValueError, match="`grow` needs .*Received: size=16"):
        gan.grow()


def test_what_fit_stages_does_not_take(gan):
    class Batches(keras.utils.PyDataset):
        """Batches by number."""

    with pytest.raises(ValueError, match="`x` must be an array .*Batches"):
        gan.fit_stages(Batches())
    data = tf.data.Dataset.from_tensor_slices(IMAGES).batch(2)
    with pytest.raises(ValueError, match="`batch_size` must be None"):
        gan.fit_stages(data, batch_size=2)
    with pytest.raises(ValueError, match="`steps_per_epoch` must"):
        gan.fit_stages(IMAGES, steps_per_epoch=0)
    with pytest.raises(ValueError, match="`batch_size` must"):
        gan.fit_stages(IMAGES, batch_size=0)
