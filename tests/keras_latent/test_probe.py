"""The probe: what it reads, what it leaves alone, what it refuses."""

import keras
import numpy as np
import pytest
import tensorflow as tf
from sklearn.linear_model import LogisticRegression

import keras_latent as kl
from keras_latent import probe_classifier
from keras_latent.probe_classifier import standardize


def copy(x):
    return np.array(x)


def planted(examples, classes, strength, width=6, seed=0):
    """Codes of noise plus `strength` times a direction of their label."""
    random = np.random.default_rng(seed)
    labels = random.integers(0, classes, examples)
    centres = random.normal(size=(classes, width))
    noise = random.normal(size=(examples, width))
    return (noise + strength * centres[labels]).astype("float32"), labels


def test_a_label_in_the_code_is_read():
    found = kl.probe_accuracy(copy, planted(1200, 5, strength=4.0))
    assert found.accuracy > 0.95
    assert float(found) == found.accuracy
    assert found.examples == 300


def test_noise_is_read_no_better_than_guessing():
    x, _ = planted(2000, 4, strength=0.0)
    labels = np.random.default_rng(5).integers(0, 4, 2000)
    found = kl.probe_accuracy(copy, (x, labels))
    # Four standard deviations of 500 draws at 1/4.
    assert abs(found.accuracy - 0.25) < 4 * np.sqrt(0.25 * 0.75 / 500)


def test_parity_which_no_linear_classifier_reads_is_read():
    random = np.random.default_rng(0)
    bits = random.integers(0, 2, (1600, 4))
    noise = 0.1 * random.normal(size=bits.shape)
    data = bits + noise, bits.sum(axis=1) % 2
    linear = kl.probe_accuracy(
        copy, data, classifier=lambda size, classes: LogisticRegression()
    )
    assert linear.accuracy < 0.6
    assert kl.probe_accuracy(copy, data).accuracy > 0.97


def test_scale_and_offset_of_the_codes_do_not_matter():
    x, labels = planted(800, 3, strength=3.0)
    plain = kl.probe_accuracy(copy, (x, labels))
    far = kl.probe_accuracy(copy, (x.astype("float64") * 1e3 + 1e4, labels))
    assert plain.accuracy > 0.9
    assert abs(plain.accuracy - far.accuracy) < 0.03


def test_standardize_has_mean_0_deviation_1_and_drops_constant_columns():
    x = np.random.default_rng(0).normal(3, 5, size=(50, 3)).astype("float32")
    x[:, 1] = 0.1
    train, other = standardize(x, x[:5])
    np.testing.assert_allclose(train.mean(axis=0), 0, atol=1e-6)
    np.testing.assert_allclose(train.std(axis=0), [1, 0, 1], atol=1e-6)
    np.testing.assert_array_equal(other, train[:5])


def test_chance_is_the_most_frequent_label_on_held_out_examples():
    labels = np.repeat([0, 1, 2], [600, 300, 100])
    x = np.random.default_rng(0).normal(size=(1000, 2))
    test = x[:90], np.repeat([0, 1, 2], [30, 45, 15])
    found = kl.probe_accuracy(copy, (x, labels), test)
    assert found.chance == 45 / 90
    assert found.examples == 90


def test_equal_seeds_give_equal_findings_and_seeds_differ():
    data = planted(600, 4, strength=0.5)
    first, again, other = [
        kl.probe_accuracy(copy, data, seed=seed) for seed in (3, 3, 4)
    ]
    assert first == again != other


def test_global_random_state_is_neither_used_nor_changed():
    data = planted(200, 3, strength=0.5)
    np.random.seed(1)
    first = kl.probe_accuracy(copy, data)
    after = np.random.random()
    np.random.seed(1)
    assert after == np.random.random()
    assert kl.probe_accuracy(copy, data) == first


def test_several_attributes_are_read_apart():
    x, labels = planted(900, 3, strength=4.0)
    unread = np.random.default_rng(7).integers(0, 2, 900)
    found = kl.probe_accuracy(copy, (x, np.stack([labels, unread], axis=1)))
    assert found.accuracies[0] > 0.9
    assert abs(found.accuracies[1] - 0.5) < 0.15
    assert found.accuracy == np.mean(found.accuracies)
    assert len(found.chances) == 2


def test_dataset_equals_arrays():
    x, labels = planted(500, 3, strength=1.0)
    dataset = tf.data.Dataset.from_tensor_slices((x, labels)).batch(64)
    assert kl.probe_accuracy(copy, dataset) == kl.probe_accuracy(
        copy, (x, labels)
    )


