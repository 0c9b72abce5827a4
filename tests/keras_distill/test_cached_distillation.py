"""A student on cached outputs learns what a Distiller would teach it."""

import cached_cases as cases
import keras
import numpy as np
import pytest

import keras_distill as kd

X, Y = cases.arrays()
LOGITS = cases.logits(cases.teacher(), X).astype("float32")
PACKED = np.c_[Y, LOGITS].astype("float32")
WEIGHTS = np.linspace(0, 2, 50)


def plain():
    return kd.SubclassCrossentropy(2, diversity_weight=0.0)


def cached(weight=0.7, **arguments):
    soft = kd.SubclassDistillation(temperature=2.0)
    return kd.CachedDistillation(plain(), soft, weight, **arguments)


def student(dtype=None):
    keras.utils.set_random_seed(3)
    dense = keras.layers.Dense
    layers = [dense(8, "relu", dtype=dtype), dense(4, dtype=dtype)]
    return keras.Sequential([keras.Input((6,)), *layers])


def compiled(model, loss=None, **arguments):
    metrics = [kd.OnLabels(kd.SubclassAccuracy(2))]
    optimizer = keras.optimizers.Adam(0.05)
    model.compile(optimizer, loss or cached(), metrics=metrics, **arguments)
    return model


def fit(model, x, y, sample_weight=None, epochs=3):
    order = {"batch_size": 16, "shuffle": False}
    return model.fit(
        x, y, sample_weight=sample_weight, epochs=epochs, verbose=0, **order
    ).history


def log_softmax(logits):
    logits = logits - logits.max(1, keepdims=True)
    return logits - np.log(np.exp(logits).sum(1, keepdims=True))


def by_numpy(outputs, weight, temperature=2.0):
    """The loss of each example, with two blocks of two subclasses."""
    blocks = np.exp(log_softmax(outputs)).reshape(-1, 2, 2).sum(2)
    own = -np.log(blocks[np.arange(len(outputs)), Y])
    soft = np.exp(log_softmax(LOGITS / temperature))
    logs = log_softmax(outputs / temperature)
    return (1 - weight) * own - weight * temperature**2 * (soft * logs).sum(1)


def assert_equal_weights(one, other, tolerance):
    for a, b in zip(one.get_weights(), other.get_weights(), strict=True):
        np.testing.assert_allclose(a, b, rtol=0, atol=tolerance)


@pytest.mark.parametrize("weight", [0.0, 0.3, 1.0])
def test_loss_is_the_weighted_mean_over_examples(weight):
    outputs = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
    each, loss = by_numpy(outputs, weight), cached(weight)
    near = {"rtol": 1e-5}
    found = keras.ops.convert_to_numpy(loss.call(PACKED, outputs))
    np.testing.assert_allclose(found, each, **near)
    np.testing.assert_allclose(
        float(loss(PACKED, outputs)), each.mean(), **near
    )
    weighted = float(loss(PACKED, outputs, WEIGHTS))
    np.testing.assert_allclose(weighted, (each * WEIGHTS).mean(), **near)


def test_one_hot_labels_have_their_columns():
    outputs = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
    labels = np.eye(4, dtype="float32")[Y]
    loss = kd.CachedDistillation(
        keras.losses.CategoricalCrossentropy(from_logits=True),
        kd.LogitsDistillation(2.0),
        distillation_weight=0.25,
        label_columns=4,
    )
    found = float(loss(np.c_[labels, LOGITS], outputs))
    own = -(labels * log_softmax(outputs)).sum(1)
    soft = (by_numpy(outputs, 1.0)).mean()
    np.testing.assert_allclose(
        found, 0.75 * own.mean() + 0.25 * soft, rtol=1e-5
    )


def test_without_labels_the_teacher_alone_counts():
    outputs = np.random.default_rng(1).normal(size=(50, 4)).astype("float32")
    soft = kd.SubclassDistillation(temperature=2.0)
    loss = kd.CachedDistillation(None, soft, 1.0, label_columns=0)
    found = float(loss(LOGITS, outputs))
    np.testing.assert_allclose(found, by_numpy(outputs, 1.0).mean(), rtol=1e-5)
    again = kd.CachedDistillation.from_config(loss.get_config())
    assert again.loss is None and float(again(LOGITS, outputs)) == found


def test_metric_sees_labels_only_and_resets():
    metric = kd.OnLabels(keras.metrics.SparseCategoricalAccuracy(name="right"))
    outputs = np.eye(4)[Y]
    outputs[:10] = outputs[:10, ::-1]
    metric.update_state(PACKED, outputs)
    assert metric.name == "right"
    np.testing.assert_allclose(float(metric.result()), 0.8, rtol=1e-6)
    metric.reset_state()
    metric.update_state(PACKED, np.eye(4)[Y], np.ones(50))
    np.testing.assert_allclose(float(metric.result()), 1.0, rtol=1e-6)


