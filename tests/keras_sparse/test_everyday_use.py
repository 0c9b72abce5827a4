"""What users do around `fit`."""

import keras
import numpy as np
import pytest

import keras_sparse as ks
from keras_sparse.schedules import PolynomialDecay

METHODS = {
    "static": lambda: ks.Static(0.75),
    "set": lambda: ks.SET(0.75, update_every=2),
    "rigl": lambda: ks.RigL(0.75, update_every=2),
    "magnitude": lambda: ks.MagnitudePruning(
        PolynomialDecay(0.0, 0.75, 1, 6, frequency=2)
    ),
}
X = np.random.default_rng(0).normal(size=(64, 8)).astype("float32")
Y = np.random.default_rng(1).integers(0, 3, 64)


def layers():
    return [
        keras.layers.Dense(16, activation="relu", name="a"),
        keras.layers.Dense(3, name="b"),
    ]


def compiled(model, optimizer):
    loss = keras.losses.SparseCategoricalCrossentropy(from_logits=True)
    model.compile(optimizer, loss=loss)
    return model


def built():
    return keras.Sequential([keras.Input((8,)), *layers()], name="m")


def assert_sparse(model):
    masks = ks.masks(model)
    for variable in model.trainable_variables:
        if variable.path in masks:
            value = keras.ops.convert_to_numpy(variable)
            assert (value[~masks[variable.path]] == 0).all()
    assert {round(s, 2) for s in ks.sparsity(model).values()} == {0.75}


def fit(model, steps=8):
    for _ in range(steps):
        model.train_on_batch(X, Y)
    return model


@pytest.mark.parametrize("method", METHODS)
def test_a_sequential_model_without_input_trains_sparse(method):
    settings = {} if method == "magnitude" else {"distribution": "uniform"}
    chosen = METHODS[method]()
    if settings:
        chosen = type(chosen)(0.75, **settings)
    model = keras.Sequential(layers())
    compiled(model, ks.SparseOptimizer("adam", chosen))
    for _ in range(2):
        model.fit(X, Y, batch_size=16, epochs=1, verbose=0)
        assert ks.sparsity(model)
    model.fit(X, Y, batch_size=16, epochs=1, verbose=0)
    assert_sparse(model)


@pytest.mark.skipif(
    keras.backend.backend() != "tensorflow", reason="others build eagerly"
)
def test_pruning_at_step_0_needs_a_built_model():
    method = ks.MagnitudePruning(PolynomialDecay(0.5, 0.75, 0, 6, frequency=2))
    model = compiled(
        keras.Sequential(layers()), ks.SparseOptimizer("adam", method)
    )
    with pytest.raises(ValueError, match="`model` must be built.*keras.Input"):
        model.fit(X, Y, verbose=0)


@pytest.mark.parametrize("frequency", [1, 4, 100])
def test_polynomial_decay_always_reaches_its_end(frequency):
    schedule = PolynomialDecay(0.0, 0.75, 2, 9, frequency=frequency)
    due = [step for step in range(20) if schedule(step)[0]]
    assert due[-1] == 9
    assert float(schedule(9)[1]) == pytest.approx(0.75)


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
def test_dense_weights_load_into_a_model_compiled_sparse(tmp_path):
    path = str(tmp_path / "dense.weights.h5")
    dense = fit(compiled(built(), "adam"))
    dense.save_weights(path)
    method = ks.Static(0.75, "uniform")
    model = compiled(built(), ks.SparseOptimizer("adam", method))
    model.load_weights(path)
    fit(model)
    assert_sparse(model)


@pytest.mark.filterwarnings("ignore:Skipping variable loading")
@pytest.mark.parametrize("optimizer", ["sgd", "adam"])
def test_dense_weights_leave_trained_masks_as_they_are(tmp_path, optimizer):
    path = str(tmp_path / "dense.weights.h5")
    fit(compiled(built(), optimizer)).save_weights(path)
    method = ks.Static(0.75, "uniform")
    model = fit(compiled(built(), ks.SparseOptimizer("adam", method)))
    masks = ks.masks(model)
    with pytest.warns(UserWarning, match="apply_masks"):
        model.load_weights(path)
    model.optimizer.apply_masks()
    fit(model)
    assert_sparse(model)
    for path, mask in ks.masks(model).items():
        np.testing.assert_array_equal(mask, masks[path])


def test_sparse_weights_need_a_built_optimizer(tmp_path):
    path = str(tmp_path / "sparse.weights.h5")
    method = ks.Static(0.75, "uniform", seed=5)
    trained = fit(compiled(built(), ks.SparseOptimizer("adam", method)))
    trained.save_weights(path)
    other = ks.Static(0.75, "uniform")
    model = compiled(built(), ks.SparseOptimizer("adam", other))
    with pytest.raises(ValueError, match="optimizer.build"):
        model.load_weights(path)
    model = compiled(built(), ks.SparseOptimizer("adam", other))
    model.optimizer.build(model.trainable_variables)
    model.load_weights(path)
    fit(model)
    for path, mask in ks.masks(trained).items():
        np.testing.assert_array_equal(mask, ks.masks(model)[path])
    assert_sparse(model)


def test_weight_decay_is_excluded_in_the_inner_optimizer():
    model = built()
    inner = keras.optimizers.AdamW(0.1, weight_decay=0.5)
    optimizer = ks.SparseOptimizer(inner, ks.Static(0.5))
    optimizer.exclude_from_weight_decay(var_names=["kernel", "bias"])
    optimizer.build(model.trainable_variables)
    before = model.get_weights()
    zeros = [keras.ops.zeros(v.shape) for v in model.trainable_variables]
    optimizer.apply(zeros, model.trainable_variables)
    for old, new in zip(before, model.get_weights(), strict=True):
        np.testing.assert_array_equal(old, new)


def test_the_summary_takes_weights_of_any_name():
    class Scale(keras.layers.Layer):
        def build(self, shape):
            self.w = self.add_weight(shape=(shape[-1], 4), name="w")

        def call(self, inputs):
            return inputs @ self.w

    model = keras.Sequential([keras.Input((8,)), Scale(name="mine")])
    optimizer = ks.SparseOptimizer("sgd", ks.Static(0.5), filters="mine")
    optimizer.build(model.trainable_variables)
    compiled(model, optimizer)
    assert ks.summary(model, print_table=False)
