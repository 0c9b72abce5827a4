"""SynFlow: layers conserve the flow, deep nets do not overflow, logits."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_sparse.model_ends import last_layers
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency import synflow
from keras_sparse.synflow_model import SynFlowModel


def scores_of(model, dtype="float64", **more):
    pure = PureModel(model)
    flow = SynFlowModel(pure, more.pop("biases", "zero"), **more)
    with flow.prepared(dtype):
        scores = flow.scores(
            {
                path: np.ones(shape, bool)
                for path, shape in pure.shapes().items()
            }
        )
    return {path: np.asarray(score) for path, score in scores.items()}


def residual_net():
    """Convolutions, batch normalisation with history, a sum, two branches."""
    keras.utils.set_random_seed(1)
    inputs = keras.Input((6, 6, 2))
    hidden = layers.Conv2D(3, 3, padding="same")(inputs)
    hidden = layers.BatchNormalization()(hidden)
    branch = layers.Conv2D(3, 3, padding="same", activation="relu")(hidden)
    hidden = layers.Add()([hidden, branch])
    outputs = layers.Dense(4)(layers.Flatten()(hidden))
    model = keras.Model(inputs, outputs)
    generator = np.random.default_rng(0)
    model.set_weights(
        [w + generator.uniform(0, 0.5, w.shape) for w in model.get_weights()]
    )
    return model


def test_layers_on_every_path_have_scores_of_the_same_sum():
    first, branch, last = (
        score.sum() for score in scores_of(residual_net()).values()
    )
    np.testing.assert_allclose([first, last], 1.0, rtol=1e-5)
    assert 0 < branch < 1  # what goes round by the sum does not pass it
    first, _, last = (
        score.sum()
        for score in scores_of(residual_net(), biases="absolute").values()
    )
    assert first + 1e-4 < last < 1  # the biases' part is missing


def test_scores_are_sums_over_paths():
    model = keras.Sequential(
        [
            keras.Input((2,)),
            layers.Dense(2, activation="relu"),
            layers.Dense(1),
        ]
    )
    model.set_weights(
        [
            np.array([[1, -2], [3, 0]]),
            np.ones(2),
            np.array([[1], [-5]]),
            np.array([7.0]),
        ]
    )
    # Paths: 1*1 and 3*1 through unit 0, 2*5 and 0*5 through unit 1.
    first, last = scores_of(model).values()
    np.testing.assert_allclose(first * 14, [[1, 10], [3, 0]], rtol=1e-6)
    np.testing.assert_allclose(last * 14, [[4], [10]], rtol=1e-6)


def deep_net(depth=60, units=128):
    keras.utils.set_random_seed(0)
    hidden = [layers.Dense(units, activation="relu") for _ in range(depth)]
    return keras.Sequential([keras.Input((units,)), *hidden, layers.Dense(10)])


@pytest.mark.parametrize("dtype", ["float64", None])
def test_a_deep_net_overflows_float32_but_is_scored(dtype):
    model = deep_net()
    net = keras.models.clone_model(model)
    net.set_weights([np.abs(w) for w in model.get_weights()])
    naive = ops.convert_to_numpy(net(np.ones((1, 128), "float32")))
    assert not np.isfinite(naive).any()
    scores = scores_of(model, dtype)
    for score in scores.values():
        np.testing.assert_allclose(score.sum(), 1.0, rtol=1e-4)


def test_what_overflows_at_any_scale_is_an_error():
    model = deep_net(depth=100)
    with pytest.raises(
        ValueError, match="must be finite. Received: NaN or inf"
    ):
        synflow(model, 0.5, 1, dtype=None)


def test_a_deep_net_keeps_a_path_at_high_sparsity():
    model = deep_net(depth=8, units=16)
    masks = synflow(model, 0.95, rounds=50)
    reach = np.ones((1, 16))
    for mask in masks.values():
        reach = reach @ mask
    assert reach.sum() > 0
    assert sum(m.sum() for m in masks.values()) == 2208 - int(0.95 * 2208)


def test_the_end_of_the_last_path_is_told():
    model = deep_net(depth=4, units=4)  # 5 layers: no path of 3 weights
    with pytest.warns(UserWarning) as told:
        masks = synflow(model, 0.98, rounds=50)
    assert sum(mask.sum() for mask in masks.values()) == 104 - 101
    texts = [str(warning.message) for warning in told]
    assert any("No path from input to output is left" in t for t in texts)
    assert any("No weight is left in" in text for text in texts)


def test_masks_only_lose_weights_from_round_to_round(monkeypatch):
    seen, original = [], SynFlowModel.scores
    monkeypatch.setattr(
        SynFlowModel,
        "scores",
        lambda self, masks: seen.append(masks) or original(self, masks),
    )
    seen.append(synflow(residual_net(), 0.9, 10))
    assert len(seen) == 11
    for before, after in zip(seen, seen[1:], strict=False):
        for path in before:
            assert not (after[path] & ~before[path]).any()


def head(kind):
    """The same net with another way to end in a softmax."""
    keras.utils.set_random_seed(3)
    inputs = keras.Input((5,))
    hidden = layers.Dense(6, activation="relu", name="a")(inputs)
    fused = {"softmax": "softmax", "sigmoid": "sigmoid"}.get(kind)
    outputs = layers.Dense(3, activation=fused, name="b")(hidden)
    if kind == "activation layer":
        outputs = layers.Activation("softmax")(outputs)
    if kind == "softmax layer":
        outputs = layers.Softmax()(outputs)
    model = keras.Model(inputs, outputs, name="net")
    if kind == "nested":
        top = keras.Sequential([keras.Input((3,)), layers.Softmax()])
        model = keras.Model(inputs, top(outputs), name="net")
    if kind == "sequential":
        stack = [keras.Input((5,)), *model.layers[1:], layers.Softmax()]
        model = keras.Sequential(stack, name="net")
    return model


HEADS = [
    "softmax",
    "sigmoid",
    "activation layer",
    "softmax layer",
    "nested",
    "sequential",
]


@pytest.mark.parametrize("kind", HEADS)
def test_the_last_activation_does_not_count(kind):
    expected = list(synflow(head("logits"), 0.5, 5).values())
    model = head(kind)
    before = ops.convert_to_numpy(model(np.ones((2, 5))))
    found = list(synflow(model, 0.5, 5).values())
    for one, other in zip(found, expected, strict=True):
        np.testing.assert_array_equal(one, other)
    after = ops.convert_to_numpy(model(np.ones((2, 5))))
    np.testing.assert_array_equal(before, after)
    assert "call" not in vars(last_layers(model)[0])


class Subclassed(keras.Model):
    def __init__(self, activation=None):
        super().__init__()
        self.a = layers.Dense(6, activation="relu")
        self.b = layers.Dense(3, activation=activation)

    def call(self, inputs):
        return self.b(self.a(inputs))


def test_a_subclassed_model_needs_its_input_shape_and_logits():
    model = Subclassed()
    model(np.ones((2, 5)))
    with pytest.raises(ValueError, match="`input_shape` must be given"):
        synflow(model, 0.5)
    masks = synflow(model, 0.5, 5, input_shape=(5,))
    assert sum(mask.sum() for mask in masks.values()) == 24
    model = Subclassed("softmax")
    model(np.ones((2, 5)))
    with pytest.raises(ValueError, match="must have outputs that grow"):
        synflow(model, 0.5, input_shape=(5,))


def test_nothing_of_the_model_changes():
    model = residual_net()
    before = [ops.convert_to_numpy(v) for v in model.variables]
    policies = [layer.dtype_policy for layer in model.layers]
    synflow(model, 0.5, 2)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    assert [layer.dtype_policy for layer in model.layers] == policies


def test_several_inputs_and_outputs():
    keras.utils.set_random_seed(1)
    inputs = {
        "u": keras.Input((3,), name="u"),
        "v": keras.Input((2,), name="v"),
    }
    both = layers.Concatenate()([inputs["u"], inputs["v"]])
    outputs = [
        layers.Dense(2, activation="softmax")(both),
        layers.Dense(1)(both),
    ]
    model = keras.Model(inputs, outputs)
    masks = synflow(model, 0.4, 3)
    assert sum(mask.sum() for mask in masks.values()) == 9
