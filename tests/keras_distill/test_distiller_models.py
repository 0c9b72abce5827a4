"""Models of any make can be teacher and student, and run once a step."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(16, 6)).astype("float32")
CODES = RNG.integers(0, 5, size=(16, 1)).astype("int32")
Y = RNG.integers(0, 4, size=16)


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def train(distiller, x, y, loss=None, **options):
    distiller.compile(
        keras.optimizers.SGD(0.1), loss or crossentropy(), run_eagerly=True
    )
    return distiller.fit(x, y, batch_size=16, verbose=0, **options).history


class Counted(keras.layers.Layer):
    """Identity that counts its calls on values, and in training."""

    def __init__(self):
        super().__init__()
        self.calls, self.training = 0, 0

    def call(self, inputs, training=False):
        if not isinstance(inputs, keras.KerasTensor):
            self.calls += 1
            self.training += bool(training)
        return inputs


def counted_network(width=8):
    counter = Counted()
    hidden = keras.layers.Dense(width, "relu")
    layers = [keras.Input((6,)), counter, hidden, keras.layers.Dense(4)]
    return keras.Sequential(layers), counter


@pytest.mark.parametrize(
    "loss",
    [
        kd.SubclassDistillation(),
        [kd.SubclassDistillation(), kd.PenultimateDistillation(4)],
    ],
    ids=["outputs", "features"],
)
def test_each_model_runs_once_a_step(loss):
    (teacher, taught), (student, learned) = counted_network(), counted_network()
    distiller = kd.Distiller(teacher, student, loss)
    train(distiller, X, Y)  # the first run of a model calls it once more
    for counter in (taught, learned):
        counter.calls, counter.training = 0, 0
    distiller.fit(X, Y, batch_size=16, epochs=3, verbose=0)
    assert (taught.calls, taught.training) == (3, 0)
    assert (learned.calls, learned.training) == (3, 3)
    distiller.evaluate(X, Y, verbose=0)
    assert (taught.calls, taught.training) == (4, 0)
    assert (learned.calls, learned.training) == (4, 3)
    distiller.predict(X, verbose=0)
    assert (taught.calls, learned.calls) == (4, 5)


def mixed_inputs(width, seed):
    keras.utils.set_random_seed(seed)
    numbers = keras.Input((6,), name="numbers")
    codes = keras.Input((1,), name="codes", dtype="int32")
    embedded = keras.layers.Embedding(5, 3)(codes)
    flat = keras.layers.Flatten()(embedded)
    joined = keras.layers.Concatenate()([numbers, flat])
    hidden = keras.layers.Dense(width, "relu", name="hidden")(joined)
    return keras.Model(
        {"numbers": numbers, "codes": codes}, keras.layers.Dense(4)(hidden)
    )


def test_models_take_several_inputs_of_several_types():
    loss = [kd.SubclassDistillation(), kd.PenultimateDistillation(4)]
    distiller = kd.Distiller(mixed_inputs(16, 1), mixed_inputs(8, 2), loss)
    x = {"numbers": X, "codes": CODES}
    logs = train(distiller, x, Y, epochs=3)
    assert logs["loss"][-1] < logs["loss"][0]
    expected = numpy_of(distiller.student(x))
    predicted = distiller.predict(x, verbose=0)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)


def two_heads(seed):
    keras.utils.set_random_seed(seed)
    inputs = keras.Input((6,))
    hidden = keras.layers.Dense(8, "relu")(inputs)
    heads = {
        "kind": keras.layers.Dense(4)(hidden),
        "size": keras.layers.Dense(1)(hidden),
    }
    return keras.Model(inputs, heads)


def test_outputs_are_distilled_by_name_and_others_are_not():
    teacher, student = two_heads(1), two_heads(2)
    loss = {"kind": kd.SubclassDistillation()}
    distiller = kd.Distiller(teacher, student, loss, 0.25)
    target = teacher(X)["kind"]
    expected = float(loss["kind"](target, student(X)["kind"]))
    sizes = X[:, :1]
    logs = train(
        distiller,
        X,
        {"kind": Y, "size": sizes},
        {"kind": crossentropy(), "size": "mse"},
    )
    np.testing.assert_allclose(logs["distillation_loss"], expected, rtol=1e-6)
    total = 0.25 * expected + 0.75 * logs["student_loss"][0]
    np.testing.assert_allclose(logs["loss"], total, rtol=1e-6)


def test_two_outputs_are_distilled_with_a_weight_each():
    loss = {"kind": kd.SubclassDistillation(), "size": keras.losses.Huber()}
    weights = {"size": 0.5, "kind": 0.25}
    distiller = kd.Distiller(two_heads(1), two_heads(2), loss, weights)
    own = {"kind": crossentropy(), "size": "mse"}
    logs = train(distiller, X, {"kind": Y, "size": X[:, :1]}, own)
    total = (
        0.25 * logs["kind_subclass_distillation"][0]
        + 0.5 * logs["size_huber_loss"][0]
        + 0.25 * logs["student_loss"][0]
    )
    np.testing.assert_allclose(logs["loss"], total, rtol=1e-6)


@keras.saving.register_keras_serializable(package="test_distiller_models")
class Subclassed(keras.Model):
    """Two layers, whose outputs nobody sees."""

    def __init__(self, activation=None, **kwargs):
        super().__init__(**kwargs)
        self.activation = activation
        self.hidden = keras.layers.Dense(8, "relu")
        self.last = keras.layers.Dense(4, activation)

    def call(self, inputs):
        return self.last(self.hidden(inputs))

    def get_config(self):
        return {**super().get_config(), "activation": self.activation}


def subclassed(seed, activation=None):
    keras.utils.set_random_seed(seed)
    model = Subclassed(activation)
    model(X[:2])
    return model


def test_subclassed_models_distil_their_outputs(tmp_path):
    teacher, student = subclassed(1), subclassed(2)
    distiller = kd.Distiller(teacher, student, kd.SubclassDistillation())
    logs = train(distiller, X, Y, epochs=3)
    assert logs["loss"][-1] < logs["loss"][0]
    distiller.save(tmp_path / "distiller.keras")
    loaded = keras.saving.load_model(tmp_path / "distiller.keras")
    np.testing.assert_array_equal(
        loaded.predict(X, verbose=0), distiller.predict(X, verbose=0)
    )


@pytest.mark.parametrize("which", ["teacher", "student"])
def test_features_of_subclassed_models_are_refused(which):
    models = {"teacher": counted_network()[0], "student": counted_network()[0]}
    models[which] = subclassed(1)
    with pytest.raises(ValueError, match=f"`{which}_layer`.*own `call`"):
        kd.Distiller(**models, distillation_loss=kd.PenultimateDistillation())


@pytest.mark.parametrize("which", ["teacher", "student"])
def test_probabilities_of_subclassed_models_are_seen(which):
    models = {"teacher": subclassed(1), "student": subclassed(2)}
    models[which] = subclassed(3, "softmax")
    with pytest.raises(ValueError, match=f"`{which}` must emit logits"):
        kd.Distiller(**models, distillation_loss=kd.SubclassDistillation())
