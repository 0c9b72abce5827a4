"""Derivatives equal finite differences; going through data changes nothing."""

import keras
import numpy as np
import pytest
from keras import layers, ops

from keras_sparse.autodiff import derivative_sum
from keras_sparse.batches import stream
from keras_sparse.data_scores import grasp_scores, snip_scores
from keras_sparse.pure_model import PureModel
from keras_sparse.saliency import grasp, snip
from keras_sparse.saliency_losses import data_loss
from keras_sparse.tensor_values import float64_allowed


@pytest.fixture
def float64():
    floatx, policy = keras.config.floatx(), keras.config.dtype_policy()
    with float64_allowed():
        keras.config.set_floatx("float64")
        keras.config.set_dtype_policy("float64")
        yield
        keras.config.set_floatx(floatx)
        keras.config.set_dtype_policy(policy)


def images(count=7, dtype="float32"):
    generator = np.random.default_rng(3)
    x = generator.normal(size=(count, 5, 5, 1)).astype(dtype)
    return x, generator.integers(0, 3, size=count)


NORMALIZATIONS = {
    "batch": layers.BatchNormalization,
    "group": lambda: layers.GroupNormalization(2),
    "layer": lambda: layers.LayerNormalization([1, 2, 3]),
}


def conv_net(dropout=0.0, normalization="batch"):
    keras.utils.set_random_seed(5)
    normalization = NORMALIZATIONS[normalization]
    return keras.Sequential(
        [
            keras.Input((5, 5, 1)),
            layers.Conv2D(4, 3, activation="softplus"),
            normalization(),
            layers.Conv2D(2, 2),
            normalization(),
            layers.Activation("softplus"),
            layers.Flatten(),
            layers.Dropout(dropout),
            layers.Dense(3),
        ]
    )


def crossentropy():
    return keras.losses.SparseCategoricalCrossentropy(from_logits=True)


def softened_loss(model, x, y, temperature):
    """Mean cross-entropy in train mode, written without Keras losses."""
    logits = ops.convert_to_numpy(model(x, training=True)) / temperature
    logits = logits - logits.max(axis=1, keepdims=True)
    logs = logits - np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return -logs[np.arange(len(y)), y].mean()


class Flat:
    """The kernels of a model as one vector."""

    def __init__(self, model):
        self.kernels = list(PureModel(model).weights.values())

    def get(self):
        values = [ops.convert_to_numpy(kernel) for kernel in self.kernels]
        return np.concatenate([value.ravel() for value in values])

    def set(self, vector):
        ends = np.cumsum([np.prod(kernel.shape) for kernel in self.kernels])
        pieces = np.split(vector, ends[:-1])
        for kernel, piece in zip(self.kernels, pieces, strict=True):
            kernel.assign(piece.reshape(kernel.shape))


def error(found, expected):
    return np.linalg.norm(found - expected) / np.linalg.norm(expected)


def joined(scores):
    return np.concatenate([np.ravel(score) for score in scores.values()])


# Keras does batch normalisation in float32 at most, but on TensorFlow.
EXACT = keras.backend.backend() == "tensorflow"
STEP, TOLERANCE = (1e-4, 1e-6) if EXACT else (1e-3, 1e-3)


def test_the_gradient_equals_finite_differences_of_the_loss(float64):
    (x, y), model, temperature = images(dtype="float64"), conv_net(), 2.0
    flat = Flat(model)
    compare = data_loss(model, crossentropy(), temperature)
    scores = snip_scores(PureModel(model), compare, stream(x, y), training=True)
    start, slopes = flat.get(), []
    for step in STEP * np.eye(start.size):
        flat.set(start + step)
        ahead = softened_loss(model, x, y, temperature)
        flat.set(start - step)
        behind = softened_loss(model, x, y, temperature)
        slopes.append((ahead - behind) / (2 * STEP))
    assert error(joined(scores), np.abs(start * slopes)) < TOLERANCE


@pytest.mark.parametrize(
    "normalization, training",
    [("batch", True), ("batch", False), ("group", False), ("layer", False)],
)
def test_the_hessian_product_equals_finite_differences_of_the_gradient(
    float64, normalization, training
):
    x, y = images(dtype="float64")
    model = conv_net(normalization=normalization)
    pure, flat = PureModel(model), Flat(model)
    compare = data_loss(model, crossentropy(), 2.0)
    data = stream(x, y, passes=2)
    products = joined(grasp_scores(pure, compare, data, training))

    def loss(values, constants, batch):
        return compare(y, pure(values, constants, batch, training), None)

    run, start = derivative_sum(loss), flat.get()

    def gradient_at(vector):
        flat.set(vector)
        parts = run(pure.values(), pure.constants(), [x])
        parts = [ops.convert_to_numpy(part).ravel() for part in parts]
        return np.concatenate(parts)

    along = gradient_at(start)
    ahead = gradient_at(start + STEP * along)
    behind = gradient_at(start - STEP * along)
    expected = start * (ahead - behind) / (2 * STEP)
    assert error(products, expected) < 10 * TOLERANCE


