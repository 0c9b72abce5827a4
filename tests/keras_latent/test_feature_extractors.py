"""Features of a classifier and of InceptionV3, which is never downloaded."""

import keras
import numpy as np
import pytest

import keras_latent as kl
from keras_latent.inception_features import inception_pixels


@pytest.fixture(scope="module")
def data():
    random = np.random.default_rng(0)
    labels = np.arange(200) % 2
    images = 0.2 * random.uniform(size=(200, 8, 8, 1))
    images[labels == 1, :, :4] += 0.8
    return images.astype("float32"), labels


@pytest.fixture(scope="module")
def trained(data):
    return kl.feature_extractor(*data, epochs=20, seed=5)


@pytest.fixture
def no_network(monkeypatch):
    def fail(**options):
        raise Exception("URL fetch failure")  # as Keras does

    monkeypatch.setattr(keras.applications, "InceptionV3", fail)


@pytest.fixture
def weights_at_hand(monkeypatch):
    """A network that gives the mean colour instead of InceptionV3."""
    asked = []

    def build(**options):
        asked.append(options)
        inputs = keras.Input(options["input_shape"])
        pooled = keras.layers.GlobalAveragePooling2D()(inputs)
        return keras.Model(inputs, pooled)

    monkeypatch.setattr(keras.applications, "InceptionV3", build)
    return asked


def test_features_are_what_the_last_layer_of_the_judge_reads(trained, data):
    features = trained(data[0])
    assert features.shape == (200, 128)
    last = trained.classifier.layers[-1]
    logits = trained.classifier.predict(data[0], verbose=0)
    np.testing.assert_allclose(last(features), logits, rtol=1e-4, atol=1e-5)


def test_results_say_which_features_were_used(trained, data):
    images = data[0]
    found = kl.kernel_distance(
        images, images / 2, trained.network, subset_size=None
    )
    assert found.features == "features"
    found = kl.frechet_distance(images, 1 - images[:180], trained)
    assert found.features == trained.name
    assert trained.name == "classifier trained on the data set, seed 5"
    assert "200 images, 20 epochs, seed 5, acc" in trained.description
    assert found.distance > 0.1


def test_it_tells_a_generator_that_lacks_a_class(trained, data):
    images, labels = data
    half = kl.kernel_distance(
        images[:100], images[labels == 1], trained, subset_size=None
    )
    both = kl.kernel_distance(
        images[:100], images[100:], trained, subset_size=None
    )
    assert half.distance > 20 * abs(both.distance)
    score = kl.inception_score(
        images, trained.classifier, from_logits=True, splits=2
    )
    assert score.score > 1.8


def test_the_range_is_that_of_the_images(trained, data):
    low, high = trained.image_range
    assert (low, high) == (data[0].min(), data[0].max())
    with pytest.warns(UserWarning, match="`data` was declared"):
        kl.feature_statistics(255 * data[0], trained)


def test_a_model_of_ones_own_is_trained(data):
    start = keras.initializers.GlorotUniform(seed=3)
    model = keras.Sequential(
        [
            keras.Input((8, 8, 1)),
            keras.layers.Flatten(),
            keras.layers.Dense(3, "tanh", kernel_initializer=start),
            keras.layers.Dense(2, kernel_initializer=start.clone()),
        ]
    )
    model.compile(
        keras.optimizers.Adam(0.02),
        keras.losses.SparseCategoricalCrossentropy(from_logits=True),
    )
    features = kl.feature_extractor(*data, epochs=10, model=model)
    assert features(data[0]).shape == (200, 3)
    assert features.classifier is model


@pytest.mark.parametrize("low, high", [(0, 255), (-1, 1), (0, 1)])
@pytest.mark.parametrize("channels", [1, 3])
def test_inception_gets_coloured_images_in_its_range(low, high, channels):
    images = np.full((2, 8, 8, channels), high, "float32")
    images[:, :4] = low
    pixels = np.asarray(inception_pixels(images, (low, high)))
    assert pixels.shape == (2, 299, 299, 3)
    np.testing.assert_allclose(pixels[:, 0], -1, atol=1e-5)
    np.testing.assert_allclose(pixels[:, -1], 1, atol=1e-5)
    np.testing.assert_allclose(pixels.mean(), 0, atol=1e-3)
    with pytest.raises(ValueError, match="1 or 3"):
        inception_pixels(images[..., :1].repeat(2, -1), (low, high))


def test_inception_is_asked_for_pooled_features(weights_at_hand):
    features = kl.inception_features((0, 255))
    assert weights_at_hand == [
        dict(
            include_top=False,
            weights="imagenet",
            input_shape=(299, 299, 3),
            pooling="avg",
        )
    ]
    images = np.full((4, 8, 8, 1), 255, "uint8")
    np.testing.assert_allclose(features(images), np.ones((4, 3)), atol=1e-5)
    statistics = kl.feature_statistics(
        np.append(images, 0 * images, 0), features
    )
    assert statistics.features == "InceptionV3 (ImageNet)"
    np.testing.assert_allclose(statistics.mean, 0, atol=1e-6)


def test_without_weights_the_error_says_what_to_do(no_network):
    with pytest.raises(OSError, match="URL fetch failure.*`weights`"):
        kl.inception_features((0, 1))


def test_the_default_is_inception_when_it_can_be_had(weights_at_hand, data):
    assert kl.default_features(*data).name == "InceptionV3 (ImageNet)"
    assert len(weights_at_hand) == 1


def test_the_default_is_the_classifier_otherwise(no_network, data):
    features = kl.default_features(*data, image_range=(0, 1), epochs=3)
    assert features.name == "classifier trained on the data set, seed 0"
    assert "not InceptionV3 (ImageNet): " in features.description
    assert "URL fetch failure" in features.description
    assert features.image_range == (0, 1)


@pytest.mark.parametrize(
    "arguments, message",
    [
        ((None,), "`image_range` must be"),
        (((1, 0),), "`image_range` must be"),
        (((0, 1), "missing.h5"), "`weights` must be"),
        (((0, 1), None), "`weights` must be"),
    ],
)
def test_bad_arguments_of_inception_are_refused(arguments, message):
    with pytest.raises(ValueError, match=message):
        kl.inception_features(*arguments)


def test_bad_data_is_refused(data):
    with pytest.raises(ValueError, match="`y` must be ints"):
        kl.feature_extractor(data[0], data[1][:3])
    with pytest.raises(ValueError, match="`weights` must be"):
        kl.default_features(*data, weights="missing.h5")
