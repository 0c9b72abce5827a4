"""The Distiller's loss, gradient and logs are those of the formula."""

import keras
import numpy as np
import pytest
from keras import ops

import keras_distill as kd

RNG = np.random.default_rng(0)
X = RNG.normal(size=(24, 6)).astype("float32")
Y = RNG.integers(0, 4, size=24)
TEMPERATURE = 3.0


def numpy_of(tensor):
    return np.array(ops.convert_to_numpy(tensor))


def network(*widths, seed=0, name=None, **last):
    keras.utils.set_random_seed(seed)
    layers = [keras.layers.Dense(width, "relu") for width in widths[:-1]]
    layers += [keras.layers.Dense(widths[-1], **last)]
    return keras.Sequential([keras.Input((6,)), *layers], name=name)


def softmax(logits):
    exponents = np.exp(logits - logits.max(-1, keepdims=True))
    return exponents / exponents.sum(-1, keepdims=True)


def values(model):
    return [numpy_of(variable) for variable in model.variables]


def assert_same(first, second):
    for a, b in zip(first, second, strict=True):
        np.testing.assert_array_equal(a, b)


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def make(student=None, loss=None, weight=0.5, teacher=None, **compiled):
    distiller = kd.Distiller(
        teacher or network(8, 4, seed=1),
        student or network(4, seed=2),
        loss or kd.SubclassDistillation(TEMPERATURE),
        weight,
    )
    compiled = {"loss": crossentropy(), "run_eagerly": True, **compiled}
    distiller.compile(keras.optimizers.SGD(0.5), **compiled)
    return distiller


def fit(distiller, *data, **options):
    options = {"batch_size": 24, "shuffle": False, "verbose": 0, **options}
    return distiller.fit(*data, **options).history


@pytest.mark.parametrize("eager", [True, False])
def test_one_step_is_that_of_the_formula(eager):
    weights = RNG.uniform(0, 2, size=24).astype("float32")
    student = network(4, seed=2, kernel_regularizer=keras.regularizers.L2(0.1))
    distiller = make(student, weight=0.3, run_eagerly=eager)
    kernel, bias = (numpy_of(v).astype("float64") for v in student.weights)
    logits = X @ kernel + bias
    targets = numpy_of(distiller.teacher(X))
    soft = softmax(targets / TEMPERATURE)
    distilled = -(soft * np.log(softmax(logits / TEMPERATURE))).sum(-1)
    labelled = -np.log(softmax(logits)[np.arange(24), Y])
    logs = {
        "student_loss": (weights * labelled).mean(),
        "distillation_loss": TEMPERATURE**2 * (weights * distilled).mean(),
    }
    logs["loss"] = (
        0.7 * logs["student_loss"]
        + 0.3 * logs["distillation_loss"]
        + 0.1 * (kernel**2).sum()
    )
    gradient = 0.7 * (softmax(logits) - np.eye(4)[Y])
    gradient += 0.3 * TEMPERATURE * (softmax(logits / TEMPERATURE) - soft)
    gradient *= weights[:, None] / 24

    history = fit(distiller, X, Y, sample_weight=weights)

    assert set(history) == set(logs)
    for name, value in logs.items():
        np.testing.assert_allclose(history[name], [value], rtol=2e-6)
    new_kernel, new_bias = values(student)
    step = X.T @ gradient + 0.2 * kernel
    np.testing.assert_allclose(new_kernel, kernel - 0.5 * step, atol=2e-6)
    np.testing.assert_allclose(
        new_bias, bias - 0.5 * gradient.sum(0), atol=2e-6
    )


def test_examples_of_weight_zero_move_nothing():
    distiller = make()
    before = values(distiller.student)
    fit(distiller, X, Y, sample_weight=np.zeros(24))
    fit(distiller, X, Y, class_weight=dict.fromkeys(range(4), 0.0))
    assert_same(before, values(distiller.student))


def test_class_weights_are_sample_weights():
    by_class = {0: 0.0, 1: 1.0, 2: 2.0, 3: 0.5}
    weights = np.array([by_class[label] for label in Y], "float32")
    first, second = make(), make()
    logs = fit(first, X, Y, class_weight=by_class)
    assert logs == fit(second, X, Y, sample_weight=weights)
    assert_same(values(first.student), values(second.student))


class Added(keras.layers.Layer):
    """Adds a loss: the mean of its inputs, times 5."""

    def call(self, inputs):
        self.add_loss(5.0 * ops.mean(inputs))
        return inputs


def test_added_losses_of_the_student_count_whole_and_the_teachers_not():
    def added(seed):
        model = network(8, 4, seed=seed)
        return keras.Sequential([keras.Input((6,)), Added(), *model.layers])

    logs = fit(make(added(2), teacher=added(1)), X, Y)
    halves = logs["student_loss"][0] + logs["distillation_loss"][0]
    expected = 0.5 * halves + 5.0 * X.mean()
    np.testing.assert_allclose(logs["loss"][0], expected, rtol=1e-6)


def test_several_losses_have_their_weights_and_their_own_logs():
    losses = [
        kd.SubclassDistillation(2.0),
        keras.losses.MeanSquaredError(name="mse"),
    ]
    logs = fit(make(loss=losses, weight=[0.2, 0.6]), X, Y)
    soft, mse = logs["subclass_distillation"][0], logs["mse"][0]
    mean = (0.2 * soft + 0.6 * mse) / 0.8
    np.testing.assert_allclose(logs["distillation_loss"][0], mean, rtol=1e-6)
    total = 0.2 * soft + 0.6 * mse + 0.2 * logs["student_loss"][0]
    np.testing.assert_allclose(logs["loss"][0], total, rtol=1e-6)
    shared = fit(make(loss=losses, weight=0.8), X, Y)
    total = 0.4 * soft + 0.4 * mse + 0.2 * logs["student_loss"][0]
    np.testing.assert_allclose(shared["loss"][0], total, rtol=1e-6)