def test_one_hot_equals_integers_where_sizes_are_given():
    x, labels = planted(300, 3, strength=1.0)
    one_hot = np.eye(3, dtype="float32")[labels]
    assert kl.probe_accuracy(
        copy, (x, one_hot), attribute_sizes=3
    ) == kl.probe_accuracy(copy, (x, labels))


def test_a_fader_stands_for_its_encoder_and_its_sizes():
    x, labels = planted(200, 3, strength=4.0)
    one_hot = np.eye(4, dtype="float32")[labels]

    class Fader:
        attribute_sizes = [4]
        encoder = staticmethod(copy)

    found = kl.probe_accuracy(Fader(), (x, one_hot))
    assert found == kl.probe_accuracy(copy, (x, labels), attribute_sizes=4)


def test_the_encoder_is_called_in_inference_mode_and_not_changed():
    x, labels = planted(200, 3, strength=4.0)
    layers = [
        keras.Input((6,)),
        keras.layers.Dense(6),
        keras.layers.BatchNormalization(),
        keras.layers.Dropout(0.9, seed=1),
    ]
    encoder = keras.Sequential(layers)
    before = [np.array(v) for v in encoder.variables]
    first = kl.probe_accuracy(encoder, (x, labels))
    assert kl.probe_accuracy(encoder, (x, labels)) == first
    for old, variable in zip(before, encoder.variables, strict=True):
        np.testing.assert_array_equal(old, np.array(variable))


def test_classifier_of_keras_is_trained_and_scored(monkeypatch):
    monkeypatch.setattr(probe_classifier, "MOST_EPOCHS", 8)
    x, labels = planted(300, 3, strength=4.0)

    def classifier(code_size, num_classes):
        keras.utils.set_random_seed(0)
        shape = [keras.Input((code_size,))]
        model = keras.Sequential([*shape, keras.layers.Dense(num_classes)])
        loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
        model.compile(keras.optimizers.Adam(0.3), loss, run_eagerly=True)
        return model

    found = kl.probe_accuracy(copy, (x, labels), classifier=classifier)
    assert found.accuracy > 0.85


X, Y = np.zeros((60, 2)), np.arange(60) % 2
DATASET = tf.data.Dataset.from_tensor_slices((X, Y))


@pytest.mark.parametrize(
    "data, message",
    [
        ((X[:40], Y[:40]), "`data` must hold at least 50"),
        ((X, Y[:50]), "60 examples and 50 labels"),
        ((X, Y * 0), "at least two labels"),
        ((X, Y - 1), "`labels` must be from 0"),
        ((X, Y + 0.5), "`labels` must be integers"),
        ((X, np.eye(3, dtype=int)[Y]), "look one-hot"),
        ((X * np.nan, Y), "must give finite numbers"),
        ((X, Y, Y), "a pair of arrays"),
        (X, "must be arrays"),
        (DATASET, "dataset.batch"),
        (DATASET.batch(8).repeat(), "must have an end"),
        (DATASET.batch(8).take(0), "at least one example"),
        (DATASET.batch(8).map(lambda x, y: (x, y, y)), "sample weights"),
    ],
)
def test_bad_data_is_refused(data, message):
    with pytest.raises(ValueError, match=message):
        kl.probe_accuracy(copy, data)


@pytest.mark.parametrize(
    "options, message",
    [
        ({"held_out": 0}, "`held_out`"),
        ({"held_out": 1.0}, "`held_out`"),
        ({"batch_size": 0}, "`batch_size`"),
        ({"seed": -1}, "`seed`"),
        ({"attribute_sizes": 1}, "`attribute_sizes`"),
        ({"test_data": (np.zeros((60, 3)), Y)}, "`test_data`"),
        ({"classifier": lambda a, b: None}, "`classifier`"),
        ({"classifier": lambda a, b: keras.Sequential()}, "not compiled"),
    ],
)
def test_bad_options_are_refused(options, message):
    with pytest.raises(ValueError, match=message):
        kl.probe_accuracy(copy, (X, Y), **options)


def test_an_encoder_without_a_code_for_each_example_is_refused():
    with pytest.raises(ValueError, match="`encoder` must give a code"):
        kl.probe_accuracy(lambda x: x[:, 0], (X, Y))
    with pytest.raises(ValueError, match="must have one output"):
        kl.probe_accuracy(lambda x: (x, x), (X, Y))
