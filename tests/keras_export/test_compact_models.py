"""compact: what it leaves alone, what it refuses, what it gives back."""

import keras
import numpy as np
import pytest
from compact_planted import (
    compacted,
    find,
    plant,
    planted,
)
from keras import layers

from keras_export import compact, compaction


@keras.saving.register_keras_serializable(package="compact_tests")
class OwnDense(layers.Dense):
    """Doubles what Dense does, which its class alone does not say."""

    def call(self, inputs):
        return 2 * super().call(inputs)


@keras.saving.register_keras_serializable(package="compact_tests")
def backwards(x):
    return x[..., ::-1]


class Careless(layers.Layer):
    def __init__(self, size):
        super().__init__(name="careless")
        self.size = size

    def call(self, inputs):
        return inputs


class Subclassed(keras.Model):
    def __init__(self):
        super().__init__(name="own")
        self.dense = layers.Dense(2)

    def call(self, inputs):
        return self.dense(inputs)


@pytest.mark.parametrize(
    "middle",
    [
        layers.Dropout(0.5),
        layers.GaussianNoise(0.1),
        layers.Activation("gelu"),
        layers.LeakyReLU(),
        layers.ELU(),
        layers.Rescaling(2.0),
        layers.Identity(),
        layers.BatchNormalization(scale=False),
        layers.BatchNormalization(center=False, axis=1),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_dead_units_go_through(middle):
    assert find(compacted(planted(middle)), "first").units == 2


@pytest.mark.parametrize(
    "middle, reason",
    [
        (layers.LayerNormalization(), "LayerNormalization may mix all"),
        (layers.Softmax(), "Softmax may mix all"),
        (layers.Activation("softmax"), "its activation may mix all"),
        (layers.Activation(backwards), "its activation may mix"),
        (layers.UnitNormalization(), "UnitNormalization may mix all"),
        (layers.Rescaling([1, 2, 3, 4]), "its scale differs"),
        (layers.Reshape((2, 2)), "it splits the last axis"),
        (OwnDense(4, name="own"), "OwnDense may mix all"),
        (layers.Lambda(backwards), "Lambda may mix all"),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_what_is_not_known_keeps_all_its_channels(middle, reason):
    model = keras.Sequential(
        [keras.Input((6,)), layers.Dense(4, name="first"), middle]
    )
    model.add(layers.Dense(3, name="last"))
    assert find(compacted(plant(model)), "first").units == 4
    (row,) = [row for row in compaction(model) if row.name == middle.name]
    assert row.reason.startswith(reason)


def test_a_softmax_of_dense_keeps_its_units_but_not_its_inputs():
    model = planted(layers.Dense(3, "softmax", name="mixing"))
    kernel = np.array(find(model, "mixing").kernel)
    kernel[3] = 0
    find(model, "mixing").kernel.assign(kernel)
    small = compacted(model)
    assert find(small, "first").units == 2
    assert find(small, "mixing").units == 3
    reason = "its activation 'softmax' needs all channels"
    assert [row.reason for row in compaction(model)] == ["", reason, ""]


def test_grouped_convolutions_stay_whole():
    model = planted(layers.Conv1D(4, 1, groups=2), shape=(5, 6))
    assert find(compacted(model), "first").units == 4
    assert compaction(model)[1].reason == "its channels are in groups"


@pytest.mark.parametrize(
    "middle, reason",
    [
        (layers.BatchNormalization(axis=1), "it normalises another axis"),
        (layers.Permute((2, 1)), "it moves the last axis"),
        (
            layers.GlobalAveragePooling1D(data_format="channels_first"),
            "its channels come first",
        ),
        (layers.Reshape((2, 6)), "it splits the last axis"),
        (
            layers.DepthwiseConv1D(2, activation="softmax"),
            "its activation may mix all its channels",
        ),
    ],
    ids=lambda value: getattr(value, "name", None),
)
def test_other_axes_keep_all_channels(middle, reason):
    model = planted(middle, shape=(3, 6))
    assert find(compacted(model), "first").units == 4
    assert reason in [row.reason for row in compaction(model)]


def test_an_axis_that_is_open_keeps_its_place():
    inputs = keras.Input((None, 6))
    x = layers.Dense(4, name="first")(inputs)
    x = layers.Dense(4)(layers.Flatten()(layers.GlobalMaxPooling1D()(x)))
    lengths = layers.ReLU()(keras.ops.sum(inputs, axis=-1))
    model = keras.Model(inputs, [layers.Dense(2, name="last")(x), lengths])
    small = compact(plant(model))
    x = np.random.default_rng(1).normal(size=(2, 5, 6)).astype("float32")
    for one, other in zip(model(x), small(x), strict=True):
        np.testing.assert_allclose(other, one, atol=1e-5)
    assert find(small, "first").units == 3
    reasons = [row.reason for row in compaction(model)]
    assert "its last axis is open, or the batch" in reasons


def test_layers_with_more_than_their_kernel_stay_whole():
    middle = layers.Dense(4, name="middle")
    model = planted(middle)
    middle.enable_lora(2)
    for weight in middle.trainable_weights:
        weight.assign(np.ones(weight.shape))
    assert find(compacted(model), "first").units == 4
    assert compaction(model)[1].reason == "it has LoRA weights"
    model = planted(middle := layers.Dense(4, name="middle"))
    middle.quantize("int8")
    assert find(compacted(model), "first").units == 4
    assert compaction(model)[1].reason == "it is quantized"


def test_layers_called_as_in_training_stay_whole():
    inputs = keras.Input((6,))
    x = layers.Dense(4, name="first")(inputs)
    x = layers.BatchNormalization()(x, training=True)
    model = plant(keras.Model(inputs, layers.Dense(2, name="last")(x)))
    assert find(compacted(model), "first").units == 4
    assert compaction(model)[1].reason == "it is called with training=True"
    model = keras.Model(inputs, planted()(inputs, training=True))
    with pytest.raises(ValueError, match="'sequential.*', called with 1 tens"):
        compact(model)


@pytest.mark.parametrize(
    "middle",
    [
        layers.LSTM(3, return_sequences=True),
        layers.Bidirectional(layers.GRU(3, return_sequences=True)),
        layers.TimeDistributed(layers.Dense(5)),
        layers.EinsumDense("abc,cd->abd", (None, 5)),
    ],
    ids=lambda layer: type(layer).__name__,
)
def test_layers_without_a_rule_are_copied_with_their_weights(middle):
    model = planted(middle, shape=(3, 6))
    assert find(compacted(model), "first").units == 4


def test_the_result_is_a_plain_model(tmp_path):
    dense = {"kernel_regularizer": "l2", "kernel_constraint": "non_neg"}
    middle = layers.Dense(5, "relu", name="middle", **dense)
    model = planted(middle)
    middle.trainable = False
    model.compile("sgd", "mse")
    before = [np.array(weight) for weight in model.weights]
    small = compact(model)
    assert [w.path for w in small.weights] == [w.path for w in model.weights]
    assert small.name == model.name and not small.compiled
    config = middle.get_config()
    assert find(small, "middle").get_config() == {**config, "units": 4}
    assert config["kernel_regularizer"] and config["trainable"] is False
    for weight, value in zip(model.weights, before, strict=True):
        np.testing.assert_array_equal(weight, value)
    small.save(tmp_path / "small.keras")
    loaded = keras.models.load_model(tmp_path / "small.keras")
    x = np.ones((2, 6), "float32")
    np.testing.assert_allclose(loaded(x), model(x), atol=1e-5)
    loaded.compile("sgd", "mse")
    start = np.array(find(loaded, "last").kernel)
    loaded.fit(x, np.ones((2, 2)), verbose=0)
    assert np.abs(np.array(find(loaded, "last").kernel) - start).max() > 0


def test_dtype_policies_stay():
    model = planted(layers.Dense(3, dtype="mixed_bfloat16", name="middle"))
    small = compact(model)
    assert find(small, "middle").dtype_policy.name == "mixed_bfloat16"
    assert find(small, "first").dtype_policy.name == "float32"


def test_after_it_nothing_is_left_to_remove():
    small = compact(planted(layers.BatchNormalization(), layers.ReLU()))
    assert all(row.before == row.after for row in compaction(small))
    assert compact(small).count_params() == small.count_params()


def test_models_with_code_are_refused():
    model = Subclassed()
    model(np.ones((1, 3)))
    with pytest.raises(ValueError, match="functional or Sequential.*'own'"):
        compact(model)
    inputs = keras.Input((3,))
    with pytest.raises(ValueError, match="Received: 'own' of class"):
        compaction(
            type("Own", (keras.Model,), {})(
                inputs, layers.Dense(2)(inputs), name="own"
            )
        )


def test_models_with_code_inside_stay_whole():
    inner = Subclassed()
    inputs = keras.Input((3,))
    model = keras.Model(inputs, inner(layers.Dense(4, name="first")(inputs)))
    rows = compaction(model)
    assert [row.after for row in rows] == [4, 2]
    assert rows[1].reason == "Subclassed may mix all its channels"


def test_layers_that_cannot_be_copied_are_named():
    with pytest.raises(ValueError, match="layer 'careless' of class Careless"):
        compact(planted(Careless(3)))


def test_bad_models_are_refused():
    with pytest.raises(TypeError, match="`model` must be a `keras.Model`"):
        compact(layers.Dense(3))
    with pytest.raises(ValueError, match="must be built"):
        compact(keras.Sequential([layers.Dense(3)]))