def test_the_student_learns_from_the_teacher_alone_without_labels():
    teacher, student = network(8, 4, seed=1), network(4, seed=2)
    loss = kd.SubclassDistillation(TEMPERATURE)
    distiller = kd.Distiller(teacher, student, loss, 1.0)
    distiller.compile(keras.optimizers.Adam(0.1), run_eagerly=True)
    logs = fit(distiller, X, epochs=15)
    assert set(logs) == {"loss", "distillation_loss"}
    assert logs["loss"] == logs["distillation_loss"]
    teacher = softmax(numpy_of(distiller.teacher(X)) / TEMPERATURE)
    least = -(teacher * np.log(teacher)).sum(-1).mean() * TEMPERATURE**2
    excess = np.array(logs["loss"]) - least
    assert 0 < excess[-1] < 0.25 * excess[0]


def test_logs_are_means_over_examples_also_in_evaluation():
    distiller = make(metrics=["accuracy"])
    whole = distiller.evaluate(X, Y, 24, verbose=0, return_dict=True)
    parts = distiller.evaluate(X, Y, 7, verbose=0, return_dict=True)
    names = {"loss", "student_loss", "distillation_loss", "accuracy"}
    assert set(whole) == names
    for name in names:
        np.testing.assert_allclose(whole[name], parts[name], rtol=1e-5)
    validated = fit(distiller, X, Y, validation_data=(X, Y))
    after = distiller.evaluate(X, Y, 24, verbose=0, return_dict=True)
    for name in names:
        np.testing.assert_allclose(
            validated[f"val_{name}"][0], after[name], rtol=1e-6
        )


def test_it_predicts_what_the_student_does():
    distiller = make()
    expected = numpy_of(distiller.student(X))
    predicted = distiller.predict(X, verbose=0)
    np.testing.assert_allclose(predicted, expected, atol=1e-6)
    np.testing.assert_allclose(numpy_of(distiller(X)), expected, atol=1e-6)


def busy_teacher():
    """A teacher with moving statistics, dropout, and frozen layers."""
    keras.utils.set_random_seed(1)
    frozen = keras.layers.Dense(8, trainable=False)
    rest = [keras.layers.Dropout(0.5), keras.layers.Dense(4)]
    normal = keras.layers.BatchNormalization()
    return keras.Sequential([keras.Input((6,)), frozen, normal, *rest])


def flags(model):
    parts = [model, *model.layers, *model.variables]
    return [part.trainable for part in parts]


class Stop(keras.callbacks.Callback):
    """Raises after the first batch."""

    def on_train_batch_end(self, batch, logs=None):
        raise KeyboardInterrupt


def test_the_teacher_is_never_touched():
    teacher = busy_teacher()
    before, states = flags(teacher), values(teacher)
    distiller = make(teacher=teacher)
    with pytest.raises(KeyboardInterrupt):
        fit(distiller, X, Y, callbacks=[Stop()])
    assert flags(teacher) == before
    fit(distiller, X, Y)
    assert flags(teacher) == before
    assert_same(states, values(teacher))
    trained = {id(v) for v in distiller.trainable_variables}
    assert trained == {id(v) for v in distiller.student.trainable_variables}
    others = {id(v) for v in distiller.non_trainable_variables}
    assert {id(v) for v in teacher.variables} <= others
    everything = {id(v) for v in distiller.variables}
    assert trained | others == everything and not trained & others


def test_frozen_layers_of_the_student_stay():
    student = network(8, 4, seed=2)
    student.layers[0].trainable = False
    distiller = make(student)
    first, last = values(student.layers[0]), values(student.layers[1])
    fit(distiller, X, Y)
    assert_same(first, values(student.layers[0]))
    assert np.abs(last[0] - values(student.layers[1])[0]).max() > 0


def test_a_subclass_teacher_teaches_a_student_of_classes():
    loss = kd.LogitsDistillation(num_classes=2)
    distiller = make(network(2, seed=2), loss, teacher=network(10, seed=1))
    logs = fit(distiller, X, Y % 2)
    np.testing.assert_allclose(
        logs["distillation_loss"][0],
        float(loss(distiller.teacher(X), network(2, seed=2)(X))),
        rtol=1e-6,
    )


@pytest.mark.parametrize("half", ["student", "teacher", "both"])
def test_half_precision_of_either_model_trains_as_float32_does(half):
    def mixed(name, *widths, seed):
        policy = "float32"
        if half in (name, "both"):
            policy = "mixed_float16"
        keras.config.set_dtype_policy(policy)
        try:
            return network(*widths, seed=seed)
        finally:
            keras.config.set_dtype_policy("float32")

    student = mixed("student", 16, 4, seed=2)
    teacher = mixed("teacher", 16, 4, seed=1)
    distiller = make(student, teacher=teacher)
    scaled = isinstance(
        distiller.optimizer, keras.optimizers.LossScaleOptimizer
    )
    assert scaled == (half != "teacher")
    logs = fit(distiller, X, Y, epochs=3)
    plain = make(network(16, 4, seed=2), teacher=network(16, 4, seed=1))
    expected = fit(plain, X, Y, epochs=3)
    for name in expected:
        np.testing.assert_allclose(logs[name], expected[name], rtol=2e-2)
    assert logs["loss"][-1] < logs["loss"][0]