def test_batches_sum_to_the_mean_over_all_examples():
    (x, y), model = images(11), conv_net()
    compare, pure = data_loss(model, crossentropy()), PureModel(model)
    found = {
        batch_size: snip_scores(
            pure, compare, stream(x, y, batch_size=batch_size)
        )
        for batch_size in (11, 4, 1)
    }
    for path, expected in found[11].items():
        for batch_size in (4, 1):
            np.testing.assert_allclose(
                found[batch_size][path], expected, rtol=1e-4, atol=1e-7
            )


def test_a_weight_of_two_counts_an_example_twice():
    (x, y), model = images(4), conv_net()
    compare, pure = data_loss(model, crossentropy()), PureModel(model)
    weighted = snip_scores(
        pure, compare, stream(x, y, np.array([2.0, 1.0, 0.0, 1.0]))
    )
    order = [0, 0, 1, 3]
    repeated = snip_scores(pure, compare, stream(x[order], y[order]))
    for path in weighted:
        np.testing.assert_allclose(
            weighted[path], repeated[path], rtol=1e-4, atol=1e-7
        )


@pytest.mark.parametrize("method", [snip, grasp])
def test_nothing_of_the_model_changes(method):
    (x, y), model = images(), conv_net(dropout=0.5)
    model.compile("sgd", crossentropy())
    before = [ops.convert_to_numpy(v) for v in model.variables]
    first = method(model, x, y, 0.5, training=True)
    for variable, value in zip(model.variables, before, strict=True):
        np.testing.assert_array_equal(ops.convert_to_numpy(variable), value)
    second = method(model, x, y, 0.5, training=True)
    for path in first:
        np.testing.assert_array_equal(first[path], second[path])
    assert model.losses == []


def test_training_mode_reaches_the_layers_of_a_subclassed_model():
    class Noisy(keras.Model):
        def __init__(self):
            super().__init__()
            self.inner = conv_net()

        def call(self, inputs):
            return self.inner(inputs)

    keras.utils.set_random_seed(5)
    (x, y), outer = images(), Noisy()
    outer(x)
    compare = data_loss(outer, crossentropy())
    for training in (False, True):
        scores = [
            list(snip_scores(pure, compare, stream(x, y), training).values())
            for pure in (PureModel(outer), PureModel(outer.inner))
        ]
        for mine, inner in zip(*scores, strict=True):
            np.testing.assert_allclose(mine, inner, rtol=1e-5, atol=1e-8)


@pytest.mark.skipif(
    keras.backend.backend() == "torch", reason="nothing is traced on torch"
)
@pytest.mark.parametrize("second_order", [False, True])
def test_a_smaller_last_batch_costs_at_most_one_more_trace(second_order):
    traces = []

    def loss(values, constants, batch):
        traces.append(batch.shape)
        return ops.sum(ops.tanh(ops.matmul(batch, values[0])))

    weight = np.ones((3, 2), "float32")
    sizes = (4, 4, 4, 1)
    batches = [np.ones((size, 3), "float32") for size in sizes]
    run = derivative_sum(loss, second_order)
    run([weight], [], batches[:1], [weight])
    once = len(traces)
    run([weight], [], batches, [weight])
    assert len(traces) <= 2 * once


def test_a_layer_in_16_bits_is_scored_in_32():
    (x, y), wide, narrow = images(), conv_net(), conv_net()
    for layer in narrow.layers:
        layer.dtype_policy = "mixed_float16"
    masks = [snip(model, x, y, 0.5, crossentropy()) for model in (wide, narrow)]
    for one, other in zip(*(m.values() for m in masks), strict=True):
        np.testing.assert_array_equal(one, other)
    assert narrow.layers[0].compute_dtype == "float16"


def test_an_embedding_is_scored_where_it_is_used():
    keras.utils.set_random_seed(5)
    model = keras.Sequential(
        [
            keras.Input((4,), dtype="int32"),
            layers.Embedding(6, 2),
            layers.Flatten(),
            layers.Dense(1),
        ]
    )
    tokens, targets = np.array([[0, 1, 1, 3]]), np.array([1.0])
    for method in (snip, grasp):
        arguments = {} if method is snip else {"temperature": 1.0}
        masks = method(model, tokens, targets, 0.5, loss="mse", **arguments)
        assert sum(mask.sum() for mask in masks.values()) == 10
    scores = snip_scores(
        PureModel(model), data_loss(model, "mse"), stream(tokens, targets)
    )
    used = np.any(next(iter(scores.values())), axis=1)
    assert used.tolist() == [True, True, False, True, False, False]
