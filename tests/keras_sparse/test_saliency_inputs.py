"""Every kind of input, loss and output gives the same scores."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_sparse.balanced import balanced_batch
from keras_sparse.batches import stream
from keras_sparse.data_scores import grasp_scores, snip_scores
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency import grasp, snip
from keras_sparse.saliency_losses import as_loss, data_loss
from keras_sparse.tempered import soften

GENERATOR = np.random.default_rng(0)
X = GENERATOR.normal(size=(10, 4)).astype("float32")
Y = GENERATOR.integers(0, 3, size=10)
WEIGHT = GENERATOR.uniform(0.5, 2, size=10).astype("float32")
PIECES = [slice(0, 4), slice(4, 8), slice(8, 10)]


def net(activation=None, units=3):
    keras.utils.set_random_seed(4)
    return keras.Sequential(
        [
            keras.Input((4,)),
            layers.Dense(5, activation="relu"),
            layers.Dense(units, activation=activation),
        ],
        name="net",
    )


class Pieces(keras.utils.PyDataset):
    def __len__(self):
        return len(PIECES)

    def __getitem__(self, index):
        return X[PIECES[index]], Y[PIECES[index]]


def tf_dataset():
    tf = pytest.importorskip("tensorflow")
    return tf.data.Dataset.from_tensor_slices((X, Y)).batch(4)


SOURCES = {
    "list": lambda: [(X[piece], Y[piece]) for piece in PIECES],
    "generator": lambda: ((X[piece], Y[piece]) for piece in PIECES),
    "PyDataset": Pieces,
    "tf.data": tf_dataset,
    "tensors": lambda: [
        (ops.convert_to_tensor(X), ops.convert_to_tensor(Y)),
    ],
}


def crossentropy(from_logits=True):
    return keras.losses.SparseCategoricalCrossentropy(from_logits=from_logits)


def scores_of(model, *data, loss=None, **more):
    start = stream(*data, **more)
    return snip_scores(PureModel(model), data_loss(model, loss), start)


def assert_same(one, other, rtol=1e-4):
    for score, expected in zip(one.values(), other.values(), strict=True):
        np.testing.assert_allclose(score, expected, rtol=rtol, atol=1e-7)


@pytest.mark.parametrize("source", SOURCES)
def test_all_sources_give_the_scores_of_the_arrays(source):
    model = net()
    expected = scores_of(model, X, Y, loss=crossentropy())
    found = scores_of(model, SOURCES[source](), loss=crossentropy())
    assert_same(found, expected)


def test_weights_come_with_the_arrays_or_in_the_batches():
    model = net()
    expected = scores_of(model, X, Y, WEIGHT, loss=crossentropy())
    batches = [(X[piece], Y[piece], WEIGHT[piece]) for piece in PIECES]
    assert_same(scores_of(model, batches, loss=crossentropy()), expected)
    plain = scores_of(model, X, Y, loss=crossentropy())
    with pytest.raises(AssertionError):
        assert_same(plain, expected)


LOSSES = {
    "name": "mse",
    "object": keras.losses.MeanSquaredError(),
    "function": keras.losses.mean_squared_error,
    "own function": lambda y_true, y_pred: (y_true - y_pred) ** 2,
    "own mean": lambda y_true, y_pred: ops.mean((y_true - y_pred) ** 2),
    "sum": keras.losses.MeanSquaredError(reduction="sum"),
    "no reduction": keras.losses.MeanSquaredError(reduction=None),
}


@pytest.mark.parametrize("targets", [WEIGHT, WEIGHT[:, None]])
@pytest.mark.parametrize("loss", LOSSES)
def test_all_forms_of_a_loss_give_the_same_scores(loss, targets):
    model = net(units=1)
    expected = (ops.convert_to_numpy(model(X))[:, 0] - WEIGHT) ** 2
    value = data_loss(model, LOSSES[loss])(targets, model(X), None)
    np.testing.assert_allclose(float(value), expected.mean(), rtol=1e-5)
    model.compile("sgd", "mse")
    assert_same(
        scores_of(model, X, targets, loss=LOSSES[loss], batch_size=4),
        scores_of(model, X, targets),
    )


def test_weight_decay_does_not_count():
    model, decayed = net(), net()
    for layer in decayed.layers:
        layer.kernel_regularizer = keras.regularizers.L2(10.0)
    assert_same(
        scores_of(decayed, X, Y, loss=crossentropy()),
        scores_of(model, X, Y, loss=crossentropy()),
    )


def two_outputs(structure):
    keras.utils.set_random_seed(4)
    inputs = {
        "u": keras.Input((3,), name="u"),
        "v": keras.Input((1,), name="v"),
    }
    both = layers.Concatenate()(list(inputs.values()))
    a, b = layers.Dense(3, name="a")(both), layers.Dense(1, name="b")(both)
    outputs = [a, b] if structure is list else {"b": b, "a": a}
    return keras.Model(inputs, outputs)


@pytest.mark.parametrize("structure", [list, dict])
@pytest.mark.parametrize("by_name", [False, True])
def test_several_inputs_and_outputs(structure, by_name):
    model = two_outputs(structure)
    x = {"u": X[:, :3], "v": X[:, 3:]}
    y = {"a": Y, "b": WEIGHT} if by_name or structure is dict else [Y, WEIGHT]
    losses = {"a": crossentropy(), "b": "mse"}
    if not by_name and structure is list:
        losses = list(losses.values())
    factors = {"a": 0.5, "b": 2.0}
    if not by_name and structure is list:
        factors = list(factors.values())
    model.compile("sgd", losses, loss_weights=factors)
    logits, guess = (
        ops.convert_to_numpy(layer(X)) for layer in model.layers[-2:]
    )
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    expected = -0.5 * logs[np.arange(10), Y].mean()
    expected += 2.0 * ((guess[:, 0] - WEIGHT) ** 2).mean()
    value = data_loss(model)(y, model(x), None)
    np.testing.assert_allclose(float(value), expected, rtol=1e-5)
    masks = snip(model, x, y, 0.5, batch_size=4)
    assert sum(mask.sum() for mask in masks.values()) == 8


@pytest.mark.parametrize("temperature", [0.5, 1.0, 200.0])
@pytest.mark.parametrize("outputs", ["softmax", "sigmoid"])
def test_softened_probabilities_are_those_of_divided_logits(
    outputs, temperature
):
    logits = np.array([[1.0, -2.0, 0.5], [30.0, 0.0, -30.0]], "float32")
    activation = getattr(keras.activations, outputs)
    found = soften(activation(ops.array(logits)), temperature, outputs)
    expected = activation(ops.array(logits / temperature))
    # 1 - sigmoid(30) has no digit left in float32.
    first = slice(0, 1 if outputs == "sigmoid" else 2)
    np.testing.assert_allclose(
        ops.convert_to_numpy(found)[first],
        ops.convert_to_numpy(expected)[first],
        rtol=1e-4,
    )
    assert np.isfinite(ops.convert_to_numpy(found)).all()


def test_grasp_finds_the_logits_behind_a_softmax_or_sigmoid():
    binary = (Y > 0).astype("float32")
    pairs = [
        (net(), crossentropy(), net("softmax"), crossentropy(False), Y),
        (net(), crossentropy(), net("softmax"), _named("sparse"), Y),
        (
            net(units=1),
            keras.losses.BinaryCrossentropy(from_logits=True),
            net("sigmoid", 1),
            "binary_crossentropy",
            binary,
        ),
    ]
    for plain, loss, ending, its_loss, targets in pairs:
        start = stream(X, targets, passes=2)
        one, other = (
            grasp_scores(PureModel(model), data_loss(model, given, 20.0), start)
            for model, given in ((plain, loss), (ending, its_loss))
        )
        scale = max(np.max(np.abs(score)) for score in one.values())
        for score, expected in zip(one.values(), other.values(), strict=True):
            np.testing.assert_allclose(
                np.asarray(score) / scale,
                np.asarray(expected) / scale,
                rtol=1e-2,
                atol=1e-4,
            )


def _named(kind):
    return f"{kind}_categorical_crossentropy"


def test_what_the_outputs_are_can_be_said():
    def loss(y_true, y_pred):
        return keras.losses.sparse_categorical_crossentropy(y_true, y_pred)

    with pytest.raises(ValueError, match="`outputs` must say what the model"):
        grasp(net("softmax"), X, Y, 0.5, loss=loss)
    found = grasp(net("softmax"), X, Y, 0.5, loss=loss, outputs="softmax")
    expected = grasp(net("softmax"), X, Y, 0.5, loss=crossentropy(False))
    for one, other in zip(found.values(), expected.values(), strict=True):
        np.testing.assert_array_equal(one, other)


def test_a_tempered_loss_keeps_the_mask_of_the_outputs():
    targets, mask = np.zeros((1, 3)), np.array([[True, True, False]])
    logits = ops.array([[[2.0, 0.0], [0.0, 0.0], [9.0, 0.0]]])
    found = []
    for temperature, scale in ((2.0, 1.0), (1.0, 0.5)):
        masked = layers.Masking()(logits * scale)
        loss = as_loss(crossentropy(), temperature)
        found.append(float(loss(targets, masked, mask.astype("float32"))))
    assert found[0] == pytest.approx(found[1], rel=1e-5)


@pytest.mark.parametrize("labels", ["flat", "column", "one-hot"])
def test_balanced_batches(labels):
    y = np.array([2, 0, 1, 1, 0, 2, 0, 1, 1, 2])
    form = {"flat": y, "column": y[:, None], "one-hot": np.eye(3)[y]}[labels]
    x = {"index": np.arange(10)}
    drawn, targets = balanced_batch(x, form, 2, seed=1)
    assert y[drawn["index"]].tolist() == [0, 0, 1, 1, 2, 2]
    assert len(set(drawn["index"])) == 6
    np.testing.assert_array_equal(targets, form[drawn["index"]])
    again, _ = balanced_batch(x, form, 2, seed=1)
    np.testing.assert_array_equal(again["index"], drawn["index"])
    others = [
        balanced_batch(x, form, 2, seed=s)[0]["index"] for s in range(2, 7)
    ]
    assert any((other != drawn["index"]).any() for other in others)
