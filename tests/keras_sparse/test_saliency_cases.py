"""SNIP, GraSP and SynFlow give the numbers of the authors' formulas."""

import json
import pathlib

import keras
import numpy as np
import pytest

from keras_sparse.batches import stream
from keras_sparse.data_scores import grasp_scores, snip_scores
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency import grasp, snip, synflow
from keras_sparse.saliency_losses import data_loss
from keras_sparse.synflow_model import SynFlowModel
from keras_sparse.tensor_values import float64_allowed

FOLDER = pathlib.Path(__file__).parents[1] / "cases"
CASES = json.loads((FOLDER / "init_methods.json").read_text())
SPARSITY = 25 / 35
LAYERS = ("W1", "W2")


@pytest.fixture
def net():
    """The net of the cases, in float64, and its loss."""
    floatx = keras.config.floatx()
    with float64_allowed():
        keras.config.set_floatx("float64")
        model = keras.Sequential(
            [
                keras.Input((4,)),
                keras.layers.Dense(5, activation="relu", dtype="float64"),
                keras.layers.Dense(3, dtype="float64"),
            ]
        )
        model.set_weights(
            [np.array(CASES[name]) for name in ("W1", "b1", "W2", "b2")]
        )
        yield model
        keras.config.set_floatx(floatx)


def loss():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


DATA = np.array(CASES["X"]), np.array(CASES["Y"])


def assert_scores(scores, expected, factor=1.0):
    for score, name in zip(scores.values(), LAYERS, strict=True):
        np.testing.assert_allclose(
            score, factor * np.array(expected[name]), rtol=1e-6, atol=1e-15
        )


def assert_masks(masks, expected):
    for mask, name in zip(masks.values(), LAYERS, strict=True):
        assert mask.dtype == bool
        np.testing.assert_array_equal(mask, expected[name])


@pytest.mark.parametrize("batch_size", [6, 4, 1])
def test_snip(net, batch_size):
    start = stream(*DATA, batch_size=batch_size)
    scores = snip_scores(PureModel(net), data_loss(net, loss()), start)
    scores = {path: np.asarray(score) for path, score in scores.items()}
    total = sum(score.sum() for score in scores.values())
    scores = {path: score / total for path, score in scores.items()}
    assert_scores(scores, CASES["snip_normalised"])
    masks = snip(net, *DATA, SPARSITY, loss(), batch_size=batch_size)
    assert_masks(masks, CASES["snip_keep_10_of_35"])


@pytest.mark.parametrize(
    "case, temperature, batch_size, reduction",
    [
        ("grasp_T200_two_halves", 200.0, 3, "sum"),
        ("grasp_T1_full", 1.0, 6, "mean"),
        ("grasp_T1_full", 1.0, 4, "mean"),
        ("grasp_T1_full", 1.0, 6, "sum"),
    ],
)
def test_grasp(net, case, temperature, batch_size, reduction):
    case = CASES[case]
    start = stream(*DATA, batch_size=batch_size, passes=2)
    compare = data_loss(net, loss(), temperature)
    scores = grasp_scores(PureModel(net), compare, start, True, reduction)
    assert_scores(scores, case["score_minus_theta_Hg"], factor=-1.0)
    masks = grasp(
        net,
        *DATA,
        SPARSITY,
        temperature,
        loss(),
        batch_size=batch_size,
        reduction=reduction,
    )
    assert_masks(masks, case["keep_lowest_10_of_35"])


@pytest.mark.parametrize(
    "case, biases",
    [
        ("synflow_no_bias", "zero"),
        ("synflow_with_abs_bias_as_reference_repo", "absolute"),
    ],
)
def test_synflow_scores(net, case, biases):
    case, pure = CASES[case], PureModel(net)
    flow = SynFlowModel(pure, biases)
    with flow.prepared("float64"):
        scores = flow.scores(
            {path: np.ones(shape) for path, shape in pure.shapes().items()}
        )
    assert_scores(scores, case["scores"], factor=1 / case["R"])
    for score, name in zip(scores.values(), LAYERS, strict=True):
        np.testing.assert_allclose(
            np.sum(score) * case["R"], case["layer_sums"][name], rtol=1e-6
        )


@pytest.mark.parametrize("sparsity, rounds", [(SPARSITY, 100)])
def test_synflow_in_100_rounds(net, sparsity, rounds):
    expected = CASES["synflow_iterative_100_density_10_35"]["mask"]
    assert_masks(synflow(net, sparsity, rounds), expected)
