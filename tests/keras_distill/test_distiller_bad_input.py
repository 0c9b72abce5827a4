"""Every bad input to the Distiller has an error that says what to change."""

import keras
import numpy as np
import pytest

import keras_distill as kd

X = np.random.default_rng(0).normal(size=(8, 6)).astype("float32")
Y = np.arange(8) % 4


def network(width=4, name=None, **last):
    layers = [keras.layers.Dense(8, name="hidden")]
    layers += [keras.layers.Dense(width, **last)]
    return keras.Sequential([keras.Input((6,)), *layers], name=name)


def several(kind):
    inputs = keras.Input((6,))
    heads = [keras.layers.Dense(4)(inputs), keras.layers.Dense(2)(inputs)]
    if kind is dict:
        heads = {"kind": heads[0], "size": heads[1]}
    return keras.Model(inputs, heads)


def cut_off(model):
    """A student that shares the teacher's first layer."""
    shared = [keras.Input((6,)), model.layers[0], keras.layers.Dense(4)]
    return keras.Sequential(shared)


def probabilities():
    model = network(name="inner")
    return keras.Sequential([model, keras.layers.Softmax()], name="outer")


soft, mse = kd.SubclassDistillation, keras.losses.MeanSquaredError
features = kd.PenultimateDistillation
CASES = {
    "teacher no model": (
        dict(teacher=lambda x: x),
        "`teacher` must be a `keras.Model`.*function",
    ),
    "student no model": (
        dict(student=keras.layers.Dense(4)),
        "`student` must be a `keras.Model`.*Dense",
    ),
    "teacher not built": (
        lambda: dict(teacher=keras.Sequential([keras.layers.Dense(4)])),
        "`teacher` must be built.*`keras.Input`",
    ),
    "student not built": (
        lambda: dict(student=keras.Sequential([keras.layers.Dense(4)])),
        "`student` must be built",
    ),
    "teacher is student": (
        lambda: dict(zip(("teacher", "student"), [network()] * 2, strict=True)),
        "must not share weights.*4 shared.*clone_model",
    ),
    "one shared layer": (
        lambda: (lambda t: dict(teacher=t, student=cut_off(t)))(network()),
        "must not share weights.*2 shared weights.*hidden/kernel",
    ),
    "softmax teacher": (
        lambda: dict(teacher=network(activation="softmax")),
        "`teacher` must emit logits.*from_logits",
    ),
    "sigmoid student": (
        lambda: dict(student=network(activation="sigmoid")),
        "`student` must emit logits",
    ),
    "teacher with a softmax layer": (
        lambda: dict(teacher=probabilities()),
        "`teacher` must emit logits.*'outer'",
    ),
    "softmax in one output": (
        lambda: dict(
            teacher=keras.Model(
                (inputs := keras.Input((6,))),
                {"kind": keras.layers.Dense(4, "softmax")(inputs)},
            ),
            student=several(dict),
            distillation_loss={"kind": soft()},
        ),
        "`teacher` must emit logits",
    ),
    "other widths": (
        lambda: dict(student=network(2)),
        r"same shape.*\(1, 4\) of the teacher and \(1, 2\).*num_classes",
    ),
    "no whole number of subclasses": (
        dict(distillation_loss=kd.LogitsDistillation(num_classes=3)),
        r"multiple of `num_classes`.*\(1, 4\) and num_classes=3",
    ),
    "other shapes, a Keras loss": (
        lambda: dict(student=network(1), distillation_loss=mse()),
        r"one shape for MeanSquaredError.*\(None, 4\) and \(None, 1\)",
    ),
    "no loss": (dict(distillation_loss=[]), "at least one loss.*none"),
    "a loss by name": (
        dict(distillation_loss="mse"),
        "must be a `keras.losses.Loss`.*builtins.str.*SubclassDistillation",
    ),
    "Keras' logits": (
        dict(distillation_loss=keras.distillation.LogitsDistillation()),
        "LogitsDistillation.*without a softmax.*keras_distill.Logits",
    ),
    "Keras' features": (
        dict(distillation_loss=[keras.distillation.FeatureDistillation()]),
        "FeatureDistillation.*equal widths.*PenultimateDistillation",
    ),
    "a loss that is not reduced": (
        dict(distillation_loss=mse(reduction=None)),
        "reduced to one number.*sum_over_batch_size",
    ),
    "names twice": (
        dict(distillation_loss=[soft(1.0), soft(4.0)]),
        "its own name.*subclass_distillation.*`name=`",
    ),
    "a name that the logs need": (
        dict(distillation_loss=mse(name="student_loss")),
        "its own name.*student_loss",
    ),
    "weight below 0": (
        dict(distillation_weight=-0.1),
        "`distillation_weight` must be.*at least 0.*-0.1",
    ),
    "weight above 1": (
        dict(distillation_weight=1.5),
        "`distillation_weight` must be at most 1 in all.*1.5.*student_weight",
    ),
    "weight no number": (
        dict(distillation_weight="half"),
        "`distillation_weight` must be a finite number.*'half'",
    ),
    "weights above 1 in all": (
        dict(distillation_loss=[soft(), mse()], distillation_weight=[0.6] * 2),
        "at most 1 in all.*1.2",
    ),
    "other number of weights": (
        dict(distillation_loss=[soft(), mse()], distillation_weight=[0.5]),
        "one number for each.*1 weights and 2 losses",
    ),
    "weights by other names": (
        dict(distillation_weight={"kind": 0.5}),
        "keys of `distillation_loss`.*no dict",
    ),
    "student's weight below 0": (
        dict(student_weight=-1.0),
        "`student_weight` must be.*-1.0",
    ),
    "list of outputs": (
        lambda: dict(teacher=several(list), student=several(list)),
        "which output of the teacher.*list of 2.*dict of outputs",
    ),
    "outputs of one model only": (
        lambda: dict(student=several(dict)),
        "which output of the student.*dict of 2",
    ),
    "a name without outputs": (
        dict(distillation_loss={"kind": soft()}),
        "names the output 'kind', which the teacher lacks.*no dict",
    ),
    "a name that no output has": (
        lambda: dict(
            teacher=several(dict),
            student=several(dict),
            distillation_loss={"type": soft()},
        ),
        r"names the output 'type'.*\['kind', 'size'\]",
    ),
    "features of an output": (
        lambda: dict(
            teacher=several(dict),
            student=several(dict),
            distillation_loss={"kind": features()},
        ),
        "compares layers, not the output 'kind'",
    ),
    "features of many outputs": (
        lambda: dict(
            teacher=several(dict),
            student=several(dict),
            distillation_loss=[features()],
        ),
        "`teacher_layer=None` stands for.*Name one of its layers",
    ),
    "no layer of that name": (
        dict(distillation_loss=features(student_layer="late")),
        "has no layer 'late'.*'hidden'",
    ),
}


