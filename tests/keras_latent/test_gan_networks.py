"""Reference networks have the papers' shapes and depend on their seed."""

import keras
import numpy as np
import pytest
from keras import layers

import keras_latent as kl

MAKERS = {
    "mlp": lambda **o: kl.mlp_gan_networks((2,), 3, width=16, **o),
    "dcgan": lambda **o: kl.dcgan_networks((16, 16, 1), 5, width=4, **o),
    "sngan": lambda **o: kl.sngan_networks((16, 8, 3), 5, width=4, **o),
}
table = pytest.mark.parametrize("kind", MAKERS)


def widths(network, kind):
    return [each.filters for each in network.layers if isinstance(each, kind)]


@table
def test_networks_meet_and_train(kind):
    generator, discriminator = MAKERS[kind]()
    gan = kl.GAN(generator, discriminator)
    gan.compile(run_eagerly=True)
    shape = generator.output_shape[1:]
    images = np.random.default_rng(0).uniform(-0.9, 0.9, (6, *shape))
    before = [np.array(weight) for weight in gan.trainable_variables]
    logs = gan.train_on_batch(images, return_dict=True)
    assert all(np.isfinite(list(logs.values())))
    after = [np.array(weight) for weight in gan.trainable_variables]
    moved = [np.abs(a - b).max() for a, b in zip(before, after, strict=True)]
    assert min(moved) > 0
    assert gan.sample(3).shape == (3, *shape)


@table
def test_a_seed_is_all_that_first_weights_depend_on(kind):
    keras.utils.set_random_seed(1)
    first = MAKERS[kind](seed=4)
    keras.utils.set_random_seed(2)
    again, other = MAKERS[kind](seed=4), MAKERS[kind](seed=5)
    for index in range(2):
        triples = zip(
            first[index].weights,
            again[index].weights,
            other[index].weights,
            strict=True,
        )
        for one, two, three in triples:
            np.testing.assert_array_equal(one, two)
            if "kernel" in one.path or "vector" in one.path:
                assert np.all(np.array(one) != np.array(three))


@table
def test_first_kernels_are_normal_of_deviation_002(kind):
    for network in MAKERS[kind]():
        kernels = [w for w in network.weights if "kernel" in w.path]
        drawn = np.concatenate([np.ravel(kernel) for kernel in kernels])
        error = 0.02 / np.sqrt(2 * len(drawn))
        assert abs(drawn.std() - 0.02) < 5 * error
        # None is another's copy.
        firsts = [float(np.ravel(kernel)[0]) for kernel in kernels]
        assert len(set(firsts)) == len(firsts)


def test_dcgan_of_64_pixels_is_that_of_the_paper():
    generator, discriminator = kl.dcgan_networks((64, 64, 3), width=2)
    up = widths(generator, layers.Conv2DTranspose)
    assert up == [8, 4, 2, 3]
    assert widths(discriminator, layers.Conv2D) == [2, 4, 8, 16]
    shapes = [layer.output.shape[1:3] for layer in discriminator.layers]
    assert (4, 4) in shapes and generator.layers[1].output.shape[1:] == (
        4,
        4,
        16,
    )
    norms = [isinstance(x, layers.BatchNormalization) for x in generator.layers]
    assert sum(norms) == 4
    assert generator.layers[-1].activation.__name__ == "tanh"
    first = discriminator.layers[:2]
    assert [type(x) for x in first] == [layers.Conv2D, layers.LeakyReLU]


def test_dcgan_is_the_pair_for_square_images():
    generator, discriminator = kl.dcgan(32, 1, 7)
    assert generator.input_shape == (None, 7)
    assert generator.output_shape == (None, 32, 32, 1)
    expected = kl.dcgan_networks((32, 32, 1), 7)
    for ours, theirs in zip((generator, discriminator), expected, strict=True):
        for one, other in zip(ours.weights, theirs.weights, strict=True):
            np.testing.assert_array_equal(one, other)


