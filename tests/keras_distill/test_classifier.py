"""A classifier gives the sums of its subclasses, whatever the model."""

import keras
import numpy as np
import pytest
from keras import layers
from numpy.testing import assert_allclose, assert_array_equal

import keras_distill as kd

X = np.random.default_rng(0).normal(size=(5, 8)).astype("float32")


@keras.saving.register_keras_serializable(package="test_classifier")
class Subclassed(keras.Model):
    """Logits of one input, of two in a list, or of two in a dict."""

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.dense = layers.Dense(6, bias_initializer="ones")
        self.activation = activation

    def call(self, inputs):
        parts = keras.tree.flatten(inputs)
        logits = self.dense(sum(parts[1:], parts[0]))
        return keras.activations.get(self.activation)(logits)

    def get_config(self):
        return {**super().get_config(), "activation": self.activation}


def sequential():
    return keras.Sequential([keras.Input((8,)), layers.Dense(6)])


def ending(*last):
    return keras.Sequential([keras.Input((8,)), *last])


def functional(structure):
    if isinstance(structure, dict):
        inputs = {name: keras.Input((8,), name=name) for name in structure}
    else:
        inputs = keras.tree.map_structure(
            lambda _: keras.Input((8,)), structure
        )
    parts = keras.tree.flatten(inputs)
    x = layers.Add()(parts) if len(parts) > 1 else parts[0]
    return keras.Model(inputs, layers.Dense(6)(x))


def called(model, inputs):
    model(inputs)
    return model


PAIR, NAMED = [X, 2 * X], {"left": X, "right": 2 * X}
MODELS = {
    "sequential": (sequential, X),
    "sequential without Input": (
        lambda: called(keras.Sequential([layers.Dense(6)]), X[:2]),
        X,
    ),
    "functional": (lambda: functional(X), X),
    "functional of a list": (lambda: functional(PAIR), PAIR),
    "functional of a dict": (lambda: functional(NAMED), NAMED),
    "nested": (lambda: ending(functional(X)), X),
    "subclassed": (lambda: called(Subclassed(), X[:2]), X),
    "subclassed of a list": (lambda: called(Subclassed(), PAIR), PAIR),
    "subclassed of a dict": (lambda: called(Subclassed(), NAMED), NAMED),
}


def expected(model, inputs):
    powers = np.exp(keras.ops.convert_to_numpy(model(inputs)))
    sums = powers.reshape(5, 2, 3).sum(axis=-1)
    return sums / sums.sum(axis=-1, keepdims=True)


def outputs(model, inputs):
    return keras.ops.convert_to_numpy(model(inputs))


@pytest.mark.parametrize("name", MODELS)
def test_probabilities_are_sums_of_subclasses(name, tmp_path):
    build, inputs = MODELS[name]
    model = build()
    found = kd.classifier(model, 2)
    assert found.output_shape == (None, 2)
    wanted = expected(model, inputs)
    assert_allclose(outputs(found, inputs), wanted, atol=1e-6)
    found.save(tmp_path / "found.keras")
    loaded = keras.saving.load_model(tmp_path / "found.keras")
    assert_array_equal(outputs(loaded, inputs), outputs(found, inputs))


def test_weights_are_shared():
    model = sequential()
    found = kd.classifier(model, 2)
    kernel = model.layers[-1].kernel
    kernel.assign(kernel + 1.0 * np.arange(6))
    assert_allclose(outputs(found, X), expected(model, X), atol=1e-6)


def test_half_precision_gives_float32_probabilities():
    keras.config.set_dtype_policy("mixed_float16")
    try:
        model = sequential()
        found = kd.classifier(model, 2)
    finally:
        keras.config.set_dtype_policy("float32")
    assert keras.backend.standardize_dtype(model(X).dtype) == "float16"
    probabilities = outputs(found, X)
    assert probabilities.dtype == "float32"
    assert_allclose(probabilities.sum(axis=-1), 1.0, atol=1e-6)
    model.layers[-1].bias.assign([0, 0, 0, 3e4, 0, 0])
    assert_allclose(outputs(found, X), [[0.0, 1.0]] * 5)


def test_sequences_have_a_class_at_each_step():
    model = keras.Sequential([keras.Input((None, 8)), layers.Dense(6)])
    found = kd.classifier(model, 3)
    assert found.output_shape == (None, None, 3)
    assert outputs(found, X[None]).shape == (1, 5, 3)


def test_integer_inputs_of_a_subclassed_model_come_with_an_input():
    class Words(keras.Model):
        def __init__(self):
            super().__init__()
            self.embedding = layers.Embedding(5000, 4)

        def call(self, inputs):
            return keras.ops.mean(self.embedding(inputs), axis=1)

    inputs = keras.Input((3,), dtype="int32")
    found = kd.classifier(keras.Model(inputs, Words()(inputs)), 2)
    assert found.inputs[0].dtype == "int32"


def operation(function):
    inputs = keras.Input((8,))
    return keras.Model(inputs, function(layers.Dense(6)(inputs)))


@pytest.mark.parametrize(
    "model",
    [
        lambda: ending(layers.Dense(6, activation="softmax")),
        lambda: ending(layers.Dense(6, activation="sigmoid")),
        lambda: ending(layers.Dense(6), layers.Softmax()),
        lambda: ending(layers.Dense(6), layers.Activation("softmax")),
        lambda: operation(keras.ops.softmax),
        lambda: operation(layers.Softmax()),
        lambda: ending(operation(keras.ops.sigmoid)),
        lambda: called(Subclassed("softmax"), X),
        lambda: kd.classifier(sequential(), 6),
    ],
)
def test_models_that_emit_probabilities_are_refused(model):
    with pytest.raises(ValueError, match="`model` must emit logits.*softmax"):
        kd.classifier(model(), 2)


def test_log_probabilities_are_logits():
    model = operation(keras.ops.log_softmax)
    found = outputs(kd.classifier(model, 2), X)
    assert_allclose(found, expected(model, X), atol=1e-6)


@pytest.mark.parametrize(
    "model",
    [
        Subclassed(),
        keras.Sequential([layers.Dense(6)]),
        layers.Dense(6),
        None,
    ],
)
def test_what_is_not_built_is_refused(model):
    with pytest.raises(ValueError, match="`model` must be a built `keras.Mod"):
        kd.classifier(model, 2)


def test_several_outputs_are_refused():
    inputs = keras.Input((8,))
    heads = [layers.Dense(6)(inputs), layers.Dense(6)(inputs)]
    with pytest.raises(ValueError, match="one output.*with 2 outputs"):
        kd.classifier(keras.Model(inputs, heads), 2)


def test_several_arguments_are_refused():
    class Two(keras.Model):
        def __init__(self):
            super().__init__()
            self.dense = layers.Dense(6)

        def call(self, left, right):
            return self.dense(left + right)

    model = Two()
    model(X, X)
    with pytest.raises(ValueError, match="inputs as one argument"):
        kd.classifier(model, 2)


@pytest.mark.parametrize("num_classes", [4, 0, 2.0])
def test_the_class_count_divides_the_logits(num_classes):
    with pytest.raises(ValueError, match="`num_classes`"):
        kd.classifier(sequential(), num_classes)