@pytest.mark.parametrize("case", CASES)
def test_the_constructor_says_what_to_change(case):
    given, message = CASES[case]
    if callable(given):
        given = given()
    arguments = {
        "teacher": network(),
        "student": network(),
        "distillation_loss": soft(),
        **given,
    }
    with pytest.raises(ValueError, match=f"(?s){message}"):
        kd.Distiller(**arguments)


def test_weights_may_exceed_1_if_the_students_is_given():
    kd.Distiller(network(), network(), soft(), 16.0, student_weight=1.0)


def sparse():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


FITS = {
    "no loss": (None, Y, "`compile` must have a `loss`.*weight 0.5"),
    "no labels": (sparse(), None, "`y` must be given.*student_weight=0"),
    "one-hot for integers": (
        sparse(),
        np.eye(4)[Y],
        r"`y` must be integers.*\(8, 4\).*argmax",
    ),
    "one-hot for a name": (
        "sparse_categorical_crossentropy",
        np.eye(4)[Y],
        "`y` must be integers",
    ),
    "integers for one-hot": (
        keras.losses.CategoricalCrossentropy(from_logits=True),
        Y,
        r"`y` must be one-hot.*\(8,\).*to_categorical",
    ),
    "classes for subclass logits": (
        keras.losses.categorical_crossentropy,
        np.eye(2)[Y % 2],
        r"`y` must be one-hot.*\(8, 2\).*SubclassCrossentropy",
    ),
    "one-hot for subclasses": (
        kd.SubclassCrossentropy(2, 0.0),
        np.eye(2)[Y % 2],
        "must be integers.*argmax",
    ),
}


@pytest.mark.parametrize("case", FITS)
def test_fit_says_what_to_change(case):
    loss, labels, message = FITS[case]
    distiller = kd.Distiller(network(), network(), soft())
    distiller.compile("sgd", loss, run_eagerly=True)
    with pytest.raises(ValueError, match=f"(?s){message}"):
        distiller.fit(X, labels, batch_size=8, verbose=0)


@pytest.mark.parametrize("value", [0, -1.0, float("nan"), "hot", True])
@pytest.mark.parametrize("loss", [soft, kd.LogitsDistillation])
def test_temperatures_are_positive_numbers(loss, value):
    with pytest.raises(ValueError, match="`temperature` must be a finite"):
        loss(temperature=value)