def test_sngan_is_table_3_of_the_paper():
    generator, discriminator = kl.sngan_networks((32, 32, 3), width=2)
    assert generator.input_shape == (None, 128)
    assert generator.layers[1].output.shape[1:] == (4, 4, 16)
    assert widths(generator, layers.Conv2DTranspose) == [8, 4, 2]
    wrapped = [
        layer.layer
        for layer in discriminator.layers
        if isinstance(layer, layers.SpectralNormalization)
    ]
    found = [(x.filters, x.kernel_size[0], x.strides[0]) for x in wrapped[:-1]]
    assert found == [
        (2, 3, 1),
        (2, 4, 2),
        (4, 3, 1),
        (4, 4, 2),
        (8, 3, 1),
        (8, 4, 2),
        (16, 3, 1),
    ]
    weighted = [x for x in discriminator.layers if x.weights]
    assert len(weighted) == len(wrapped) == 8


def test_training_holds_the_largest_singular_value_at_1():
    generator, critic = kl.mlp_gan_networks((2,), 3, width=8)
    wrap = layers.SpectralNormalization
    dense = [wrap(layers.Dense(8, "relu")), wrap(layers.Dense(1))]
    critic = keras.Sequential([keras.Input((2,)), *dense])
    gan = kl.GAN(generator, critic, loss="hinge")
    gan.compile(run_eagerly=True)
    points = np.random.default_rng(0).normal(size=(8, 2))
    for _ in range(10):
        gan.train_on_batch(points)
    for layer in dense:
        largest = np.linalg.svd(np.array(layer.layer.kernel))[1][0]
        np.testing.assert_allclose(largest, 1.0, atol=0.01)


def test_half_precision_networks_make_single_images():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        generator, _ = kl.dcgan_networks((16, 16, 1), 5, width=4)
    finally:
        keras.config.set_dtype_policy("float32")
    assert generator.compute_dtype == "float16"
    assert generator(np.zeros((1, 5))).dtype == "float32"


@pytest.mark.parametrize(
    "make, message",
    [
        (lambda: kl.dcgan_networks((28, 28, 1)), "power of two from 16"),
        (lambda: kl.dcgan_networks((8, 8, 1)), "power of two from 16"),
        (lambda: kl.dcgan_networks((16, 32, 1)), "power of two from 16"),
        (lambda: kl.dcgan_networks((16, 16)), "power of two from 16"),
        (lambda: kl.dcgan_networks(16), "`image_shape` must be a tuple"),
        (lambda: kl.dcgan(20, 1, 5), "power of two from 16"),
        (lambda: kl.dcgan(16, 0, 5), "`image_shape` must be an int"),
        (lambda: kl.dcgan(16, 1, 0), "`latent_dim` must be an int"),
        (lambda: kl.sngan_networks((28, 28, 1)), "multiples of 8"),
        (lambda: kl.sngan_networks((32, 32)), "multiples of 8"),
        (lambda: kl.sngan_networks(width=0), "`width` must be an int"),
        (lambda: kl.sngan_networks(seed=-1), "`seed` must be an int"),
        (lambda: kl.mlp_gan_networks((), 2), "`data_shape` must be a tuple"),
        (lambda: kl.mlp_gan_networks((2,), 2, depth=0), "`depth` must be"),
        (lambda: kl.mlp_gan_networks((2,), 2, stddev=0), "`stddev` must be"),
    ],
)
def test_other_shapes_and_sizes_are_refused(make, message):
    with pytest.raises(ValueError, match=message):
        make()


def test_the_logit_scale_multiplies_the_discriminator_alone():
    images = np.random.default_rng(0).uniform(-1, 1, (3, 16, 8, 3))
    plain = kl.sngan_networks((16, 8, 3), 5, width=4)
    scaled = kl.sngan_networks((16, 8, 3), 5, width=4, logit_scale=40.0)
    np.testing.assert_allclose(
        40 * np.array(plain[1](images)), scaled[1](images), rtol=1e-5
    )
    z = np.ones((2, 5), "float32")
    np.testing.assert_array_equal(plain[0](z), scaled[0](z))
    with pytest.raises(ValueError, match="`logit_scale` must be"):
        kl.sngan_networks(logit_scale=0)