@pytest.fixture(scope="module")
def taught(tmp_path_factory):
    """A cache, and a student trained on it with weights for 3 epochs."""
    path = tmp_path_factory.mktemp("cache")
    data = (X, Y, WEIGHTS)
    cache = kd.cache_teacher(cases.teacher(), data, path, batch_size=25)
    arguments = cache.attach(data, class_weight={0: 0.5, 1: 2.0})
    model = compiled(student())
    return model, arguments, fit(model, **arguments)


def test_student_equals_the_one_of_a_distiller(taught):
    model, arguments, history = taught
    twin = student()
    distiller = kd.Distiller(
        cases.teacher(), twin, kd.SubclassDistillation(2.0), 0.7
    )
    metrics = [kd.SubclassAccuracy(2)]
    distiller.compile(keras.optimizers.Adam(0.05), plain(), metrics=metrics)
    live = fit(distiller, X, Y, arguments["sample_weight"])
    assert_equal_weights(model, twin, 1e-6)
    assert not np.allclose(model.get_weights()[0], student().get_weights()[0])
    for name in ("loss", "subclass_accuracy"):
        np.testing.assert_allclose(history[name], live[name], rtol=1e-5)


def test_student_reloads_and_resumes_with_identical_losses(taught, tmp_path):
    _, arguments, history = taught
    model = compiled(student())
    fit(model, **arguments, epochs=1)
    model.save(tmp_path / "student.keras")
    again = keras.models.load_model(tmp_path / "student.keras")
    resumed = fit(again, **arguments, epochs=2)
    for name, values in resumed.items():
        np.testing.assert_allclose(values, history[name][1:], rtol=1e-6)


# What PyTorch says of Keras' own train step while it compiles it.
@pytest.mark.filterwarnings("ignore:Dynamo detected a call:UserWarning")
@pytest.mark.filterwarnings("ignore:The .grad attribute of a:UserWarning")
def test_compiled_by_xla_it_is_the_same(taught):
    model, arguments, _ = taught
    twin = compiled(student(), jit_compile=True)
    fit(twin, **arguments)
    assert_equal_weights(model, twin, 1e-5)


def test_mixed_precision_trains_near_float32(taught):
    _, arguments, history = taught
    model = compiled(student("mixed_bfloat16"))
    mixed = fit(model, **arguments)
    np.testing.assert_allclose(mixed["loss"], history["loss"], rtol=0.1)


def test_plain_labels_are_refused_with_the_fix():
    model = compiled(student())
    for labels in (Y, Y[:, None]):
        with pytest.raises(ValueError, match=r"packed.*cache.attach"):
            model.evaluate(X, labels, verbose=0)
        with pytest.raises(ValueError, match=r"packed.*cache.attach"):
            kd.OnLabels(kd.SubclassAccuracy(2)).update_state(labels, LOGITS)


SOFT = kd.SubclassDistillation()


@pytest.mark.parametrize(
    "arguments, words",
    [
        (("mse", SOFT), "`loss` must be an instance.*mse"),
        ((plain(), "mse"), "`distillation_loss` must be an instance.*mse"),
        ((plain(), SOFT, 1.5), "`distillation_weight`.*at most 1"),
        ((plain(), SOFT, -0.5), "`distillation_weight`.*at least 0"),
        ((plain(), SOFT, 0.5, -1), "`label_columns`"),
        ((None, SOFT), "`loss` must be None exactly"),
        ((plain(), SOFT, 1.0, 0), "`loss` must be None exactly"),
        ((None, SOFT, 0.5, 0), "`distillation_weight` must be 1"),
        (
            (plain(), kd.SubclassDistillation(reduction="sum")),
            "`distillation_loss` must have the reduction.*'sum'",
        ),
    ],
)
def test_losses_that_do_not_fit(arguments, words):
    with pytest.raises(ValueError, match=words):
        kd.CachedDistillation(*arguments)


def test_metrics_that_do_not_fit():
    with pytest.raises(ValueError, match="`metric` must be a .*accuracy"):
        kd.OnLabels("accuracy")
    with pytest.raises(ValueError, match="`label_columns`"):
        kd.OnLabels(kd.SubclassAccuracy(2), label_columns=0)


def test_losses_of_more_than_one_value_per_example_are_refused():
    class PerLogit(keras.losses.Loss):
        def call(self, y_true, y_pred):
            return y_pred

    loss = kd.CachedDistillation(PerLogit(name="each"), SOFT)
    with pytest.raises(ValueError, match=r"one value.*\(50, 4\).*'each'"):
        loss(PACKED, LOGITS)
