"""Penultimate distillation: its targets, its layers, its trainable map."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd
from keras_distill.features import FeatureReader, penultimate_layer
from keras_distill.penultimate import projected_targets, random_projection

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 6)).astype("float32")
Y = RNG.integers(0, 4, size=16)


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def network(width, seed=0):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu", name="hidden")]
    layers += [keras.layers.Dropout(0.5, name="drop"), keras.layers.Dense(4)]
    return keras.Sequential([keras.Input((6,)), *layers])


def test_targets_are_standardised_projections():
    features = RNG.normal(size=(5, 2, 8)).astype("float32")
    matrix = np.random.default_rng(3).normal(size=(16, 6)) / 4.0
    expected = features.reshape(5, 16) @ matrix
    expected -= expected.mean(-1, keepdims=True)
    expected /= expected.std(-1, keepdims=True)
    targets = numpy_of(projected_targets(features, units=6, seed=3))
    np.testing.assert_allclose(targets, expected, atol=1e-5)
    guess = RNG.normal(size=(5, 6)).astype("float32")
    loss = kd.PenultimateDistillation(units=6, seed=3)
    np.testing.assert_allclose(
        float(loss(features, guess)),
        ((expected - guess) ** 2).mean(),
        rtol=1e-5,
    )


def test_projections_differ_by_seed_and_keep_lengths():
    first, second = (
        random_projection(200, 400, 0),
        random_projection(200, 400, 1),
    )
    assert np.abs(first - second).max() > 0.1
    features = RNG.normal(size=(10, 200))
    lengths = np.square(features @ first).mean(-1)
    np.testing.assert_allclose(lengths, np.square(features).mean(-1), rtol=0.4)


def test_equal_features_up_to_scale_have_equal_targets():
    features = RNG.uniform(size=(4, 9)).astype("float32")
    first = numpy_of(projected_targets(features, 5, 0))
    np.testing.assert_allclose(
        first, numpy_of(projected_targets(7.0 * features, 5, 0)), atol=1e-4
    )


def added_one_by_one():
    """A Sequential whose layers were called in other models before."""
    model = keras.Sequential()
    for layer in [keras.Input((6,)), *network(8).layers]:
        model.add(layer)
    return model


def loaded():
    return keras.models.model_from_json(network(8).to_json())


def functional():
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(8, name="hidden")(inputs)
    drop = keras.layers.Dropout(0.5, name="drop")(ops.relu(hidden) + 1.0)
    return keras.Model(inputs, kd.ClassLogits(2)(keras.layers.Dense(4)(drop)))


MODELS = [lambda: network(8), added_one_by_one, loaded, functional]


@pytest.mark.parametrize("make", MODELS)
def test_the_layer_before_the_last_weights_is_found_and_read(make):
    model = make()
    assert penultimate_layer(model) == "drop"
    outputs, features = FeatureReader(model, ["drop", "hidden"])(X, False)
    np.testing.assert_allclose(
        numpy_of(outputs), numpy_of(model(X, training=False)), atol=1e-6
    )
    kernel, bias = (numpy_of(v) for v in model.get_layer("hidden").weights)
    hidden = X @ kernel + bias
    if make is functional:
        drop = np.maximum(hidden, 0) + 1.0
    else:
        drop = hidden = np.maximum(hidden, 0)
    np.testing.assert_allclose(numpy_of(features["hidden"]), hidden, atol=1e-5)
    np.testing.assert_allclose(numpy_of(features["drop"]), drop, atol=1e-5)


def test_reading_features_compiles_and_changes_nothing():
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(8)(inputs)
    model = keras.Model(inputs, keras.layers.Dense(4)(hidden))
    model.compile("adam", loss=lambda y, z: ops.mean(z))  # not serialisable
    variables, config = [v.path for v in model.variables], model.get_config()
    reader = FeatureReader(model, [penultimate_layer(model)])
    assert not reader.model.compiled
    assert [v.path for v in model.variables] == variables
    assert model.get_config() == config


def test_a_model_without_a_hidden_layer_has_no_features():
    model = keras.Sequential([keras.Input((6,)), keras.layers.Dense(4)])
    with pytest.raises(ValueError, match="`layer=None`.*does not have"):
        penultimate_layer(model)


def test_a_layer_that_is_called_twice_is_refused():
    inputs, layer = keras.Input((6,)), keras.layers.Dense(6, name="twice")
    model = keras.Model(inputs, layer(layer(inputs)))
    with pytest.raises(ValueError, match="'twice'.*be called once"):
        FeatureReader(model, ["twice"])


def test_features_of_unknown_size_are_refused():
    inputs = keras.Input((None, 3))
    hidden = keras.layers.Dense(4, name="hidden")(inputs)
    pooled = keras.layers.GlobalAveragePooling1D()(hidden)
    model = keras.Model(inputs, keras.layers.Dense(4)(pooled))
    loss = kd.PenultimateDistillation(student_layer="hidden")
    with pytest.raises(ValueError, match="known size.*pooling"):
        kd.Distiller(keras.models.clone_model(model), model, loss)


class Own(keras.Sequential):
    """A Sequential model that computes more than its layers."""

    def call(self, inputs, training=None):
        return 2.0 * super().call(inputs, training=training)


def test_a_model_with_its_own_call_is_refused():
    with pytest.raises(ValueError, match="class Own has its own `call`"):
        penultimate_layer(Own([keras.Input((6,)), *network(8).layers]))


def test_the_adapter_trains_with_the_student_and_is_no_part_of_it():
    teacher, student = network(32, seed=1), network(8, seed=2)
    loss = kd.PenultimateDistillation(units=5)
    distiller = kd.Distiller(teacher, student, loss, 0.9)
    (adapter,) = distiller.adapters
    assert [tuple(v.shape) for v in adapter.weights] == [(8, 5), (5,)]
    names = [v.path for v in student.variables]
    trained = {id(v) for v in student.trainable_variables + adapter.weights}
    assert {id(v) for v in distiller.trainable_variables} == trained
    optimizer = keras.optimizers.Adam(0.1)
    distiller.compile(optimizer, "mse", run_eagerly=True)
    before = numpy_of(adapter.matrix), numpy_of(student.weights[0])
    y = np.eye(4)[Y]
    logs = distiller.fit(X, y, batch_size=16, epochs=20, verbose=0).history
    first, *_, last = logs["distillation_loss"]
    assert last < 0.6 * first
    assert np.abs(before[0] - numpy_of(adapter.matrix)).max() > 0.01
    assert np.abs(before[1] - numpy_of(student.weights[0])).max() > 0.01
    assert [v.path for v in student.variables] == names


def test_compute_loss_by_hand_runs_the_student_itself():
    loss = kd.PenultimateDistillation(units=5)
    distiller = kd.Distiller(network(32), network(8), loss)
    distiller.compile("sgd", "mse", run_eagerly=True)
    y = np.eye(4)[Y]
    expected, *_ = distiller.evaluate(X, y, batch_size=16, verbose=0)
    other = distiller(X[::-1])  # leaves other features behind
    assert other.shape == (16, 4)
    value = distiller.compute_loss(X, y, distiller.student(X), training=False)
    np.testing.assert_allclose(float(value), expected, rtol=1e-6)


def test_adapters_start_alike_for_a_seed():
    def start(seed):
        loss = kd.PenultimateDistillation(units=5, seed=seed)
        distiller = kd.Distiller(network(32), network(8), loss)
        return numpy_of(distiller.adapters[0].matrix)

    np.testing.assert_array_equal(start(4), start(4))
    assert np.abs(start(4) - start(5)).max() > 0.01


@pytest.mark.parametrize(
    "argument, value, message",
    [
        ("units", 1, "`units` must be an int of at least 2.*units=1"),
        ("seed", -1, "`seed` must be an int of at least 0"),
        ("teacher_layer", 3, "`teacher_layer` must be the name of a layer"),
        ("student_layer", ["a"], "`student_layer` must be the name"),
    ],
)
def test_arguments_are_checked(argument, value, message):
    with pytest.raises(ValueError, match=message):
        kd.PenultimateDistillation(**{argument: value})


def test_the_students_width_is_checked():
    with pytest.raises(ValueError, match=r"\(batch, 5\).*\(3, 8\).*Distiller"):
        kd.PenultimateDistillation(units=5)(np.ones((3, 9)), np.ones((3, 8)))


def test_the_config_holds_all_arguments():
    loss = kd.PenultimateDistillation(7, "a", "b", 3, "name", "sum")
    config = keras.losses.deserialize(keras.losses.serialize(loss)).get_config()
    assert config == {
        "units": 7,
        "teacher_layer": "a",
        "student_layer": "b",
        "seed": 3,
        "name": "name",
        "reduction": "sum",
    }
